using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>What this instance remembers of the log between two turns of sealing, so that a turn reads only what is new. Holds as long as the sealer's fence is the one that this instance wrote last.</summary>
public sealed class LogState
{
    /// <summary>One turn at a time in this process.</summary>
    internal SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>The end of the log; null when it has to be read.</summary>
    internal TileAppender? Log { get; private set; }

    /// <summary>The fence under which it was read or written.</summary>
    internal long Fence { get; private set; }

    /// <summary>The newest checkpoint; null when there is none.</summary>
    internal Checkpoint? Signed { get; private set; }

    /// <summary>The note of the newest checkpoint that the store holds, as it was when it was compared with the log.</summary>
    internal string? Witnessed { get; private set; }

    /// <summary>Remembers nothing.</summary>
    internal void Forget() => Log = null;

    /// <summary>The log was written under this fence.</summary>
    internal void Wrote(long fence) => Fence = fence;

    /// <summary>A checkpoint was signed and is kept.</summary>
    internal void Kept(Checkpoint checkpoint, string note) => (Signed, Witnessed) = (checkpoint, note);

    /// <summary>Reads the end of the log and compares it with the newest checkpoints of the database and of the store.</summary>
    /// <exception cref="SealingException">It is not the log that they tell of, or the store cannot be asked.</exception>
    internal async Task LoadAsync(PortalDb db, ICheckpointStore store, long fence, CancellationToken ct)
    {
        Forget();
        // In this order: what is signed was in the database before, so whatever another instance does meanwhile, the log is at least as long as what is told of it.
        Witnessed = await store.LatestAsync(ct);
        var row = await db.AuditCheckpoints.AsNoTracking().OrderByDescending(c => c.Size).FirstOrDefaultAsync(ct);
        var size = await LogTiles.SizeAsync(db, ct);
        var keys = await KeysAsync(db, ct);
        Signed = row is null ? null : await CompareAsync(db, size, row.Note, keys, "the database", ct);
        if (Witnessed is not null && await CompareAsync(db, size, Witnessed, keys, store.Name, ct) is var kept && kept.Size > (Signed?.Size ?? 0))
        {
            Signed = kept;
            // Kept, and cut off before the database's own copy was written.
            if (!await db.AuditCheckpoints.AnyAsync(c => c.Size == kept.Size, ct))
            {
                db.AuditCheckpoints.Add(new AuditCheckpoint(kept.Size, kept.Time, Witnessed));
                await db.SaveChangesAsync(ct);
            }
        }
        else if (row is not null && Signed is { } signed && (Witnessed is null || CheckpointFile.SizeOf(Witnessed) < signed.Size))
        {
            // A store that is new, or another instance's own: what this one knows goes there too.
            await store.AppendAsync(signed.Size, row.Note, ct);
            Witnessed = row.Note;
        }

        try
        {
            Log = new TileAppender(size, await LogTiles.LoadAsync(db, TileAppender.Edge(size), ct));
        }
        catch (InvalidDataException damaged)
        {
            throw Contradicts(damaged.Message);
        }

        Fence = fence;
    }

    /// <summary>Looks whether the store holds what it held, or a later state of this log.</summary>
    /// <exception cref="SealingException">It tells of another log, or has lost something.</exception>
    internal async Task WitnessAsync(PortalDb db, ICheckpointStore store, CancellationToken ct)
    {
        var latest = await store.LatestAsync(ct);
        if (latest == Witnessed)
            return;
        if (latest is null || CheckpointFile.SizeOf(latest) < (Witnessed is null ? 0 : CheckpointFile.SizeOf(Witnessed)))
            throw new SealingException(SealingProblem.StoreForgets, $"{store.Name} held a checkpoint of {CheckpointFile.SizeOf(Witnessed!)} events and does not any more. Find out who changed it, and put it back from a copy.");
        await CompareAsync(db, await LogTiles.SizeAsync(db, ct), latest, await KeysAsync(db, ct), store.Name, ct);
        Witnessed = latest;
    }

    private static async Task<IReadOnlyList<VerifierKey>> KeysAsync(PortalDb db, CancellationToken ct) =>
        [.. (await db.AuditKeys.AsNoTracking().ToListAsync(ct)).Select(k => VerifierKey.Parse(k.Vkey) ?? throw Contradicts("A key in the database is none."))];

    private static async Task<Checkpoint> CompareAsync(PortalDb db, long size, string text, IReadOnlyList<VerifierKey> keys, string where, CancellationToken ct)
    {
        if (SignedNote.Parse(text) is not { } note || Checkpoint.Parse(note.Text) is not { } checkpoint)
            throw Contradicts($"A checkpoint in {where} cannot be read.");
        if (checkpoint.Size > size)
            throw Contradicts($"{Where(where)} has a checkpoint of {checkpoint.Size} events, and the database holds {size}: it was rolled back, or is another one.");
        if (!keys.Any(note.IsSignedBy))
            throw Contradicts($"The newest checkpoint in {where} is signed by none of the log's keys.");
        byte[] root;
        try
        {
            root = (await LogTiles.HashesAsync(db, [new LeafRange(0, checkpoint.Size)], ct))[0];
        }
        catch (InvalidDataException damaged)
        {
            throw Contradicts(damaged.Message);
        }

        return root.AsSpan().SequenceEqual(checkpoint.Root) ? checkpoint : throw Contradicts($"The first {checkpoint.Size} events are not those of the checkpoint in {where}.");
    }

    private static string Where(string where) => char.ToUpperInvariant(where[0]) + where[1..];

    private static SealingException Contradicts(string what) =>
        new(SealingProblem.Contradiction, $"{what} Nothing is sealed. Run 'portal audit verify' and see the runbook, AuditNotSealed.");
}
