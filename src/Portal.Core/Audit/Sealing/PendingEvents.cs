using System.Buffers.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>An event that waits for its place in the log.</summary>
/// <param name="Row">Where it stands among the rows that were read.</param>
/// <param name="EventId">The event.</param>
/// <param name="Sequence">Its number.</param>
/// <param name="Since">Since when it waits.</param>
internal readonly record struct PendingEvent(int Row, Guid EventId, long Sequence, DateTimeOffset Since);

/// <summary>The events that a turn of sealing gives their places.</summary>
/// <param name="Events">They, in the order in which the database took them in; empty when none waits.</param>
/// <param name="MoreIsPending">Whether others may wait.</param>
internal sealed record PendingBatch(IReadOnlyList<PendingEvent> Events, bool MoreIsPending);

/// <summary>Reads the events that wait, as they lie in the database: as entities they took half of a turn's processor time.</summary>
internal static class PendingEvents
{
    /// <summary>The first of them.</summary>
    /// <param name="db">The database.</param>
    /// <param name="trail">Its own way of reading.</param>
    /// <param name="rows">Where they go; what was there is forgotten.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">One of them is nothing that the portal writes: <see cref="SealingProblem.EventUnreadable"/>. Which one, is said.</exception>
    public static async Task<PendingBatch> ReadAsync(PortalDb db, IAuditReading trail, AuditRows rows, int most, CancellationToken ct)
    {
        for (PendingSeal? after = null; ;)
        {
            var first = FirstOf(db, after, most);
            var notes = await NotesAsync(first, ct);
            if (notes.Count == 0)
                return new([], MoreIsPending: false);
            // Read as its form says it comes after itself: the same ones would be read for ever.
            if (after is not null && (notes[^1].Since, notes[^1].EventId) == (after.Since, after.EventId))
                throw Unreadable(null);
            rows.Clear();
            await trail.ReadAsync(db, AuditQuery.Waiting(db, first), rows, ct);
            var events = EventsOf(rows, SinceOf(notes));
            if (events.Count > 0)
                return new(events, notes.Count == most);
            // All of these have their place already, or their event is gone, which 'audit verify' names. They hold up nobody who comes after them.
            after = notes[^1];
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

    private static async Task<List<PendingSeal>> NotesAsync(IQueryable<PendingSeal> first, CancellationToken ct)
    {
        try
        {
            return await first.ToListAsync(ct);
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            throw Unreadable(fault);
        }
    }

    private static SealingException Unreadable(Exception? fault) => new(
        SealingProblem.EventUnreadable,
        "The list of events that wait for their place in the log (PendingSeals) holds what the portal does not write: it was changed by other means. Nothing is sealed. See the runbook, AuditNotSealed.",
        fault);

    // Somebody may have given an event a second note. It is sealed once, by the first.
    private static Dictionary<Guid, DateTimeOffset> SinceOf(List<PendingSeal> notes)
    {
        var since = new Dictionary<Guid, DateTimeOffset>(notes.Count);
        foreach (var note in notes)
            since.TryAdd(note.EventId, note.Since);
        return since;
    }

    private static List<PendingEvent> EventsOf(AuditRows rows, Dictionary<Guid, DateTimeOffset> notes)
    {
        var events = new List<PendingEvent>(rows.Count);
        for (var row = 0; row < rows.Count; row++)
        {
            if (WrittenForm.FirstForeign(rows, row) is { } field)
                throw new SealingException(
                    SealingProblem.EventUnreadable,
                    $"Event {NameOf(rows, row)} waits for its place in the log and holds in its field '{field.Name()}' what the portal does not write: it was changed by other means. Nothing is sealed. See the runbook, AuditNotSealed.");
            Utf8Parser.TryParse(rows[row, (int)EventField.EventId], out Guid id, out _);
            Utf8Parser.TryParse(rows[row, (int)EventField.Sequence], out long number, out _);
            // One that came to wait between the two reads is the next turn's; one with two notes stands here twice.
            if (notes.Remove(id, out var since))
                events.Add(new(row, id, number, since));
        }

        // Events of one transaction come with one time: what tells them apart is the order in which the database took them in.
        events.Sort((one, other) => one.Sequence.CompareTo(other.Sequence));
        return events;
    }

    // What is no id is not put into a message as it is.
    private static string NameOf(AuditRows rows, int row) =>
        Utf8Parser.TryParse(rows[row, (int)EventField.EventId], out Guid id, out _) ? id.ToString()
        : Utf8Parser.TryParse(rows[row, (int)EventField.Sequence], out long number, out _) ? $"number {number}"
        : "without an id and a number";
}
