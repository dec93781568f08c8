using Portal.Core;
using Portal.Core.Data;

namespace Portal.Web.Components;

/// <summary>Reads a list anew as far as a reader has come in it.</summary>
public static class ReadOn
{
    // What a use case gives at most at once.
    private const int Most = 100;

    /// <summary>Reads part after part until there are as many rows as there were, or no more.</summary>
    /// <param name="count">How many the reader sees.</param>
    /// <param name="read">Reads a part: after which row, and how many.</param>
    /// <returns>All of it and where to go on; the refusal of the first part that is refused.</returns>
    public static async Task<Result<Page<T>>> UntilAsync<T>(int count, Func<string?, int, Task<Result<Page<T>>>> read)
    {
        var items = new List<T>();
        string? next = null;
        do
        {
            var part = await read(next, Math.Min(Most, count - items.Count));
            if (!part.Succeeded)
                return part;
            items.AddRange(part.Value.Items);
            next = part.Value.Next;
        }
        while (next is not null && items.Count < count);
        return new Page<T>(items, next);
    }
}
