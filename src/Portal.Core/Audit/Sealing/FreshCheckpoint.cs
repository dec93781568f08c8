using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>Has everything sealed that waits, and a checkpoint signed of it: for an export, a proof of what has just happened, a verification.</summary>
public sealed class FreshCheckpoint(IDbContextFactory<PortalDb> databases, SealEvents seal, SealingOptions options, AuditHealth health, ClockWatch clock, TimeProvider timer)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>The newest checkpoint: one that covers all events that there are at the call, where that can be had in time. What comes later is not waited for, and neither is a log that stands still.</summary>
    /// <param name="wait">How long to wait at most.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when nothing was ever signed.</returns>
    public async Task<StoredCheckpoint?> GetAsync(TimeSpan wait, CancellationToken ct)
    {
        var started = timer.GetTimestamp();
        long last;
        await using (var db = await databases.CreateDbContextAsync(ct))
            last = await db.AuditEvents.MaxAsync(e => (long?)e.Sequence, ct) ?? 0;
        long? end = null;
        while (true)
        {
            var more = false;
            SealingException? fault = null;
            try
            {
                if (options.Seals)
                    more = (await seal.ExecuteAsync(new SealOrder(CheckpointNow: true), Actor.System, ct)).Value.MoreIsPending;
            }
            catch (SealingException found)
            {
                // The health says so; what was signed before is still worth having.
                fault = found;
            }

            await using (var db = await databases.CreateDbContextAsync(ct))
            {
                var newest = await StoredCheckpoint.NewestAsync(db, ct);
                // Where the log ended once none of them waited any more. Later events make it longer, and nobody waits for those.
                if (end is null && !await WaitsAsync(db, last, ct))
                    end = await LogTiles.SizeAsync(db, ct);
                if (!options.Seals || timer.GetElapsedTime(started) >= wait || (newest?.Size ?? 0) >= end || (fault is not null && await StandsStillAsync(db, fault, ct)))
                    return newest;
            }

            if (!more)
                await Task.Delay(LookEvery, timer, ct);
        }
    }

    // Another instance may seal in a moment, or a store come back; not where neither has happened for so long, nor where there is nothing to hope for.
    private async Task<bool> StandsStillAsync(PortalDb db, SealingException fault, CancellationToken ct) =>
        fault.IsOfTheLog || (await health.LookAsync(db, clock.Now(), ct)).IsLate;

    // A note without its event, or for one that is sealed, waits for nothing that comes: 'audit verify' names it. What a transaction that is still open saves under an earlier number is waited for too, once it is there.
    private static Task<bool> WaitsAsync(PortalDb db, long last, CancellationToken ct) =>
        db.PendingSeals.AnyAsync(p => db.AuditEvents.Any(e => e.EventId == p.EventId && e.Sequence <= last) && !db.AuditLeaves.Any(l => l.EventId == p.EventId), ct);
}
