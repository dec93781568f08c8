using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Questions;

/// <summary>Reads something of events of which some may hold what the portal does not write, since somebody changed the database by other means. One that cannot be read hides no other.</summary>
internal static class ReadableRows
{
    // Few enough for one statement; read in halves where one of them cannot be.
    private const int AtOnce = 512;

    /// <summary>Reads the latest, the latest first.</summary>
    /// <param name="db">The database.</param>
    /// <param name="asked">Which events, in any order.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="what">What of them; leaves those that it is given in their order.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>They, and the numbers of those that cannot be read.</returns>
    public static async Task<(List<T> Rows, IReadOnlyList<long> Unreadable)> ReadAsync<T>(PortalDb db, IQueryable<AuditEvent> asked, int most, Func<IQueryable<AuditEvent>, IQueryable<T>> what, CancellationToken ct)
    {
        var rows = new List<T>();
        var latest = LatestFirst(asked);
        var unreadable = await EachAsync(db, most == int.MaxValue ? latest : latest.Take(most), some => what(LatestFirst(some)), rows.Add, rows.Clear, ct);
        return (rows, unreadable);
    }

    /// <summary>Reads each.</summary>
    /// <param name="db">The database.</param>
    /// <param name="asked">Which events, in the order in which they are to be told.</param>
    /// <param name="what">What of them; puts some of them into that order itself.</param>
    /// <param name="take">Told each.</param>
    /// <param name="again">Told that one could not be read: all are told once more.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The numbers of those that cannot be read.</returns>
    public static async Task<IReadOnlyList<long>> EachAsync<T>(PortalDb db, IQueryable<AuditEvent> asked, Func<IQueryable<AuditEvent>, IQueryable<T>> what, Action<T> take, Action again, CancellationToken ct)
    {
        try
        {
            await foreach (var row in what(asked).AsAsyncEnumerable().WithCancellation(ct))
                take(row);
            return [];
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            // Which one it is, the fault does not say.
        }

        again();
        var unreadable = new List<long>();
        foreach (var some in (await asked.Select(e => e.Sequence).ToListAsync(ct)).Chunk(AtOnce))
            await SomeAsync(db, some, what, take, unreadable, ct);
        return unreadable;
    }

    private static async Task SomeAsync<T>(PortalDb db, long[] numbers, Func<IQueryable<AuditEvent>, IQueryable<T>> what, Action<T> take, List<long> unreadable, CancellationToken ct)
    {
        List<T> rows = [];
        try
        {
            rows = await what(db.AuditEvents.AsNoTracking().Where(e => numbers.Contains(e.Sequence))).ToListAsync(ct);
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            if (numbers.Length == 1)
                unreadable.Add(numbers[0]);
            else
            {
                await SomeAsync(db, numbers[..(numbers.Length / 2)], what, take, unreadable, ct);
                await SomeAsync(db, numbers[(numbers.Length / 2)..], what, take, unreadable, ct);
            }
        }

        rows.ForEach(take);
    }

    private static IQueryable<AuditEvent> LatestFirst(IQueryable<AuditEvent> events) => events.OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence);
}
