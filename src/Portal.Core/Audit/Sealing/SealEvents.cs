using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>A turn of sealing.</summary>
/// <param name="CheckpointNow">True when a checkpoint is wanted of all that is sealed, however recent the last one is.</param>
public sealed record SealOrder(bool CheckpointNow = false)
{
    /// <summary>The key that is to sign from this checkpoint on; null to go on with the one in use.</summary>
    internal SigningKey? Next { get; init; }

    /// <summary>Who seals in this turn; null for the instance under its own name.</summary>
    internal string? Holder { get; init; }
}

/// <summary>What a turn did.</summary>
/// <param name="Sealed">How many events got their place in the log.</param>
/// <param name="MoreIsPending">Whether more wait.</param>
/// <param name="Signed">The checkpoint that was signed; null when none was.</param>
/// <param name="ByAnother">True when another instance seals now, and this one did nothing.</param>
public sealed record SealOutcome(int Sealed, bool MoreIsPending, Checkpoint? Signed = null, bool ByAnother = false);

/// <summary>
/// Gives events their place in the log, and signs checkpoints of it. One sealer at a time: it holds a lease, and everything is saved under the fence that it read, in one transaction:
/// places, hashes, and that the events wait no more. A checkpoint goes to the stores first; the database's own copy follows.
/// </summary>
public sealed class SealEvents(IDbContextFactory<PortalDb> databases, IAuditReading trail, CheckpointStores stores, SigningKeyFile keyFile, SealingOptions options, LogState state, AuditHealth health, IDatabaseClock databaseClock, ClockWatch clock, TimeProvider timer)
{
    /// <summary>How long a sealer that says nothing more keeps others from sealing.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    // What is entered long after it happened is not left to wait for the next checkpoint as well.
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(1);

    /// <summary>One turn.</summary>
    /// <exception cref="SealingException">The log cannot be sealed; <see cref="AuditHealth"/> says so too.</exception>
    public async Task<Result<SealOutcome>> ExecuteAsync(SealOrder order, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        await state.Turn.WaitAsync(ct);
        try
        {
            var outcome = await TurnAsync(order, ct);
            health.Note(outcome is { Sealed: 0, Signed: null } ? await WouldFailAsync(outcome.ByAnother, ct) : null);
            return outcome;
        }
        catch (DbUpdateException)
        {
            var known = state.Fence;
            state.Forget();
            if (!await WasFasterAsync(known, ct))
                throw;
            return new SealOutcome(0, MoreIsPending: false, ByAnother: true);
        }
        catch (Exception fault)
        {
            state.Forget();
            if (fault is SealingException known)
                health.Note(known);
            throw;
        }
        finally
        {
            state.Turn.Release();
        }
    }

    // Another instance has sealed since this one read how far the log is.
    private async Task<bool> WasFasterAsync(long fence, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.AuditSealers.AnyAsync(s => s.Fence != fence, ct);
    }

    private async Task<SealOutcome> TurnAsync(SealOrder order, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        await db.Database.OpenConnectionAsync(ct);
        var now = await clock.AskAsync(databaseClock, db, ct);
        var sealer = await AuditSealer.ReadAsync(db.AuditSealers, ct);
        var holder = order.Holder ?? options.Holder;
        if (sealer.IsAnothersThan(holder, now))
            return new SealOutcome(0, MoreIsPending: false, ByAnother: true);
        if (state.Log is null || state.Fence != sealer.Fence)
            await state.LoadAsync(db, stores, sealer.Fence, now, ct);

        var batch = await PendingEvents.ReadAsync(db, trail, state.Waiting, options.Batch, ct);
        var log = state.Log!;
        var signedThrough = state.Signed?.Size ?? 0;
        if (batch.Events.Count == 0 && log.Size == signedThrough)
            return new SealOutcome(0, MoreIsPending: false);

        var key = await KeyAsync(db, now, ct);
        if (batch.Events.Count > 0)
            await SaveAsync(db, sealer, log, batch.Events, holder, now, ct);
        var more = batch.MoreIsPending;
        // In the middle of a long queue a checkpoint says little: one is due now and then all the same.
        var due = IsDue(now) || (!more && (order.CheckpointNow || batch.Events.Any(p => now - p.Since > Late)));
        // A change of keys is said in the trail before: the checkpoint with both signatures covers that.
        due = order.Next is null ? due : !more;
        if (!due || log.Size == signedThrough)
            return new SealOutcome(batch.Events.Count, more);
        return new SealOutcome(batch.Events.Count, more, await SignAsync(db, order.Next is null ? [key] : [key, order.Next], holder, now, ct));
    }

    // Between two of its own signatures this process goes by its steady timer: by a clock that was ahead and was set right, one would be due at each turn for days, or none.
    private bool IsDue(DateTimeOffset now) => state.Owes || state.Signed is not { } last
        || (state.SignedAt is { } at ? timer.GetElapsedTime(at) >= options.CheckpointEvery : now - last.Time >= options.CheckpointEvery || now < last.Time);

    // Whoever seals now may be gone in a minute, and something may happen in the next: what would keep this instance from sealing is said while there is time.
    private async Task<SealingException?> WouldFailAsync(bool byAnother, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        try
        {
            if (byAnother)
            {
                await state.LookAsync(db, stores, timer, options.CheckpointEvery, clock.Now(), ct);
                // What was wrong with the log is not any more, whatever the key is like.
                health.Note(null);
            }

            await KeyInUseAsync(db, ct);
            return null;
        }
        catch (SealingException fault)
        {
            return fault;
        }
    }

    /// <summary>The key that the log is signed with, or is to be signed with first.</summary>
    /// <exception cref="SealingException">The key in use is not there.</exception>
    internal async Task<(SigningKey? Key, bool InUse)> KeyInUseAsync(PortalDb db, CancellationToken ct)
    {
        var current = await db.AuditKeys.Where(k => k.Until == null).Select(k => k.Vkey).ToListAsync(ct);
        if (current.Count > 1)
            throw new SealingException(SealingProblem.Contradiction, "The log has more than one key in use (AuditKeys): the database was changed by other means than the portal. Nothing is sealed. Run 'dotnet Portal.Web.dll audit verify' and see the runbook, AuditNotSealed.");
        var inUse = current.SingleOrDefault();
        var key = keyFile.Load(inUse);
        if (inUse is not null && key is null)
            throw new SealingException(SealingProblem.KeyMissing, $"The file of the signing key is not there: {options.SigningKeyFile}. The log is signed with {inUse}; put its file back. Nothing is sealed here until then.");
        return (key, inUse is not null);
    }

    private async Task<SigningKey> KeyAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var (key, inUse) = await KeyInUseAsync(db, ct);
        if (inUse)
            return key!;
        if (state.Log!.Size > 0)
            throw new SealingException(SealingProblem.Contradiction, "The log has events and no key: the database was changed by other means than the portal. Nothing is sealed. Run 'dotnet Portal.Web.dll audit verify'.");
        key ??= keyFile.Create();
        db.AuditKeys.Add(new AuditKey(key.Verifier.ToString(), now));
        return key;
    }

    private async Task SaveAsync(PortalDb db, AuditSealer sealer, TileAppender log, IReadOnlyList<PendingEvent> batch, string holder, DateTimeOffset now, CancellationToken ct)
    {
        var canonical = new CanonicalEvent();
        var hash = new byte[MerkleTree.HashSize];
        var before = log.Size;
        var places = new SealedBatch();
        foreach (var waiting in batch)
        {
            state.Waiting.Give(waiting.Row, canonical, shown: false);
            canonical.WriteLeafHash(hash);
            places.Add(log.Size, waiting.EventId, waiting.Since, canonical.FieldDigests());
            log.Append(hash);
        }

        foreach (var (id, hashes) in log.TakeChanged())
            db.Entry(new AuditTile(id.Level, id.Index, hashes)).State = IsNew(id, before) ? EntityState.Added : EntityState.Modified;
        sealer.Claim(holder, now);
        db.ChangeTracker.DetectChanges();
        using (await WriteTurn.TurnAsync(db, ct))
        {
            await using var together = await db.Database.BeginTransactionAsync(ct);
            // The fence first: whoever lost it has written nothing.
            await db.SaveChangesAsync(ct);
            await places.WriteAsync(db, ct);
            await together.CommitAsync(ct);
        }

        db.ChangeTracker.Clear();
        state.Wrote(sealer.Fence);
    }

    // Whether the tile had no hash when the log had so many leaves.
    private static bool IsNew(TileId tile, long size) => size >> (tile.Level * TileId.Height) <= tile.Index << TileId.Height;

    /// <summary>Signs the log as it is: into the stores, then into the database.</summary>
    private async Task<Checkpoint> SignAsync(PortalDb db, IReadOnlyList<SigningKey> keys, string holder, DateTimeOffset now, CancellationToken ct)
    {
        state.Owe();
        foreach (var store in stores.All)
            await state.WitnessAsync(db, store, now, ct);
        var log = state.Log!;
        // A clock that was set back does not make a later checkpoint look earlier.
        var time = state.Signed is { } before && before.Time > now ? before.Time : now;
        var checkpoint = new Checkpoint(keys[^1].Verifier.Name, log.Size, log.Root(), time);
        var note = SignedNote.Sign(checkpoint.ToText(), keys).ToString();
        foreach (var store in stores.All)
            await state.KeepAsync(store, checkpoint.Size, note, ct);
        state.Kept(checkpoint, timer.GetTimestamp());
        if (keys is [var old, var next])
        {
            // Its row is not read: since when it was used, somebody may have changed to no time.
            var replaced = new AuditKey(old.Verifier.ToString(), time);
            db.Attach(replaced);
            replaced.Until = time;
            db.Entry(replaced).Property(k => k.Until).IsModified = true;
            db.AuditKeys.Add(new AuditKey(next.Verifier.ToString(), time));
            // Under the fence too: of two changes of keys at once only one may be the last.
            var sealer = await AuditSealer.ReadAsync(db.AuditSealers, ct);
            db.Entry(sealer).Property(s => s.Fence).OriginalValue = state.Fence;
            sealer.Claim(holder, now);
            db.ChangeTracker.DetectChanges();
            await state.SaveAsync(db, checkpoint, note, replaces: true, now, ct);
            state.Wrote(sealer.Fence);
            return checkpoint;
        }

        await state.SaveAsync(db, checkpoint, note, replaces: false, now, ct);
        return checkpoint;
    }
}
