using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>An event that waits for its place in the log.</summary>
/// <param name="Since">When it was recorded.</param>
/// <param name="Event">The event.</param>
internal sealed record PendingEvent(DateTimeOffset Since, AuditEvent Event);

/// <summary>Reads the events that wait.</summary>
internal static class PendingEvents
{
    /// <summary>The first of them, in the order in which the database took them in.</summary>
    /// <exception cref="SealingException">One of them is nothing that the portal writes: <see cref="SealingProblem.EventUnreadable"/>. Which one, is said.</exception>
    public static async Task<List<PendingEvent>> ReadAsync(PortalDb db, int most, CancellationToken ct)
    {
        try
        {
            PendingSeal? after = null;
            do
            {
                var first = FirstOf(db, after, most);
                var waiting = from p in first
                              join e in db.AuditEvents.AsNoTracking() on p.EventId equals e.EventId
                              where !db.AuditLeaves.Any(l => l.EventId == p.EventId)
                              orderby p.Since, p.EventId
                              select new PendingEvent(p.Since, e);
                var batch = await waiting.ToListAsync(ct);
                // Events of one transaction come with one time: what tells them apart is the order in which the database took them in.
                batch.Sort((one, other) => one.Event.Sequence.CompareTo(other.Event.Sequence));
                if (batch.Count > 0)
                    return batch;
                // Nothing waits; or all of these have their place already, which 'audit verify' names, and hold up nobody who comes after them.
                after = await first.OrderByDescending(p => p.Since).ThenByDescending(p => p.EventId).FirstOrDefaultAsync(ct);
            }
            while (after is not null);
            return [];
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            throw new SealingException(
                SealingProblem.EventUnreadable,
                $"Event {await FirstUnreadableAsync(db, most, ct)} waits for its place in the log and holds what the portal does not write: it was changed by other means. Nothing is sealed. See the runbook, AuditNotSealed.",
                fault);
        }
    }

    /// <summary>The first that wait, whether they have a place or not. So few, and then what belongs to them: PostgreSQL cannot know how few of those that wait have a place, and went through all places for each turn of a long queue.</summary>
    private static IQueryable<PendingSeal> FirstOf(PortalDb db, PendingSeal? after, int most)
    {
        var pending = db.PendingSeals.AsNoTracking();
        if (after is { Since: var since, EventId: var id })
            pending = pending.Where(p => p.Since > since || (p.Since == since && p.EventId > id));
        return pending.OrderBy(p => p.Since).ThenBy(p => p.EventId).Take(most);
    }

    private static IQueryable<PendingSeal> Pending(PortalDb db) => db.PendingSeals.AsNoTracking().Where(p => !db.AuditLeaves.Any(l => l.EventId == p.EventId));

    // Asked half by half: it is asked again at each turn until somebody has seen to it.
    private static async Task<Guid> FirstUnreadableAsync(PortalDb db, int most, CancellationToken ct)
    {
        var ids = await Pending(db).OrderBy(p => p.Since).ThenBy(p => p.EventId).Select(p => p.EventId).Take(most).ToListAsync(ct);
        while (ids.Count > 1)
        {
            var half = ids[..(ids.Count / 2)];
            ids = await CanBeReadAsync(db, half, ct) ? ids[half.Count..] : half;
        }

        return ids[0];
    }

    private static async Task<bool> CanBeReadAsync(PortalDb db, List<Guid> ids, CancellationToken ct)
    {
        try
        {
            await db.AuditEvents.AsNoTracking().Where(e => ids.Contains(e.EventId)).ToListAsync(ct);
            return true;
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            // That it cannot be read is the answer.
            return false;
        }
    }
}
