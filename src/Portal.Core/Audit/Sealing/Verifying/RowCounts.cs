using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Retention;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>Looks for rows that nothing accounts for: events that nobody sealed, notes without their event, places before the first, tiles that are too many or too few.</summary>
internal sealed class RowCounts(PortalDb db, Findings findings)
{
    // More than can come to be while this runs, and few enough that they cost nothing.
    private const long Meanwhile = 10_000;

    /// <summary>Looks for them.</summary>
    /// <param name="from">The position from which the log was looked at.</param>
    /// <param name="pruned">How many events retention has pruned from there on.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many events wait to be sealed, and whether every event was looked up.</returns>
    public async Task<(long Waiting, bool LookedUpAll)> RunAsync(long from, long pruned, CancellationToken ct)
    {
        // Before that nobody looked: what the sealed records say counts.
        if (from > 0)
            pruned += (await PrunedPositions.ReadAsync(db, ct)).CountBefore(from);
        long events, leaves, waiting, noted, tiles, last;
        await using (var command = db.Database.GetDbConnection().CreateCommand())
        {
            // Only places of the log count: one before the first would make up for an event that nobody sealed.
            command.CommandText = """
                SELECT (SELECT count(*) FROM "AuditEvents"), (SELECT count(*) FROM "AuditLeaves") - (SELECT count(*) FROM "AuditLeaves" WHERE "Position" < 0), (SELECT count(*) FROM "PendingSeals"),
                    (SELECT count(DISTINCT "EventId") FROM "PendingSeals"), (SELECT count(*) FROM "AuditTiles"), (SELECT coalesce(max("Position"), -1) FROM "AuditLeaves")
                """;
            await using var reader = await command.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            (events, leaves, waiting, noted, tiles, last) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5));
        }

        var (size, expected) = (Math.Clamp(last, -1, long.MaxValue - 1) + 1, 0L);
        for (var hashes = size; hashes > 0; hashes >>= TileId.Height)
            expected += ((hashes - 1) / TileId.Width) + 1;
        if (tiles != expected)
            findings.Add($"The log of {size} events has {expected} tiles, and {tiles} are there.");
        foreach (var (id, place) in await NamedAsync("""SELECT lower(CAST("EventId" AS text)), "Position" FROM "AuditLeaves" WHERE "Position" < 0 ORDER BY "Position" DESC LIMIT 10""", ct))
            findings.Add($"The event {id} has position {place}, before the first of the log: its place was not entered by the portal.", place, id);
        // Notes first: a note without its event, or a second one for an event, would make up for an event that nobody sealed.
        foreach (var (lost, _) in await NamedAsync("""
            SELECT lower(CAST(p."EventId" AS text)), 0 FROM "PendingSeals" p WHERE NOT EXISTS (SELECT 1 FROM "AuditEvents" e WHERE e."EventId" = p."EventId") ORDER BY p."Since" LIMIT 10
            """, ct))
            findings.Add($"The event {lost} was taken away before it was sealed, or a note was entered for one that never was.", eventId: lost);
        foreach (var (twice, _) in await NamedAsync("""
            SELECT lower(CAST(p."EventId" AS text)), 0 FROM "PendingSeals" p WHERE EXISTS (SELECT 1 FROM "AuditLeaves" l WHERE l."EventId" = p."EventId") ORDER BY p."Since" LIMIT 10
            """, ct))
            findings.Add($"The event {twice} is sealed and was entered as waiting once more.", eventId: twice);
        // Each is looked up where the counts do not agree. What is new is looked up in any case: an event that is gone from before would make up for one that nobody sealed.
        var all = events + pruned != leaves + noted || findings.All.Count > 0;
        if (all || from > 0)
            foreach (var (foreign, number) in await NamedAsync($"""
                SELECT lower(CAST(e."EventId" AS text)), e."Sequence" FROM {(all ? "\"AuditEvents\"" : $"(SELECT \"EventId\", \"Sequence\" FROM \"AuditEvents\" ORDER BY \"Sequence\" DESC LIMIT {Math.Max(size - from, 0) + noted + Meanwhile})")} e
                WHERE NOT EXISTS (SELECT 1 FROM "AuditLeaves" l WHERE l."EventId" = e."EventId" AND l."Position" >= 0) AND NOT EXISTS (SELECT 1 FROM "PendingSeals" p WHERE p."EventId" = e."EventId") ORDER BY e."Sequence" LIMIT 10
                """, ct))
                findings.Add($"The event {foreign}, number {number}, was not written by the portal: it has no place in the log and waits for none.", eventId: foreign);
        return (waiting, all);
    }

    // Ids as they stand there, and nothing else that somebody could have changed to what cannot be read: no row keeps the others from being named.
    private async Task<IReadOnlyList<(string Id, long Number)>> NamedAsync(string sql, CancellationToken ct)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync(ct);
        var named = new List<(string, long)>();
        while (await reader.ReadAsync(ct))
            named.Add((reader.GetString(0), reader.GetInt64(1)));
        return named;
    }
}
