namespace Portal.Sandbox.ResourceManager;

/// <summary>
/// <c>StringLike</c> of the conditions' language: <c>*</c> stands for any characters, <c>?</c> for one, a backslash takes either as it is.
/// Case counts. Written by hand, since a pattern that anyone may send must not decide how long a regular expression goes back and forth.
/// </summary>
internal static class Likeness
{
    /// <summary>Whether a text fits a pattern. Takes no longer than the product of their lengths.</summary>
    public static bool Matches(string text, string pattern)
    {
        var parts = Read(pattern);
        // Greedy with one way back to the last star, as for the patterns of roles.
        int p = 0, t = 0, star = -1, resume = 0;
        while (t < text.Length)
        {
            if (p < parts.Count && parts[p] == Part.Any)
            {
                star = p++;
                resume = t;
            }
            else if (p < parts.Count && (parts[p] == Part.One || parts[p] == Part.Of(text[t])))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++resume;
            }
            else return false;
        }

        while (p < parts.Count && parts[p] == Part.Any) p++;
        return p == parts.Count;
    }

    private static List<Part> Read(string pattern)
    {
        var parts = new List<Part>(pattern.Length);
        for (var at = 0; at < pattern.Length; at++)
        {
            parts.Add(pattern[at] switch
            {
                '\\' when at + 1 < pattern.Length && pattern[at + 1] is '*' or '?' => Part.Of(pattern[++at]),
                '*' => Part.Any,
                '?' => Part.One,
                var plain => Part.Of(plain),
            });
        }

        return parts;
    }

    /// <summary>A character that must stand there, or a wildcard.</summary>
    private readonly record struct Part(char Character, int Wildcard)
    {
        public static Part Any => new(default, 1);

        public static Part One => new(default, 2);

        public static Part Of(char character) => new(character, 0);
    }
}
