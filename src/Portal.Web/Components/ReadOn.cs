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
    /// <param name="mostShort">After how many parts with fewer rows than were asked for it is enough, whatever there may be further on: each of them took long to look through.</param>
    /// <returns>All of it and where to go on; the refusal of the first part that is refused.</returns>
    public static async Task<Result<Page<T>>> UntilAsync<T>(int count, Func<string?, int, Task<Result<Page<T>>>> read, int mostShort = int.MaxValue)
    {
        var items = new List<T>();
        string? next = null;
        var cutShort = 0;
        do
        {
            var asked = Math.Min(Most, count - items.Count);
            var part = await read(next, asked);
            if (!part.Succeeded)
                return part;
            items.AddRange(part.Value.Items);
            next = part.Value.Next;
            if (part.Value.Items.Count < asked)
                cutShort++;
        }
        while (next is not null && items.Count < count && cutShort < mostShort);
        return new Page<T>(items, next);
    }

    /// <summary>Puts a part that was read to what is shown. A row that is shown already stays in its place, with what is being written there, and is as the part has it: that is newer.</summary>
    /// <param name="shown">What is shown, each row once; it becomes longer.</param>
    /// <param name="part">What was read after it.</param>
    /// <param name="key">What tells a row from the others.</param>
    /// <returns>Whether the part had any row that was not shown yet.</returns>
    public static bool Put<T, TKey>(List<T> shown, IReadOnlyList<T> part, Func<T, TKey> key) where TKey : notnull
    {
        var before = shown.Count;
        var places = new Dictionary<TKey, int>();
        for (var place = 0; place < before; place++)
            places[key(shown[place])] = place;
        foreach (var row in part)
        {
            // Two rows of one key take the whole circuit down.
            if (places.TryAdd(key(row), shown.Count))
                shown.Add(row);
            else
                shown[places[key(row)]] = row;
        }

        return shown.Count > before;
    }
}
