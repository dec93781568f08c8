namespace Portal.Sandbox.ResourceManager;

/// <summary>Whether a text fits a pattern in which something stands for any characters: for the patterns of roles and for those of conditions, which differ in what else they know.</summary>
internal static class Wildcards
{
    /// <summary>Goes along both: greedy, with one way back to the last that stands for any. Takes no longer than the product of their lengths, whatever the pattern is.</summary>
    /// <param name="pattern">How many parts the pattern has.</param>
    /// <param name="text">How many characters the text has.</param>
    /// <param name="isAny">Whether a part of the pattern stands for any characters, or none.</param>
    /// <param name="fits">Whether a part of the pattern, one that does not, stands for a character of the text.</param>
    public static bool Match(int pattern, int text, Func<int, bool> isAny, Func<int, int, bool> fits)
    {
        int p = 0, t = 0, star = -1, resume = 0;
        while (t < text)
        {
            if (p < pattern && isAny(p))
            {
                star = p++;
                resume = t;
            }
            else if (p < pattern && fits(p, t))
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

        while (p < pattern && isAny(p)) p++;
        return p == pattern;
    }
}
