using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>Has everything sealed that waits, and a checkpoint signed of it: for an export, a proof of what has just happened, a verification.</summary>
public sealed class FreshCheckpoint(IDbContextFactory<PortalDb> databases, SealEvents seal, SealingOptions options, AuditHealth health, ClockWatch clock, TimeProvider timer)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>The newest checkpoint: one that covers all events of now where that can be had in time. A log that stands still is not waited for.</summary>
    /// <param name="wait">How long to wait at most.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when nothing was ever signed.</returns>
    public async Task<AuditCheckpoint?> GetAsync(TimeSpan wait, CancellationToken ct)
    {
        var started = timer.GetTimestamp();
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
                var newest = await db.AuditCheckpoints.AsNoTracking().OrderByDescending(c => c.Size).FirstOrDefaultAsync(ct);
                if (!options.Seals || timer.GetElapsedTime(started) >= wait || await CoversAllAsync(db, newest, ct) || (fault is not null && await StandsStillAsync(db, fault, ct)))
                    return newest;
            }

            if (!more)
                await Task.Delay(LookEvery, timer, ct);
        }
    }

    // Another instance may seal in a moment, or a store come back; not where neither has happened for so long, nor where there is nothing to hope for.
    private async Task<bool> StandsStillAsync(PortalDb db, SealingException fault, CancellationToken ct) =>
        fault.IsOfTheLog || (await health.LookAsync(db, clock.Now(), ct)).IsLate;

    // A note without its event, or for one that is sealed, waits for nothing that comes: 'audit verify' names it.
    private static async Task<bool> CoversAllAsync(PortalDb db, AuditCheckpoint? newest, CancellationToken ct) =>
        !await db.PendingSeals.AnyAsync(p => db.AuditEvents.Any(e => e.EventId == p.EventId) && !db.AuditLeaves.Any(l => l.EventId == p.EventId), ct)
        && await LogTiles.SizeAsync(db, ct) == (newest?.Size ?? 0);
}
