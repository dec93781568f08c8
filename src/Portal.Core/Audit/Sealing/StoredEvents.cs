using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>Reads the log as it lies in the tables, past the model: every value as it is stored, also where it is none that the portal could have written. Works at several pieces at once: while a server reads one, another is checked.</summary>
internal sealed class StoredEvents(IDbContextFactory<PortalDb> databases, IAuditReading trail)
{
    // Whole tiles; so many that asking for a piece costs little beside its rows, and few enough that some pieces are little memory.
    private const int Positions = 8 * TileId.Width;

    // A core that waits for a server's piece works at another.
    private static readonly int AtOnce = 2 * Environment.ProcessorCount;

    /// <summary>The log from one position to another, piece by piece in its order. Be done with a piece before taking the next. Where places and hashes were taken away, or one was entered far behind the last, it goes on with the next place that there is.</summary>
    public async IAsyncEnumerable<StoredPiece> ReadAsync(long from, long to, [EnumeratorCancellation] CancellationToken ct)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var pieces = new StoredPiece[AtOnce + 1];
        var underWay = new Queue<Task<StoredPiece>>();
        try
        {
            for (var (next, i) = (from, 0); next < to || underWay.Count > 0;)
            {
                while (next < to && underWay.Count < AtOnce)
                {
                    var piece = pieces[i % pieces.Length] ??= new StoredPiece();
                    var (start, end) = (next, next + Math.Min(to - next, Positions - (next % Positions)));
                    // SQLite reads on the thread that asks.
                    underWay.Enqueue(Task.Run(() => FillAsync(piece, start, end, left.Token), left.Token));
                    (next, i) = (end, i + 1);
                }

                var filled = await underWay.Dequeue();
                yield return filled;
                if (filled.IsEmpty && next < to)
                    next = Math.Max(next, await FirstPlaceAsync(next, to, left.Token));
            }
        }
        finally
        {
            // Whoever stopped reading has been told why; what was under way only has to be over.
            await left.CancelAsync();
            await ((Task)Task.WhenAll(underWay)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<long> FirstPlaceAsync(long from, long to, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.AuditLeaves.Where(l => l.Position >= from && l.Position < to).MinAsync(l => (long?)l.Position, ct) is { } place ? place - (place % Positions) : to;
    }

    private async Task<StoredPiece> FillAsync(StoredPiece piece, long from, long to, CancellationToken ct)
    {
        piece.Begin(from, to);
        await using var db = await databases.CreateDbContextAsync(ct);
        await trail.ReadAsync(db, AuditQuery.InLog(db, from, to, Positions), piece.Rows, ct);
        piece.Hash(await LogTiles.LoadAsync(db, Enumerable.Range(0, (Positions / TileId.Width) + 1).Select(i => new TileId(0, (from / TileId.Width) + i)).ToHashSet(), ct));
        return piece;
    }
}

/// <summary>Some positions of the log as they are stored: their events, what those come to, and what was sealed. Room that is filled again and again.</summary>
internal sealed class StoredPiece
{
    private readonly CanonicalEvent _canonical = new();
    private byte[] _hashes = [];
    private EventField?[] _changed = [];
    private IReadOnlyDictionary<TileId, byte[]> _tiles = new Dictionary<TileId, byte[]>();

    /// <summary>The first position.</summary>
    public long From { get; private set; }

    /// <summary>The position after the last.</summary>
    public long To { get; private set; }

    /// <summary>The places that are there, each with its event; without one where that is gone.</summary>
    public AuditRows Rows { get; } = new(asStored: true);

    /// <summary>Whether nothing is there: no place, and no hash.</summary>
    public bool IsEmpty => Rows.Count == 0 && _tiles.Count == 0;

    /// <summary>Whether a place has its event.</summary>
    public bool HasEvent(int row) => !Rows[row, (int)EventField.EventId].IsEmpty;

    /// <summary>The leaf hash of an event as it is now.</summary>
    public ReadOnlySpan<byte> Hash(int row) => _hashes.AsSpan(row * MerkleTree.HashSize, MerkleTree.HashSize);

    /// <summary>The first field of an event that is not what its digest says; null when all are.</summary>
    public EventField? Changed(int row) => _changed[row];

    /// <summary>The leaf hash that was sealed at a position; empty when the log has lost it.</summary>
    public ReadOnlySpan<byte> Sealed(long position)
    {
        var offset = (int)(position % TileId.Width) * MerkleTree.HashSize;
        return _tiles.TryGetValue(new TileId(0, position / TileId.Width), out var hashes) && hashes.Length >= offset + MerkleTree.HashSize ? hashes.AsSpan(offset, MerkleTree.HashSize) : [];
    }

    /// <summary>Forgets all and keeps the room.</summary>
    internal void Begin(long from, long to)
    {
        (From, To) = (from, to);
        Rows.Clear();
    }

    /// <summary>Hashes every event.</summary>
    /// <param name="tiles">What was sealed.</param>
    internal void Hash(IReadOnlyDictionary<TileId, byte[]> tiles)
    {
        _tiles = tiles;
        if (_changed.Length < Rows.Count)
            (_hashes, _changed) = (new byte[Rows.Count * MerkleTree.HashSize], new EventField?[Rows.Count]);
        for (var row = 0; row < Rows.Count; row++)
        {
            if (!HasEvent(row))
                continue;
            Rows.Give(row, _canonical, shown: false);
            _canonical.WriteLeafHash(_hashes.AsSpan(row * MerkleTree.HashSize, MerkleTree.HashSize));
            _changed[row] = _canonical.FirstChanged(Rows.Digests(row));
        }
    }
}
