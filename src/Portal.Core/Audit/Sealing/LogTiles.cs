using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>The log's tiles in the database.</summary>
internal static class LogTiles
{
    /// <summary>Reads tiles; those that are not there are left out.</summary>
    public static async Task<IReadOnlyDictionary<TileId, byte[]>> LoadAsync(PortalDb db, IReadOnlySet<TileId> tiles, CancellationToken ct)
    {
        var found = new Dictionary<TileId, byte[]>();
        foreach (var level in tiles.GroupBy(t => t.Level, t => t.Index))
        {
            var indexes = level.ToList();
            foreach (var tile in await db.AuditTiles.AsNoTracking().Where(t => t.Level == level.Key && indexes.Contains(t.Index)).ToListAsync(ct))
                found[new TileId(tile.Level, tile.Index)] = tile.Hashes;
        }

        return found;
    }

    /// <summary>The hashes of ranges of leaves.</summary>
    /// <exception cref="InvalidDataException">A tile is missing or too short.</exception>
    public static async Task<IReadOnlyList<byte[]>> HashesAsync(PortalDb db, IReadOnlyList<LeafRange> ranges, CancellationToken ct)
    {
        var tree = new TileTree(await LoadAsync(db, TileTree.Needed(ranges), ct));
        return [.. ranges.Select(tree.Hash)];
    }

    /// <summary>How many leaves the log has: the number behind its last place. A place before the first is none of its, whoever entered it.</summary>
    public static async Task<long> SizeAsync(PortalDb db, CancellationToken ct) =>
        await db.AuditLeaves.MaxAsync(l => (long?)l.Position, ct) is >= 0 and var last ? Math.Min(last, long.MaxValue - 1) + 1 : 0;
}
