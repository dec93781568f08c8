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
        return Wildcards.Match(parts.Count, text.Length, p => parts[p] == Part.Any, (p, t) => parts[p] == Part.One || parts[p] == Part.Of(text[t]));
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
