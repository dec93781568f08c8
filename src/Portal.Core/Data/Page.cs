using System.Buffers.Text;
using System.Text;

namespace Portal.Core.Data;

/// <summary>Part of a list, and where it goes on.</summary>
/// <typeparam name="T">The items.</typeparam>
/// <param name="Items">In the list's order.</param>
/// <param name="Next">What to pass to get the next part; null when this is the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Opaque marks of a place in a list. They name a row, not a number of rows: any page costs the same and nothing slips when rows are added.</summary>
internal static class Cursor
{
    /// <summary>Reads the mark of a list that is ordered by id.</summary>
    /// <param name="list">Which list.</param>
    /// <param name="mark">The mark; null for the start.</param>
    /// <param name="place">The id to go on from; null for the start.</param>
    /// <returns>False when the mark is not one of this list's.</returns>
    public static bool TryRead(string list, string? mark, out Guid? place)
    {
        place = mark is not null && Guid.TryParse(Read(list, mark), out var id) ? id : null;
        return mark is null || place is not null;
    }

    /// <summary>Makes a page of rows of which one more was read than is shown.</summary>
    /// <param name="list">Which list.</param>
    /// <param name="rows">What was read, in order.</param>
    /// <param name="take">How many are shown.</param>
    /// <param name="key">A row's key in the list's order.</param>
    public static Page<T> Cut<T>(string list, IReadOnlyList<T> rows, int take, Func<T, string> key) =>
        rows.Count > take ? new Page<T>([.. rows.Take(take)], Mark(list, key(rows[take - 1]))) : new Page<T>(rows, null);

    /// <summary>Marks a place.</summary>
    /// <param name="list">Which list, so that one list's marks are refused by another.</param>
    /// <param name="key">The last row's key.</param>
    public static string Mark(string list, string key) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{list}:{key}"));

    /// <summary>Reads a mark.</summary>
    /// <returns>The key; null when the mark is not one of this list's.</returns>
    public static string? Read(string list, string mark)
    {
        if (mark.Length > 512 || !Base64Url.IsValid(mark))
            return null;
        var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(mark));
        return text.StartsWith(list + ":", StringComparison.Ordinal) && !text.Contains('\0', StringComparison.Ordinal) ? text[(list.Length + 1)..] : null;
    }
}
