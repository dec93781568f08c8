using System.Globalization;
using System.Text;

namespace Portal.Core.Audit;

/// <summary>Keeps a spreadsheet from running a cell as a formula: such a cell gets an apostrophe in front. Every other cell stays as it is.</summary>
/// <remarks>
/// A cell is dangerous when, behind any apostrophes, it starts with TAB, CR or LF, or when, behind any apostrophes, white space and invisible characters, it starts with
/// <c>=</c>, <c>+</c>, <c>-</c>, <c>@</c> or one of their fullwidth and small forms (U+FF1D, FF0B, FF0D, FF20, FE66, FE62, FE63, FE6B).
/// The first part is OWASP's list with its line feed; white space and invisible characters are looked through because programs differ in whether they drop them first.
/// Looking through apostrophes makes the guard exact: whatever is dangerous after reading back was guarded, so <see cref="Remove(string)"/> gives back what was there.
/// </remarks>
public static class SpreadsheetGuard
{
    /// <summary>What stands in front of a cell that a spreadsheet might run.</summary>
    internal const char Mark = '\'';

    /// <summary>The text as it may stand in a cell.</summary>
    public static string Add(string text) => IsDangerous(text) ? Mark + text : text;

    /// <summary>The text as it was before <see cref="Add(string)"/>.</summary>
    public static string Remove(string cell) => cell is [Mark, ..] && IsDangerous(cell) ? cell[1..] : cell;

    /// <summary><see cref="Remove(string)"/> for text in UTF-8.</summary>
    public static ReadOnlySpan<byte> Remove(ReadOnlySpan<byte> cell) => cell is [(byte)Mark, ..] && IsDangerous(cell) ? cell[1..] : cell;

    /// <summary>Whether a spreadsheet may take a text for a formula, were it not for apostrophes in front of it.</summary>
    public static bool IsDangerous(string text)
    {
        var rest = text.AsSpan().TrimStart(Mark);
        if (rest is ['\t' or '\r' or '\n', ..])
            return true;
        foreach (var rune in rest.EnumerateRunes())
        {
            if (StartsFormula(rune))
                return true;
            if (rune.Value != Mark && !IsUnseen(rune))
                return false;
        }

        return false;
    }

    /// <summary><see cref="IsDangerous(string)"/> for text in UTF-8; makes no object.</summary>
    public static bool IsDangerous(ReadOnlySpan<byte> utf8)
    {
        // Nearly every cell: it starts with a letter or a digit.
        if (utf8.IsEmpty || char.IsAsciiLetterOrDigit((char)utf8[0]))
            return false;
        var rest = utf8.TrimStart((byte)Mark);
        if (rest is [(byte)'\t' or (byte)'\r' or (byte)'\n', ..])
            return true;
        while (!rest.IsEmpty)
        {
            Rune.DecodeFromUtf8(rest, out var rune, out var length);
            if (StartsFormula(rune))
                return true;
            if (rune.Value != Mark && !IsUnseen(rune))
                return false;
            rest = rest[length..];
        }

        return false;
    }

    private static bool StartsFormula(Rune rune) => rune.Value is
        '=' or '+' or '-' or '@'
        or 0xFF1D or 0xFF0B or 0xFF0D or 0xFF20
        or 0xFE66 or 0xFE62 or 0xFE63 or 0xFE6B;

    private static bool IsUnseen(Rune rune) =>
        Rune.IsWhiteSpace(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.Control;
}
