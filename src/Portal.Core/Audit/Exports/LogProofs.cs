using System.Numerics;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Core.Audit.Exports;

/// <summary>Leaf hashes and inclusion proofs for the rows of an export, from the log's tiles. Keeps the tiles of the rows at hand and computes each tile's inner hashes once, so that a proof is a look-up.</summary>
/// <param name="size">The size of the log that the proofs are for.</param>
/// <param name="withPaths">False when only leaf hashes are asked for.</param>
internal sealed class LogProofs(long size, bool withPaths)
{
    private const int Hash = MerkleTree.HashSize;
    private const int Height = 8;
    // With their inner hashes 24 KB each. Rows come in the order of time, which is nearly the log's: what was left behind is hardly asked for again.
    private const int MostTiles = 256;
    // Of leaf hashes alone, rows in the order of the log need these next.
    private const int Ahead = 15;

    // A whole tree over a tile's hashes: 256, 128, … 1 of them.
    private static readonly int Nodes = (2 * TileId.Width) - 1;

    private readonly Dictionary<TileId, byte[]> _tiles = [];
    private readonly Dictionary<TileId, byte[]> _trees = [];
    private readonly Dictionary<long, byte[]> _rightEdge = [];

    /// <summary>Reads the tiles that proofs for these positions need.</summary>
    public async Task LoadAsync(PortalDb db, IReadOnlyCollection<long> positions, CancellationToken ct)
    {
        if (_tiles.Count > MostTiles)
        {
            _tiles.Clear();
            _trees.Clear();
        }

        for (var level = 0; level == 0 || (withPaths && size >> (level * Height) > 0); level++)
        {
            var missing = positions.Select(p => p >> ((level + 1) * Height)).Distinct().Where(index => !_tiles.ContainsKey(new TileId(level, index))).ToList();
            if (withPaths)
                missing = [.. missing.Union(TileAppender.Edge(size).Where(t => t.Level == level && !_tiles.ContainsKey(t)).Select(t => t.Index))];
            if (missing.Count == 0)
                continue;
            if (!withPaths)
                missing = [.. missing, .. Enumerable.Range(1, Ahead).Select(i => missing.Max() + i)];
            var found = await db.AuditTiles.AsNoTracking().Where(t => t.Level == level && missing.Contains(t.Index)).ToListAsync(ct);
            foreach (var tile in found)
                _tiles[new TileId(level, tile.Index)] = tile.Hashes;
        }
    }

    /// <summary>The leaf hash at a position; empty when the log has lost it.</summary>
    public ReadOnlySpan<byte> Leaf(long position)
    {
        var at = (int)(position & (TileId.Width - 1)) * Hash;
        return _tiles.TryGetValue(new TileId(0, position >> Height), out var hashes) && hashes.Length >= at + Hash ? hashes.AsSpan(at, Hash) : default;
    }

    /// <summary>The inclusion proof for a position, from the leaf up.</summary>
    /// <returns>Null when the log has lost what it is made of.</returns>
    public List<byte[]>? Path(long position)
    {
        var path = new List<byte[]>();
        foreach (var range in MerkleTree.InclusionPath(position, size))
        {
            if (OfRange(range) is not { } hash)
                return null;
            path.Add(hash);
        }

        return path;
    }

    private byte[]? OfRange(LeafRange range)
    {
        var length = range.End - range.Start;
        if (BitOperations.IsPow2(length))
            return OfSubtree(BitOperations.Log2((ulong)length), range.Start);
        // Only what reaches to the end of the log is no complete subtree, and there are few of those.
        if (_rightEdge.TryGetValue(range.Start, out var known))
            return known;
        var left = 1L << BitOperations.Log2((ulong)(length - 1));
        if (OfRange(new LeafRange(range.Start, range.Start + left)) is not { } first || OfRange(new LeafRange(range.Start + left, range.End)) is not { } second)
            return null;
        var hash = new byte[Hash];
        MerkleTree.Node(first, second, hash);
        return _rightEdge[range.Start] = hash;
    }

    private byte[]? OfSubtree(int level, long start)
    {
        var (within, index) = (level % Height, start >> level);
        var tile = new TileId(level / Height, index >> (Height - within));
        if (!_trees.TryGetValue(tile, out var tree))
        {
            if (!_tiles.TryGetValue(tile, out var hashes))
                return null;
            _trees[tile] = tree = Tree(hashes);
        }

        var at = First(within) + ((int)(index & ((TileId.Width >> within) - 1)) * Hash);
        return tree.AsSpan(at, Hash).ContainsAnyExcept((byte)0) ? tree.AsSpan(at, Hash).ToArray() : null;
    }

    private static int First(int height) => (2 * TileId.Width * Hash) - ((2 * TileId.Width * Hash) >> height);

    private static byte[] Tree(byte[] hashes)
    {
        var tree = new byte[Nodes * Hash];
        // What somebody put behind the hashes is none: verify names it.
        var count = Math.Min(hashes.Length / Hash, TileId.Width);
        hashes.AsSpan(0, count * Hash).CopyTo(tree);
        for (var height = 1; height <= Height; height++)
        {
            var (from, to) = (First(height - 1), First(height));
            count /= 2;
            for (var i = 0; i < count; i++)
                MerkleTree.Node(tree.AsSpan(from + (2 * i * Hash), Hash), tree.AsSpan(from + (((2 * i) + 1) * Hash), Hash), tree.AsSpan(to + (i * Hash), Hash));
        }

        return tree;
    }
}
