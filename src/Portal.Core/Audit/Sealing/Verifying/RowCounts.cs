using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>Looks for rows that nothing accounts for: events that nobody sealed, notes without their event, tiles that are too many or too few.</summary>
internal sealed class RowCounts(PortalDb db, Findings findings)
{
    /// <summary>Looks for them.</summary>
    /// <param name="pruned">How many events retention has pruned.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many events wait to be sealed.</returns>
    public async Task<long> RunAsync(long pruned, CancellationToken ct)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = """
            SELECT (SELECT count(*) FROM "AuditEvents"), (SELECT count(*) FROM "AuditLeaves"), (SELECT count(*) FROM "PendingSeals"), (SELECT count(DISTINCT "EventId") FROM "PendingSeals"),
                (SELECT count(*) FROM "AuditTiles"), (SELECT coalesce(max("Position"), -1) FROM "AuditLeaves")
            """;
        long events, leaves, waiting, noted, tiles, last;
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            await reader.ReadAsync(ct);
            (events, leaves, waiting, noted, tiles, last) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5));
        }

        var expected = 0L;
        for (var level = 0; (last + 1) >> (level * TileId.Height) > 0; level++)
            expected += (((last + 1) >> (level * TileId.Height)) + TileId.Width - 1) / TileId.Width;
        if (tiles != expected)
            findings.Add($"The log of {last + 1} events has {expected} tiles, and {tiles} are there.");
        // Notes first: a note without its event, or a second one for an event, would make up for an event that nobody sealed.
        foreach (var lost in await db.PendingSeals.AsNoTracking().Where(p => !db.AuditEvents.Any(e => e.EventId == p.EventId)).OrderBy(p => p.Since).Take(10).ToListAsync(ct))
            findings.Add($"The event {lost.EventId} was taken away before it was sealed, or a note was entered for one that never was.", eventId: lost.EventId.ToString("D", CultureInfo.InvariantCulture));
        foreach (var twice in await db.PendingSeals.AsNoTracking().Where(p => db.AuditLeaves.Any(l => l.EventId == p.EventId)).OrderBy(p => p.Since).Take(10).ToListAsync(ct))
            findings.Add($"The event {twice.EventId} is sealed and was entered as waiting once more.", eventId: twice.EventId.ToString("D", CultureInfo.InvariantCulture));
        if (events + pruned != leaves + noted || findings.All.Count > 0)
            foreach (var foreign in await db.AuditEvents.AsNoTracking().Where(e => !db.AuditLeaves.Any(l => l.EventId == e.EventId) && !db.PendingSeals.Any(p => p.EventId == e.EventId)).OrderBy(e => e.Sequence).Select(e => new { e.EventId, e.Sequence }).Take(10).ToListAsync(ct))
                findings.Add($"The event {foreign.EventId}, number {foreign.Sequence}, was not written by the portal: it has no place in the log and waits for none.", eventId: foreign.EventId.ToString("D", CultureInfo.InvariantCulture));
        return waiting;
    }
}
