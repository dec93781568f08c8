using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.Sealing.Verifying;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>
/// Compares everything that the log is made of, row by row: events with the hashes that were sealed, hashes with the tree, the tree with the signed checkpoints of the database and of the
/// checkpoint stores, and those with the database; and what each store shows with what it was seen to hold. Names the first event and field that is not as it was. Writes nothing; reads the tables past the model.
/// </summary>
public sealed class VerifyDatabase(IDbContextFactory<PortalDb> databases, IAuditReading trail, CheckpointStores stores)
{
    private const int TilesEvery = 16 * TileId.Width;

    /// <summary>Verifies.</summary>
    /// <param name="input">What.</param>
    /// <param name="progress">Told now and then how many events of how many are done.</param>
    /// <param name="actor">The portal itself, or an auditor.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">A store cannot be read.</exception>
    public async Task<Result<VerifyReport>> ExecuteAsync(VerifyInput input, Action<long, long>? progress, Actor actor, CancellationToken ct)
    {
        if (actor.Kind != ActorKind.System && actor.LacksAllOf(PortalRole.Auditor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var findings = new Findings(input.MostFindings);
        var (leaves, tiles) = (new LeafCheck(db, input.From, findings), new TileCheck(db, findings));
        await using var witnesses = new Witnesses(db, stores, findings, input.From);
        await StoreCheck.RunAsync(db, stores, findings, ct);
        await witnesses.OpenAsync(input.Keys ?? [], ct);
        var size = await LogTiles.SizeAsync(db, ct);
        if (await tiles.StartAsync(input.From, size, ct) is not { } log)
        {
            await witnesses.EndAsync(compared: null, ct);
            return new VerifyReport(0, 0, size, 0, null, findings.All);
        }

        var held = (Count: 0, Size: log.Size, Time: (DateTimeOffset?)null);
        await witnesses.FillAsync(log.Size, ct);
        Compare();
        await CompareToAsync(size);
        // Retention goes on beside this: what it took meanwhile is in a record of meanwhile. The notes first: what waits no more by then has its place in what is read next.
        var waiting = PrunedPositions.Of([]);
        if (!leaves.KnowsAllThatIsGone())
        {
            waiting = await PrunedPositions.ReadWaitingAsync(db, ct);
            await CompareToAsync(await LogTiles.SizeAsync(db, ct));
        }

        await leaves.NameGoneAsync(waiting, ct);
        await witnesses.EndAsync(leaves.Broken || leaves.HasLostTheTree ? null : log.Size, ct);
        var (unsealed, lookedUpAll) = await new RowCounts(db, findings).RunAsync(input.From, leaves.Pruned, ct);
        return new VerifyReport(size - input.From, unsealed, size - held.Size, held.Count, held.Time, findings.All) { Pruned = leaves.Pruned, LookedUpAll = lookedUpAll };

        async Task CompareToAsync(long end)
        {
            await foreach (var piece in new StoredEvents(databases, trail).ReadAsync(leaves.Next, end, ct))
            {
                await witnesses.FillAsync(piece.To, ct);
                leaves.Run(log, piece, Compare);
                if (!leaves.HasLostTheTree && (log.Size % TilesEvery == 0 || log.Size == end))
                    await tiles.CompareAsync(log, ct);
                progress?.Invoke(Math.Min(piece.To, size), size);
            }

            leaves.End(end);
        }

        // The roots of the checkpoints at this size, wherever they are kept.
        void Compare()
        {
            var agreed = true;
            DateTimeOffset? time = null;
            while (witnesses.Take(log.Size) is { } next)
            {
                time = next.Checkpoint.Time;
                if (log.Root().AsSpan().SequenceEqual(next.Checkpoint.Root))
                    continue;
                agreed = false;
                if (!leaves.Broken)
                    findings.Add($"The first {log.Size} events are not those of the checkpoint in {next.Where}, signed {next.Checkpoint.Time:u}: an event from position {held.Size} to {log.Size - 1} was changed and everything after it hashed anew.", position: held.Size);
                leaves.Broken = true;
            }

            if (agreed && time is not null)
                held = (held.Count + 1, log.Size, time);
        }
    }
}
