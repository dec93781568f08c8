using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Core.Audit.Streaming;

/// <summary>Reads the log for a stream.</summary>
internal static class StreamReading
{
    /// <summary>How many events are sealed.</summary>
    public static Task<long> SizeAsync(PortalDb db, CancellationToken ct) => LogTiles.SizeAsync(db, ct);

    /// <summary>The next events, no more than a message holds, and none behind one that cannot be read: what comes before it is sent.</summary>
    /// <param name="db">The database.</param>
    /// <param name="from">The first position.</param>
    /// <param name="end">The position to stop before; null for as many as a message holds.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>One at least.</returns>
    /// <exception cref="InvalidDataException">What stands at the first position cannot be read: its place, its hash or the event.</exception>
    public static async Task<IReadOnlyList<StreamedEvent>> ReadAsync(PortalDb db, long from, long? end, CancellationToken ct)
    {
        var places = db.AuditLeaves.AsNoTracking().Where(l => l.Position >= from);
        if (end is { } before)
            places = places.Where(l => l.Position < before);
        var rows = await RowsAsync(db, from, places.OrderBy(l => l.Position).Take(StreamOptions.MostEvents), ct);
        var hashes = rows.Count == 0 ? [] : await HashesAsync(db, from, rows[^1].Position, ct);
        var canonical = new CanonicalEvent();
        var events = new List<StreamedEvent>();
        var bytes = 0;
        foreach (var (position, happened) in rows)
        {
            if (HashAt(hashes, position) is not { } hash)
                break;
            var json = happened is null ? null : canonical.Take(happened).Json().ToArray();
            bytes += json?.Length ?? 0;
            if (end is null && events.Count > 0 && bytes > StreamOptions.MostBytes)
                break;
            events.Add(new StreamedEvent(position, hash, happened?.At, happened?.Code, json));
        }

        return events.Count > 0 ? events : throw new InvalidDataException($"The log cannot be read at position {from}.");
    }

    // Up to the first that is no good: one that cannot be read, or whose place is not there. Places follow one another, pruned ones too: a gap was made by somebody else.
    private static async Task<IReadOnlyList<(long Position, AuditEvent? Event)>> RowsAsync(PortalDb db, long from, IQueryable<AuditLeaf> places, CancellationToken ct)
    {
        var rows = new List<(long Position, AuditEvent? Event)>();
        try
        {
            foreach (var row in await WithEvents(db, places).ToListAsync(ct))
                if (row.Position == from + rows.Count)
                    rows.Add((row.Position, row.Event));
                else
                    break;
            return rows;
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            // Which one it is, the fault does not say.
        }

        foreach (var position in await places.Select(l => l.Position).ToListAsync(ct))
        {
            if (position != from + rows.Count)
                break;
            try
            {
                rows.Add((position, (await WithEvents(db, db.AuditLeaves.AsNoTracking().Where(l => l.Position == position)).SingleAsync(ct)).Event));
            }
            catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
            {
                break;
            }
        }

        return rows;
    }

    private static IQueryable<Placed> WithEvents(PortalDb db, IQueryable<AuditLeaf> places) =>
        from leaf in places
        join found in db.AuditEvents.AsNoTracking() on leaf.EventId equals found.EventId into founds
        from happened in founds.DefaultIfEmpty()
        orderby leaf.Position
        select new Placed { Position = leaf.Position, Event = happened };

    private static async Task<Dictionary<long, byte[]>> HashesAsync(PortalDb db, long from, long through, CancellationToken ct)
    {
        var (first, last) = (from / TileId.Width, through / TileId.Width);
        return await db.AuditTiles.AsNoTracking().Where(t => t.Level == 0 && t.Index >= first && t.Index <= last).ToDictionaryAsync(t => t.Index, t => t.Hashes, ct);
    }

    // Null where the log has lost it.
    private static byte[]? HashAt(Dictionary<long, byte[]> tiles, long position)
    {
        var at = (int)(position % TileId.Width) * MerkleTree.HashSize;
        return tiles.TryGetValue(position / TileId.Width, out var hashes) && hashes.Length >= at + MerkleTree.HashSize ? hashes[at..(at + MerkleTree.HashSize)] : null;
    }

    private sealed class Placed
    {
        public long Position { get; init; }

        public AuditEvent? Event { get; init; }
    }
}
