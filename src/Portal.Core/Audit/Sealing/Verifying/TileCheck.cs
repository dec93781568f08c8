using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>Compares the tree's tiles with those of the database.</summary>
internal sealed class TileCheck(PortalDb db, Findings findings)
{
    /// <summary>The log up to where to begin; null when that cannot be had.</summary>
    public async Task<TileAppender?> StartAsync(long from, long size, CancellationToken ct)
    {
        if (from == 0)
            return new TileAppender();
        try
        {
            if (from <= size)
                return new TileAppender(from, await LogTiles.LoadAsync(db, TileAppender.Edge(from), ct));
            findings.Add($"The log has {size} events, and not the {from} from which to go on.", position: size);
        }
        catch (InvalidDataException damaged)
        {
            findings.Add(damaged.Message);
        }

        return null;
    }

    /// <summary>Compares the tree's tiles so far with those of the database.</summary>
    public async Task CompareAsync(TileAppender log, CancellationToken ct)
    {
        var made = log.TakeChanged();
        var stored = await LogTiles.LoadAsync(db, made.Keys.ToHashSet(), ct);
        long? size = null;
        foreach (var (id, hashes) in made)
            if (!stored.TryGetValue(id, out var there) || there.Length < hashes.Length || !there.AsSpan(0, hashes.Length).SequenceEqual(hashes))
                Tile(id);
            // The log goes on meanwhile, so there may be more hashes: as many as it has by now, and nothing behind them.
            else if (there.Length > hashes.Length && (there.Length % MerkleTree.HashSize != 0 || there.Length / MerkleTree.HashSize > HashesOf(id, size ??= await LogTiles.SizeAsync(db, ct))))
                Tile(id);
    }

    // How many hashes a tile has in a log of a size.
    private static long HashesOf(TileId id, long size) => Math.Clamp((size >> (id.Level * TileId.Height)) - (id.Index * TileId.Width), 0, TileId.Width);

    private void Tile(TileId id)
    {
        if (findings.All.Count == 0)
            findings.Add($"Tile {id.Index} of level {id.Level} of the log was changed or taken away.", position: id.Index << ((id.Level + 1) * TileId.Height));
    }
}
