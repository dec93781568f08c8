using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>A checkpoint as it stands in the database, which somebody may have changed by other means.</summary>
/// <param name="Size">How many events it covers.</param>
/// <param name="Time">When it was signed; null where somebody changed it to no time.</param>
/// <param name="Note">The signed note.</param>
public sealed record StoredCheckpoint(long Size, DateTimeOffset? Time, string Note)
{
    /// <summary>What the note says of a log of this size; null where it is no checkpoint, or of another size.</summary>
    public Checkpoint? Says => SignedNote.Parse(Note) is { } note && Checkpoint.Parse(note.Text) is { } checkpoint && checkpoint.Size == Size ? checkpoint : null;

    /// <summary>What keeps it from being read, as a sentence; null when nothing does.</summary>
    public string? Unreadable =>
        Time is null ? $"The time of the checkpoint of {Size} events in the database is none: it was changed by other means than the portal."
        : Says is null ? $"The checkpoint of {Size} events in the database cannot be read, or is of another size in its note: it was changed by other means than the portal."
        : null;

    /// <summary>The one with the largest size; null when there is none.</summary>
    internal static async Task<StoredCheckpoint?> NewestAsync(PortalDb db, CancellationToken ct) =>
        (await ReadAsync(db, db.AuditCheckpoints.OrderByDescending(c => c.Size).Take(1), ct)).SingleOrDefault();

    /// <summary>Some of them, in the order that was asked for. One that cannot be read hides no other.</summary>
    internal static async Task<IReadOnlyList<StoredCheckpoint>> ReadAsync(PortalDb db, IQueryable<AuditCheckpoint> asked, CancellationToken ct)
    {
        try
        {
            return await asked.Select(c => new StoredCheckpoint(c.Size, c.Time, c.Note)).ToListAsync(ct);
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            // Which one it is, the fault does not say.
        }

        var rows = await asked.Select(c => new { c.Size, c.Note }).ToListAsync(ct);
        var times = new Dictionary<long, DateTimeOffset>();
        await ReadTimesAsync(db, rows.Select(row => row.Size).Order().ToArray(), times, ct);
        return [.. rows.Select(row => new StoredCheckpoint(row.Size, times.TryGetValue(row.Size, out var time) ? time : null, row.Note))];
    }

    // In halves: few are no time, and there may be very many.
    private static async Task ReadTimesAsync(PortalDb db, ReadOnlyMemory<long> sizes, Dictionary<long, DateTimeOffset> times, CancellationToken ct)
    {
        if (sizes.Length == 0)
            return;
        var (first, last) = (sizes.Span[0], sizes.Span[^1]);
        try
        {
            foreach (var row in await db.AuditCheckpoints.Where(c => c.Size >= first && c.Size <= last).Select(c => new { c.Size, c.Time }).ToListAsync(ct))
                times[row.Size] = row.Time;
            return;
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            if (sizes.Length == 1)
                return;
        }

        await ReadTimesAsync(db, sizes[..(sizes.Length / 2)], times, ct);
        await ReadTimesAsync(db, sizes[(sizes.Length / 2)..], times, ct);
    }
}
