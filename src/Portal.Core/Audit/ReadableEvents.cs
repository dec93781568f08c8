using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit;

/// <summary>Events of which some may hold what the portal does not write, since somebody changed the database by other means.</summary>
/// <param name="Rows">All of them, in the order that was asked for: each one's number, and the event where it can be read.</param>
internal sealed record ReadableEvents(IReadOnlyList<(long Number, AuditEvent? Event)> Rows)
{
    /// <summary>Those that can be read, in that order.</summary>
    public IReadOnlyList<AuditEvent> Events => [.. Rows.Select(row => row.Event).OfType<AuditEvent>()];

    /// <summary>The numbers of those that cannot; empty but for that.</summary>
    public IReadOnlyList<long> Unreadable => [.. Rows.Where(row => row.Event is null).Select(row => row.Number)];

    /// <summary>Reads them. One that cannot be read hides no other.</summary>
    /// <param name="db">The database.</param>
    /// <param name="asked">Which events; few, since each is read by itself when one of them cannot be.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<ReadableEvents> ReadAsync(PortalDb db, IQueryable<AuditEvent> asked, CancellationToken ct)
    {
        try
        {
            return new([.. (await asked.ToListAsync(ct)).Select(happened => (happened.Sequence, (AuditEvent?)happened))]);
        }
        catch (Exception fault) when (IsOfAValue(fault))
        {
            // Which one it is, the fault does not say.
        }

        var rows = new List<(long, AuditEvent?)>();
        foreach (var number in await asked.Select(e => e.Sequence).ToListAsync(ct))
        {
            try
            {
                rows.Add((number, await db.AuditEvents.AsNoTracking().SingleAsync(e => e.Sequence == number, ct)));
            }
            catch (Exception fault) when (IsOfAValue(fault))
            {
                rows.Add((number, null));
            }
        }

        return new(rows);
    }

    /// <summary>The place of one that cannot be read; without its time where that is what cannot be.</summary>
    public static async Task<TrailPlace> PlaceOfAsync(PortalDb db, long number, CancellationToken ct)
    {
        try
        {
            return new(await db.AuditEvents.Where(e => e.Sequence == number).Select(e => e.At).SingleAsync(ct), number);
        }
        catch (Exception fault) when (IsOfAValue(fault))
        {
            return new(null, number);
        }
    }

    /// <summary>Whether a fault is about what stands in a row, and not about the database or the way there.</summary>
    public static bool IsOfAValue(Exception fault) =>
        fault is FormatException or InvalidCastException or OverflowException or ArgumentException or InvalidOperationException
        && fault is not ObjectDisposedException && fault.InnerException is not DbException;
}
