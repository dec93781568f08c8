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
        return text.StartsWith(list + ":", StringComparison.Ordinal) ? text[(list.Length + 1)..] : null;
    }
}
