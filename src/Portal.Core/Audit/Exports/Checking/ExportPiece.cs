using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Some rows of an export's file, one after the other, and what each comes to by itself. Room that is filled again and again, by one thread at a time.</summary>
internal sealed class ExportPiece
{
    /// <summary>How many rows there is room for.</summary>
    public const int MostRows = 500;

    /// <summary>No further row is added to a piece that has so many bytes.</summary>
    public const int FullAt = 1024 * 1024;

    private readonly byte[] _hashes = new byte[MostRows * MerkleTree.HashSize];
    private readonly RowFacts[] _facts = new RowFacts[MostRows];

    /// <summary>The rows.</summary>
    public AuditRows Rows { get; } = new();

    /// <summary>The rows as they stand in a file with an object a line; empty for other files.</summary>
    public LineStore Lines { get; } = new();

    /// <summary>Holds one event at a time.</summary>
    public CanonicalEvent Canonical { get; } = new();

    /// <summary>How many rows are settled.</summary>
    public int Count { get; private set; }

    /// <summary>Why what follows the settled rows is nothing that the portal writes; null when that is not so.</summary>
    public FormatException? Broken { get; set; }

    /// <summary>Whether it has room for another row.</summary>
    public bool IsFull => Rows.Count == MostRows || Lines.Count == MostRows || Rows.Bytes + Lines.Bytes >= FullAt;

    /// <summary>Forgets all rows and keeps the room.</summary>
    public void Clear()
    {
        Rows.Clear();
        Lines.Clear();
        (Count, Broken) = (0, null);
    }

    /// <summary>Works out what the next row comes to.</summary>
    /// <param name="otherwise">Where it differs from what the portal would write for the same event; null when it does not.</param>
    /// <param name="signed">The log that it has to be in by its own proof; null when it has to bring none.</param>
    public void Settle(string? otherwise, Checkpoint? signed)
    {
        var row = Count++;
        var hash = _hashes.AsSpan(row * MerkleTree.HashSize, MerkleTree.HashSize);
        Canonical.WriteLeafHash(hash);
        _facts[row] = new RowFacts(
            otherwise,
            Canonical.FirstChanged(Rows.Digests(row)),
            signed is not null && MerkleTree.Includes(hash, Rows.Position(row), signed.Size, Rows.Path(row) ?? [], signed.Root));
    }

    /// <summary>The leaf hash of a row's event as it is now.</summary>
    public ReadOnlySpan<byte> Hash(int row) => _hashes.AsSpan(row * MerkleTree.HashSize, MerkleTree.HashSize);

    /// <summary>What else a row comes to.</summary>
    public RowFacts Facts(int row) => _facts[row];
}

/// <summary>What a row comes to by itself.</summary>
/// <param name="Otherwise">Where it differs from what the portal would write for the same event; null when it does not.</param>
/// <param name="Changed">The first field that is not what its digest says; null when all are.</param>
/// <param name="IsIncluded">Whether its proof leads to what was signed.</param>
internal readonly record struct RowFacts(string? Otherwise, EventField? Changed, bool IsIncluded);

/// <summary>Lines, one after the other in one buffer.</summary>
internal sealed class LineStore
{
    private readonly int[] _ends = new int[ExportPiece.MostRows + 1];
    private byte[] _bytes = [];

    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>How long they are together.</summary>
    public int Bytes => _ends[Count];

    /// <summary>One of them.</summary>
    public ReadOnlyMemory<byte> this[int line] => _bytes.AsMemory(_ends[line].._ends[line + 1]);

    /// <summary>Keeps another one.</summary>
    public void Add(ReadOnlySpan<byte> line)
    {
        if (_bytes.Length - Bytes < line.Length)
            Array.Resize(ref _bytes, Math.Max(Math.Max(_bytes.Length * 2, Bytes + line.Length), ExportPiece.FullAt / 2));
        line.CopyTo(_bytes.AsSpan(Bytes));
        _ends[Count + 1] = Bytes + line.Length;
        Count++;
    }

    /// <summary>Forgets them and keeps the room.</summary>
    public void Clear() => Count = 0;
}
