using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Core.Audit.Streaming;

/// <summary>Reads the log for a stream.</summary>
internal static class StreamReading
{
    /// <summary>How many events are sealed.</summary>
    public static Task<long> SizeAsync(PortalDb db, CancellationToken ct) => LogTiles.SizeAsync(db, ct);

    /// <summary>The next events, no more than a message holds.</summary>
    /// <param name="db">The database.</param>
    /// <param name="from">The first position.</param>
    /// <param name="end">The position to stop before; null for as many as a message holds.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="InvalidDataException">The log's hashes do not reach so far.</exception>
    public static async Task<IReadOnlyList<StreamedEvent>> ReadAsync(PortalDb db, long from, long? end, CancellationToken ct)
    {
        var leaves = db.AuditLeaves.AsNoTracking().Where(l => l.Position >= from);
        if (end is { } before)
            leaves = leaves.Where(l => l.Position < before);
        var rows = await (from leaf in leaves
                          join found in db.AuditEvents.AsNoTracking() on leaf.EventId equals found.EventId into founds
                          from happened in founds.DefaultIfEmpty()
                          orderby leaf.Position
                          select new { leaf.Position, Event = happened }).Take(StreamOptions.MostEvents).ToListAsync(ct);
        if (rows.Count == 0)
            return [];
        // Places follow one another, pruned ones too: a gap was made by somebody else.
        if (rows.Index().FirstOrDefault(r => r.Item.Position != from + r.Index) is { Item: not null } gap)
            throw new InvalidDataException($"The log has lost its place {from + gap.Index}.");

        var hashes = await HashesAsync(db, from, rows[^1].Position, ct);
        var canonical = new CanonicalEvent();
        var events = new List<StreamedEvent>();
        var bytes = 0;
        foreach (var row in rows)
        {
            var json = row.Event is { } happened ? canonical.Take(happened).Json().ToArray() : null;
            bytes += json?.Length ?? 0;
            if (end is null && events.Count > 0 && bytes > StreamOptions.MostBytes)
                break;
            events.Add(new StreamedEvent(row.Position, HashAt(hashes, row.Position), row.Event?.At, row.Event?.Code, json));
        }

        return events;
    }

    private static async Task<Dictionary<long, byte[]>> HashesAsync(PortalDb db, long from, long through, CancellationToken ct)
    {
        var (first, last) = (from / TileId.Width, through / TileId.Width);
        return await db.AuditTiles.AsNoTracking().Where(t => t.Level == 0 && t.Index >= first && t.Index <= last).ToDictionaryAsync(t => t.Index, t => t.Hashes, ct);
    }

    private static byte[] HashAt(Dictionary<long, byte[]> tiles, long position)
    {
        var at = (int)(position % TileId.Width) * MerkleTree.HashSize;
        return tiles.TryGetValue(position / TileId.Width, out var hashes) && hashes.Length >= at + MerkleTree.HashSize
            ? hashes[at..(at + MerkleTree.HashSize)]
            : throw new InvalidDataException($"The log has no hash for position {position}.");
    }
}
