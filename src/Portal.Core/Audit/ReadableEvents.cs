using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit;

/// <summary>Events of which some may hold what the portal does not write, since somebody changed the database by other means.</summary>
/// <param name="Events">Those that can be read, in the order that was asked for.</param>
/// <param name="Unreadable">The numbers of those that cannot; empty but for that.</param>
internal sealed record ReadableEvents(List<AuditEvent> Events, IReadOnlyList<long> Unreadable)
{
    /// <summary>Reads them. One that cannot be read hides no other.</summary>
    /// <param name="db">The database.</param>
    /// <param name="asked">Which events; few, since each is read by itself when one of them cannot be.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<ReadableEvents> ReadAsync(PortalDb db, IQueryable<AuditEvent> asked, CancellationToken ct)
    {
        try
        {
            return new(await asked.ToListAsync(ct), []);
        }
        catch (Exception fault) when (IsOfAValue(fault))
        {
            // Which one it is, the fault does not say.
        }

        var (events, unreadable) = (new List<AuditEvent>(), new List<long>());
        foreach (var number in await asked.Select(e => e.Sequence).ToListAsync(ct))
        {
            try
            {
                events.Add(await db.AuditEvents.AsNoTracking().SingleAsync(e => e.Sequence == number, ct));
            }
            catch (Exception fault) when (IsOfAValue(fault))
            {
                unreadable.Add(number);
            }
        }

        return new(events, unreadable);
    }

    /// <summary>Whether a fault is about what stands in a row, and not about the database or the way there.</summary>
    public static bool IsOfAValue(Exception fault) =>
        fault is FormatException or InvalidCastException or OverflowException or ArgumentException or InvalidOperationException
        && fault is not ObjectDisposedException && fault.InnerException is not DbException;
}
