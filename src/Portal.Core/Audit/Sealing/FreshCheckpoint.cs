using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>Has everything sealed that waits, and a checkpoint signed of it: for an export, a proof of what has just happened, a verification.</summary>
public sealed class FreshCheckpoint(IDbContextFactory<PortalDb> databases, SealEvents seal, SealingOptions options, TimeProvider clock)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>The newest checkpoint: one that covers all events of now where that can be had in time.</summary>
    /// <param name="wait">How long to wait at most.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when nothing was ever signed.</returns>
    public async Task<AuditCheckpoint?> GetAsync(TimeSpan wait, CancellationToken ct)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            var more = false;
            try
            {
                if (options.Seals)
                    more = (await seal.ExecuteAsync(new SealOrder(CheckpointNow: true), Actor.System, ct)).Value.MoreIsPending;
            }
            catch (SealingException)
            {
                // The health says so; what was signed before is still worth having.
            }

            await using (var db = await databases.CreateDbContextAsync(ct))
            {
                var newest = await db.AuditCheckpoints.AsNoTracking().OrderByDescending(c => c.Size).FirstOrDefaultAsync(ct);
                var covered = !await db.PendingSeals.AnyAsync(ct) && await LogTiles.SizeAsync(db, ct) == (newest?.Size ?? 0);
                if (covered || !options.Seals || clock.GetElapsedTime(started) >= wait)
                    return newest;
            }

            if (!more)
                await Task.Delay(LookEvery, clock, ct);
        }
    }
}
