using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>What this instance remembers of the log between two turns of sealing, so that a turn reads only what is new. Holds as long as the sealer's fence is the one that this instance wrote last.</summary>
public sealed class LogState
{
    /// <summary>One turn at a time in this process.</summary>
    internal SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>Room for the events of a turn.</summary>
    internal AuditRows Waiting { get; } = new(asStored: true);

    /// <summary>The end of the log; null when it has to be read.</summary>
    internal TileAppender? Log { get; private set; }

    /// <summary>The fence under which it was read or written.</summary>
    internal long Fence { get; private set; }

    /// <summary>The newest checkpoint; null when there is none.</summary>
    internal Checkpoint? Signed { get; private set; }

    // The note of the newest checkpoint that each store holds, as it was when it was compared with the log.
    private readonly Dictionary<ICheckpointStore, string?> _witnessed = [];

    /// <summary>Remembers nothing.</summary>
    internal void Forget() => Log = null;

    /// <summary>The log was written under this fence.</summary>
    internal void Wrote(long fence) => Fence = fence;

    /// <summary>A store keeps a checkpoint that was signed.</summary>
    internal void Kept(ICheckpointStore store, string note) => _witnessed[store] = note;

    /// <summary>A checkpoint was signed and is kept everywhere.</summary>
    internal void Kept(Checkpoint checkpoint) => Signed = checkpoint;

    /// <summary>Reads the end of the log and compares it with the newest checkpoints of the database and of the stores.</summary>
    /// <exception cref="SealingException">It is not the log that they tell of, or a store cannot be asked.</exception>
    internal async Task LoadAsync(PortalDb db, CheckpointStores stores, long fence, CancellationToken ct)
    {
        Forget();
        _witnessed.Clear();
        // In this order: what is signed was in the database before, so whatever another instance does meanwhile, the log is at least as long as what is told of it.
        foreach (var store in stores.All)
            _witnessed[store] = await store.LatestAsync(ct);
        var row = await db.AuditCheckpoints.AsNoTracking().OrderByDescending(c => c.Size).FirstOrDefaultAsync(ct);
        var size = await LogTiles.SizeAsync(db, ct);
        var keys = await KeysAsync(db, ct);
        var newest = row?.Note;
        Signed = row is null ? null : await CompareAsync(db, size, row.Note, keys, "the database", ct);
        var found = new List<(Checkpoint Kept, string Note)>();
        foreach (var (store, note) in _witnessed)
            if (note is not null && await CompareAsync(db, size, note, keys, store.Name, ct) is var kept)
            {
                found.Add((kept, note));
                if (kept.Size > (Signed?.Size ?? 0))
                    (Signed, newest) = (kept, note);
            }

        // What one host wrote down, and could not save, while another one went on: before a store gets a newer one, since only its newest is seen here.
        foreach (var (kept, note) in found.Where(f => f.Kept.Size < Signed!.Size))
            await SaveAsync(db, kept, note, ct);
        await CompleteAsync(db, stores, newest, ct);

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

    /// <summary>Looks whether a store holds what it held, or a later state of this log.</summary>
    /// <exception cref="SealingException">It tells of another log, or has lost something.</exception>
    internal async Task WitnessAsync(PortalDb db, ICheckpointStore store, CancellationToken ct)
    {
        var (latest, witnessed) = (await store.LatestAsync(ct), _witnessed[store]);
        if (latest == witnessed)
            return;
        if (latest is null || CheckpointFile.SizeOf(latest) < (witnessed is null ? 0 : CheckpointFile.SizeOf(witnessed)))
            throw new SealingException(SealingProblem.StoreForgets, $"{Where(store.Name)} held a checkpoint of {CheckpointFile.SizeOf(witnessed!)} events and does not any more. Find out who changed it, and put it back from a copy.");
        var kept = await CompareAsync(db, await LogTiles.SizeAsync(db, ct), latest, await KeysAsync(db, ct), store.Name, ct);
        _witnessed[store] = latest;
        // Whoever kept it may never come to save it.
        await SaveAsync(db, kept, latest, ct);
    }

    /// <summary>A store that is new, another instance's own, or that was out of reach when the others got it: what this one knows goes there too. Only then does the database's own copy say that it is signed.</summary>
    private async Task CompleteAsync(PortalDb db, CheckpointStores stores, string? newest, CancellationToken ct)
    {
        if (Signed is not { } signed || newest is null)
            return;
        foreach (var store in stores.All)
            if (_witnessed[store] is not { } note || CheckpointFile.SizeOf(note) < signed.Size)
            {
                await store.AppendAsync(signed.Size, newest, ct);
                _witnessed[store] = newest;
            }

        // Kept, and cut off before the database's own copy was written.
        await SaveAsync(db, signed, newest, ct);
    }

    /// <summary>Saves the database's own copy, with all else that the context is to save. Where another instance was faster, its copy stands: of one size they all say the same.</summary>
    internal static async Task SaveAsync(PortalDb db, Checkpoint checkpoint, string note, CancellationToken ct)
    {
        var row = await IsThereAsync() ? null : db.AuditCheckpoints.Add(new AuditCheckpoint(checkpoint.Size, checkpoint.Time, note));
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException) when (row is not null && !db.HasNewEvents && db.ChangeTracker.Entries().All(e => e.Entity == row.Entity || e.State == EntityState.Unchanged))
        {
            // Only the copy: whoever was faster has not changed keys as well.
            row.State = EntityState.Detached;
            if (!await IsThereAsync())
                throw;
        }

        Task<bool> IsThereAsync() => db.AuditCheckpoints.AnyAsync(c => c.Size == checkpoint.Size, ct);
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

    internal static string Where(string where) => char.ToUpperInvariant(where[0]) + where[1..];

    private static SealingException Contradicts(string what) =>
        new(SealingProblem.Contradiction, $"{what} Nothing is sealed. Run 'dotnet Portal.Web.dll audit verify' and see the runbook, AuditNotSealed.");
}
