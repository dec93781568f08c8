using System.Globalization;
using System.Text;

namespace Portal.Core;

/// <summary>The rules for free text from people. What passes is kept as it is, byte for byte: nothing is trimmed, folded or normalised.</summary>
public static class PersonText
{
    /// <summary>The longest justification or comment, in UTF-16 units.</summary>
    public const int MaxLength = 10_000;

    /// <summary>The longest ticket number, in UTF-16 units.</summary>
    public const int MaxTicketLength = 100;

    /// <summary>Checks a text that has to be there.</summary>
    /// <returns>Null when it is fine.</returns>
    public static Refusal? CheckRequired(string? text, string field, int maxLength = MaxLength) =>
        IsBlank(text) ? new Refusal(RefusalCode.TextBlank, field) : CheckOptional(text, field, maxLength);

    /// <summary>Checks a text that may be missing.</summary>
    /// <returns>Null when it is fine or missing.</returns>
    public static Refusal? CheckOptional(string? text, string field, int maxLength = MaxLength)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (text.Length > maxLength)
            return new Refusal(RefusalCode.TextTooLong, field, text.Length, maxLength);

        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(c))
                return new Refusal(RefusalCode.TextLoneSurrogate, field);
            else if (char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
                return new Refusal(RefusalCode.TextControlCharacter, field, CodePoint(c));
            else if (OverridesDirection(c))
                return new Refusal(RefusalCode.TextDirectionOverride, field, CodePoint(c));
        }

        return null;
    }

    /// <summary>True for null, empty, white space, and text of nothing but characters that leave no mark.</summary>
    public static bool IsBlank(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return true;
        return text.EnumerateRunes().All(LeavesNoMark);
    }

    // Letters that Unicode gives a category of their own and no ink: the Hangul fillers and the blank braille cell.
    private static bool LeavesNoMark(Rune rune) =>
        Rune.IsWhiteSpace(rune)
        || rune.Value is 0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x2800 or 0x034F or 0x17B4 or 0x17B5
        || (rune.Value is >= 0xFE00 and <= 0xFE0F)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.Control or UnicodeCategory.OtherNotAssigned;

    // U+202A-202E and U+2066-2069: embeddings, overrides and isolates. They can make an approver read another sentence than was written.
    private static bool OverridesDirection(char c) => c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    private static string CodePoint(char c) => string.Create(CultureInfo.InvariantCulture, $"U+{(int)c:X4}");
}
