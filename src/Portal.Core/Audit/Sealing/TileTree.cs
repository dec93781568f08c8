namespace Portal.Core.Audit.Sealing;

/// <summary>A tile of the log as C2SP tlog-tiles lays them out: up to 256 hashes of complete subtrees of 256^<paramref name="Level"/> leaves.</summary>
/// <param name="Level">0 for the leaves' own hashes.</param>
/// <param name="Index">From 0; its first hash is number 256 × index of the level.</param>
public readonly record struct TileId(int Level, long Index)
{
    /// <summary>The most hashes that a tile holds.</summary>
    public const int Width = 256;

    /// <summary>The bits of a tile's width.</summary>
    internal const int Height = 8;
}

/// <summary>Hashes of parts of the log, from tiles.</summary>
/// <param name="tiles">The tiles of <see cref="Needed"/>; each as many hashes as there are, one after the other.</param>
public sealed class TileTree(IReadOnlyDictionary<TileId, byte[]> tiles)
{
    /// <summary>The tiles that the hashes of these ranges are made from.</summary>
    public static IReadOnlySet<TileId> Needed(IEnumerable<LeafRange> ranges) =>
        ranges.SelectMany(r => r.Subtrees()).Select(s => Place(s.Level, s.Index).Tile).ToHashSet();

    /// <summary>The hash of a range: RFC 6962's MTH of those leaves.</summary>
    /// <exception cref="InvalidDataException">A tile is missing, or does not reach so far.</exception>
    public byte[] Hash(LeafRange range)
    {
        if (range.End <= range.Start)
            return MerkleTree.EmptyRoot();
        byte[]? hash = null;
        foreach (var (level, index) in range.Subtrees().Reverse())
        {
            var subtree = Subtree(level, index);
            if (hash is null)
                hash = subtree;
            else
                MerkleTree.Node(subtree, hash, hash);
        }

        return hash!;
    }

    /// <summary>The hash of a complete subtree of 2^<paramref name="level"/> leaves.</summary>
    private byte[] Subtree(int level, long index)
    {
        var (tile, offset, count) = Place(level, index);
        if (!tiles.TryGetValue(tile, out var hashes) || hashes.Length < (offset + count) * MerkleTree.HashSize)
            throw new InvalidDataException($"The log's tile {tile.Index} of level {tile.Level} is missing or too short.");
        var nodes = hashes.AsSpan(offset * MerkleTree.HashSize, count * MerkleTree.HashSize).ToArray();
        for (; count > 1; count /= 2)
            for (var i = 0; i < count / 2; i++)
                MerkleTree.Node(Of(nodes, 2 * i), Of(nodes, (2 * i) + 1), Of(nodes, i));
        return nodes[..MerkleTree.HashSize];
    }

    private static Span<byte> Of(byte[] nodes, int index) => nodes.AsSpan(index * MerkleTree.HashSize, MerkleTree.HashSize);

    /// <summary>Which hashes of which tile a complete subtree is made from.</summary>
    internal static (TileId Tile, int Offset, int Count) Place(int level, long index)
    {
        var above = level % TileId.Height;
        var first = index << above;
        return (new TileId(level / TileId.Height, first >> TileId.Height), (int)(first & (TileId.Width - 1)), 1 << above);
    }
}

/// <summary>The end of the log, where it grows: takes leaves, and gives the root and the tiles that changed. Holds a few kilobytes, however long the log is; one more hash per leaf.</summary>
public sealed class TileAppender
{
    private const int Levels = 64;

    private readonly byte[] _nodes = new byte[Levels * MerkleTree.HashSize];
    private readonly List<MemoryStream> _edge = [];
    private readonly Dictionary<TileId, byte[]> _full = [];
    private readonly HashSet<int> _touched = [];

    /// <summary>An empty log.</summary>
    public TileAppender()
    {
    }

    /// <summary>A log of a size, whose last tiles these are.</summary>
    /// <param name="size">How many leaves it has.</param>
    /// <param name="tiles">The tiles of <see cref="Edge"/>.</param>
    /// <exception cref="InvalidDataException">A tile is missing or too short.</exception>
    public TileAppender(long size, IReadOnlyDictionary<TileId, byte[]> tiles)
    {
        Size = size;
        var tree = new TileTree(tiles);
        foreach (var range in Complete(size))
            tree.Hash(range).CopyTo(NodeAt(range.Subtrees().Single().Level));
        for (var level = 0; size >> (level * TileId.Height) > 0; level++)
        {
            var count = size >> (level * TileId.Height);
            var held = (int)(count & (TileId.Width - 1)) * MerkleTree.HashSize;
            var stream = EdgeAt(level);
            if (held == 0)
                continue;
            if (!tiles.TryGetValue(new TileId(level, count >> TileId.Height), out var hashes) || hashes.Length < held)
                throw new InvalidDataException($"The log's last tile of level {level} is missing or too short.");
            stream.Write(hashes, 0, held);
        }
    }

    /// <summary>How many leaves the log has.</summary>
    public long Size { get; private set; }

    /// <summary>The tiles that are needed to go on from a size.</summary>
    public static IReadOnlySet<TileId> Edge(long size) => TileTree.Needed(Complete(size));

    /// <summary>Adds a leaf.</summary>
    /// <param name="leafHash">Its hash, 32 bytes.</param>
    public void Append(ReadOnlySpan<byte> leafHash)
    {
        Span<byte> hash = stackalloc byte[MerkleTree.HashSize];
        leafHash.CopyTo(hash);
        Keep(0, hash);
        var level = 0;
        for (; ((Size >> level) & 1) == 1; level++)
        {
            MerkleTree.Node(NodeAt(level), hash, hash);
            if ((level + 1) % TileId.Height == 0)
                Keep((level + 1) / TileId.Height, hash);
        }

        hash.CopyTo(NodeAt(level));
        Size++;
    }

    /// <summary>The root of the log as it is now.</summary>
    public byte[] Root()
    {
        if (Size == 0)
            return MerkleTree.EmptyRoot();
        byte[]? root = null;
        for (var level = 0; Size >> level > 0; level++)
            if (((Size >> level) & 1) == 1)
            {
                if (root is null)
                    root = NodeAt(level).ToArray();
                else
                    MerkleTree.Node(NodeAt(level), root, root);
            }

        return root!;
    }

    /// <summary>The tiles that changed since they were last asked for, each as it is now.</summary>
    public IReadOnlyDictionary<TileId, byte[]> TakeChanged()
    {
        var changed = new Dictionary<TileId, byte[]>(_full);
        foreach (var level in _touched.Where(level => _edge[level].Length > 0))
            changed[new TileId(level, Size >> ((level + 1) * TileId.Height))] = _edge[level].ToArray();
        _full.Clear();
        _touched.Clear();
        return changed;
    }

    private void Keep(int level, ReadOnlySpan<byte> hash)
    {
        var stream = EdgeAt(level);
        stream.Write(hash);
        _touched.Add(level);
        if (stream.Length < TileId.Width * MerkleTree.HashSize)
            return;
        // The leaf that fills a tile is the last of its subtree: the tile's number is that of the leaf, cut.
        _full[new TileId(level, Size >> ((level + 1) * TileId.Height))] = stream.ToArray();
        stream.SetLength(0);
    }

    // From the left: the complete subtrees that a log of this size consists of.
    private static IEnumerable<LeafRange> Complete(long size) =>
        new LeafRange(0, size).Subtrees().Select(s => new LeafRange(s.Index << s.Level, (s.Index + 1) << s.Level));

    private Span<byte> NodeAt(int level) => _nodes.AsSpan(level * MerkleTree.HashSize, MerkleTree.HashSize);

    private MemoryStream EdgeAt(int level)
    {
        while (_edge.Count <= level)
            _edge.Add(new MemoryStream(TileId.Width * MerkleTree.HashSize));
        return _edge[level];
    }
}
