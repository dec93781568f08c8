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

    /// <summary>Whether a checkpoint was to be signed and is not kept everywhere yet.</summary>
    internal bool Owes { get; private set; }

    /// <summary>When this process signed last, by its steady timer; null when it has not.</summary>
    internal long? SignedAt { get; private set; }

    // The note of the newest checkpoint that each store holds, as it was when it was compared with the log.
    private readonly Dictionary<ICheckpointStore, string?> _witnessed = [];

    // Not forgotten with the rest: a store that has lost something would look like a new one.
    private readonly StoreMemory _memory = new();

    // When this process looked last while another one sealed.
    private long? _lookedAt;

    /// <summary>Remembers nothing.</summary>
    internal void Forget() => Log = null;

    /// <summary>The log was written under this fence.</summary>
    internal void Wrote(long fence) => Fence = fence;

    /// <summary>A checkpoint is signed: it is owed until every store keeps it.</summary>
    internal void Owe() => Owes = true;

    /// <summary>A checkpoint was signed at this time of the steady timer, and is kept everywhere.</summary>
    internal void Kept(Checkpoint checkpoint, long at) => (Signed, SignedAt, Owes) = (checkpoint, at, false);

    /// <summary>Gives a store a checkpoint, and looks whether it has it.</summary>
    /// <exception cref="SealingException">It cannot be given, or is not shown.</exception>
    internal async Task KeepAsync(ICheckpointStore store, long size, string note, CancellationToken ct)
    {
        await store.AppendAsync(size, note, ct);
        // One of this size by another instance says the same, and is compared with the log the next time.
        if (await store.LatestAsync(ct) is var latest && (latest is null || CheckpointFile.SizeOf(latest) < size))
            throw new SealingException(SealingProblem.StoreForgets, $"{CheckpointStores.AtTheBeginning(store.Name)} was given a checkpoint of {size} events and does not show it. Nothing new is granted until it does.");
        Saw(store, note);
    }

    /// <summary>Reads the end of the log and compares it with the newest checkpoints of the database and of the stores.</summary>
    /// <exception cref="SealingException">It is not the log that they tell of, or a store cannot be asked.</exception>
    internal async Task LoadAsync(PortalDb db, CheckpointStores stores, long fence, DateTimeOffset now, CancellationToken ct)
    {
        Forget();
        _witnessed.Clear();
        await _memory.RecallAsync(db, stores, now, ct);
        // In this order: what is signed was in the database before, so whatever another instance does meanwhile, the log is at least as long as what is told of it.
        foreach (var store in stores.All)
            _witnessed[store] = await _memory.LatestAsync(store, ct);
        var row = await StoredCheckpoint.NewestAsync(db, ct);
        var size = await LogTiles.SizeAsync(db, ct);
        var keys = await KeysAsync(db, ct);
        var newest = row?.Note;
        // One whose note is none, or another's, is told of by what is compared.
        if (row is { Time: null, Unreadable: { } unreadable })
            throw Contradicts(unreadable);
        Signed = row is null ? null : await CompareAsync(db, size, row.Note, keys, "the database", ct);
        var found = new List<(Checkpoint Kept, string Note)>();
        foreach (var (store, note) in _witnessed.ToList())
        {
            var kept = note is null ? null : await CompareAsync(db, size, note, keys, store.Name, ct);
            Saw(store, note);
            if (kept is not null)
            {
                found.Add((kept, note!));
                if (kept.Size > (Signed?.Size ?? 0))
                    (Signed, newest) = (kept, note);
            }
        }

        // What one host wrote down, and could not save, while another one went on: before a store gets a newer one, since only its newest is seen here.
        foreach (var (kept, note) in found.Where(f => f.Kept.Size < Signed!.Size))
            await SaveAsync(db, kept, note, replaces: false, now, ct);
        await CompleteAsync(db, stores, newest, now, ct);
        Owes &= Signed?.Size != size;

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
    internal async Task WitnessAsync(PortalDb db, ICheckpointStore store, DateTimeOffset now, CancellationToken ct)
    {
        if (await _memory.LatestAsync(store, ct) is not { } latest || latest == _witnessed[store])
            return;
        var kept = await CompareAsync(db, await LogTiles.SizeAsync(db, ct), latest, await KeysAsync(db, ct), store.Name, ct);
        Saw(store, latest);
        // Whoever kept it may never come to save it.
        await SaveAsync(db, kept, latest, replaces: false, now, ct);
    }

    /// <summary>While another instance seals: looks now and then at what each store holds, so that what one loses is missed here too, and not filled up when this instance takes over; at every turn as long as one shows less.</summary>
    /// <param name="db">The database.</param>
    /// <param name="stores">The stores.</param>
    /// <param name="timer">The steady timer.</param>
    /// <param name="every">How long a look is good for.</param>
    /// <param name="now">The database's time.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">A store tells of another log, has lost something, or cannot be asked.</exception>
    internal async Task LookAsync(PortalDb db, CheckpointStores stores, TimeProvider timer, TimeSpan every, DateTimeOffset now, CancellationToken ct)
    {
        if (_memory.MissesNothing && _lookedAt is { } at && timer.GetElapsedTime(at) < every)
            return;
        var begun = timer.GetTimestamp();
        await _memory.RecallAsync(db, stores, now, ct);
        foreach (var store in stores.All)
        {
            var latest = await _memory.LatestAsync(store, ct);
            if (latest is not null && latest != _witnessed.GetValueOrDefault(store))
                await CompareAsync(db, await LogTiles.SizeAsync(db, ct), latest, await KeysAsync(db, ct), store.Name, ct);
            Saw(store, latest);
        }

        await _memory.SaveAsync(db, now, ct);
        _lookedAt = begun;
    }

    // It holds this, and this is of the log.
    private void Saw(ICheckpointStore store, string? note)
    {
        _witnessed[store] = note;
        _memory.Saw(store, note);
    }

    /// <summary>A store that is new, another instance's own, or that was out of reach when the others got it: what this one knows goes there too. Only then does the database's own copy say that it is signed.</summary>
    private async Task CompleteAsync(PortalDb db, CheckpointStores stores, string? newest, DateTimeOffset now, CancellationToken ct)
    {
        if (Signed is not { } signed || newest is null)
            return;
        foreach (var store in stores.All)
            if (_witnessed[store] is not { } note || CheckpointFile.SizeOf(note) < signed.Size)
                await KeepAsync(store, signed.Size, newest, ct);

        // Kept, and cut off before the database's own copy was written.
        await SaveAsync(db, signed, newest, replaces: false, now, ct);
    }

    /// <summary>Saves the database's own copy, with all else that the context is to save and with what the stores were seen to hold. Where another instance was faster, its copy stands: of one size they all say the same of the log.</summary>
    /// <param name="db">The context.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="note">Its note.</param>
    /// <param name="replaces">True for that of a change of keys, which takes the place of any other of its size: what carries both signatures is all that tells that the keys belong together.</param>
    /// <param name="now">The database's time.</param>
    /// <param name="ct">Cancels.</param>
    internal async Task SaveAsync(PortalDb db, Checkpoint checkpoint, string note, bool replaces, DateTimeOffset now, CancellationToken ct)
    {
        var isThere = await IsThereAsync();
        var row = isThere && !replaces ? null : db.AuditCheckpoints.Attach(new AuditCheckpoint(checkpoint.Size, checkpoint.Time, note));
        row?.State = isThere ? EntityState.Modified : EntityState.Added;
        try
        {
            await _memory.SaveAsync(db, now, ct);
        }
        catch (DbUpdateException) when (row is { State: EntityState.Added } && !db.HasNewEvents)
        {
            if (!await IsThereAsync())
                throw;
            // Whoever was faster saved the copy, and nothing of the rest.
            row.State = replaces ? EntityState.Modified : EntityState.Detached;
            await _memory.SaveAsync(db, now, ct);
        }

        Task<bool> IsThereAsync() => db.AuditCheckpoints.AnyAsync(c => c.Size == checkpoint.Size, ct);
    }

    private static async Task<IReadOnlyList<VerifierKey>> KeysAsync(PortalDb db, CancellationToken ct) =>
        [.. (await db.AuditKeys.Select(k => k.Vkey).ToListAsync(ct)).Select(vkey => VerifierKey.Parse(vkey) ?? throw Contradicts("A key in the database is none."))];

    private static async Task<Checkpoint> CompareAsync(PortalDb db, long size, string text, IReadOnlyList<VerifierKey> keys, string where, CancellationToken ct)
    {
        if (SignedNote.Parse(text) is not { } note || Checkpoint.Parse(note.Text) is not { } checkpoint)
            throw Contradicts($"A checkpoint in {where} cannot be read.");
        if (checkpoint.Size > size)
            throw Contradicts($"{CheckpointStores.AtTheBeginning(where)} has a checkpoint of {checkpoint.Size} events, and the database holds {size}: it was rolled back, or is another one.");
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

    private static SealingException Contradicts(string what) =>
        new(SealingProblem.Contradiction, $"{what} Nothing is sealed. Run 'dotnet Portal.Web.dll audit verify' and see the runbook, AuditNotSealed.");
}
