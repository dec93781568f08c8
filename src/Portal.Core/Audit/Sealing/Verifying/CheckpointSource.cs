using System.Runtime.CompilerServices;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing.Verifying;

/// <summary>A checkpoint as one place keeps it.</summary>
/// <param name="Size">How many events it says that it covers: the row's number in the database, the note's elsewhere; -1 for a note that is none.</param>
/// <param name="Note">The note.</param>
/// <param name="Row">The row; null for one of a store.</param>
internal sealed record KeptCheckpoint(long Size, string Note, StoredCheckpoint? Row);

/// <summary>The checkpoints of one place, one after the other, with a look at the next.</summary>
/// <param name="where">Which place, as words within a sentence.</param>
/// <param name="all">They.</param>
/// <param name="ct">Cancels.</param>
internal sealed class CheckpointSource(string where, IAsyncEnumerable<KeptCheckpoint> all, CancellationToken ct) : IAsyncDisposable
{
    private const int AtOnce = 1000;

    private readonly IAsyncEnumerator<KeptCheckpoint> _all = all.GetAsyncEnumerator(ct);

    /// <summary>Which place.</summary>
    public string Where => where;

    /// <summary>The next; null when there is none, at first and at the end.</summary>
    public KeptCheckpoint? Next { get; private set; }

    /// <summary>Goes to the next.</summary>
    public async Task GoOnAsync() => Next = await _all.MoveNextAsync() ? _all.Current : null;

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _all.DisposeAsync();

    /// <summary>Those of the database from a size on, the smallest first; from 0 on all of them, those too of a size that no log has.</summary>
    public static async IAsyncEnumerable<KeptCheckpoint> OfDatabaseAsync(PortalDb db, long from, [EnumeratorCancellation] CancellationToken ct)
    {
        for (long? after = null; ;)
        {
            var rows = await StoredCheckpoint.ReadAsync(db, db.AuditCheckpoints.Where(c => after == null ? from == 0 || c.Size >= from : c.Size > after).OrderBy(c => c.Size).Take(AtOnce), ct);
            foreach (var row in rows)
                yield return new KeptCheckpoint(row.Size, row.Note, row);
            if (rows.Count < AtOnce)
                yield break;
            after = rows[^1].Size;
        }
    }

    /// <summary>Those of a store.</summary>
    public static async IAsyncEnumerable<KeptCheckpoint> OfStoreAsync(ICheckpointStore store, long from, IReadOnlyCollection<long> besides, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var note in store.ReadAsync(from, besides, ct))
            yield return new KeptCheckpoint(CheckpointFile.SizeOf(note), note, null);
    }
}
