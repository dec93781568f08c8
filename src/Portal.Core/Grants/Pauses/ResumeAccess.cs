using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Pauses;

/// <summary>An administrator lifts a pause: what waited under it, and whose time has not run out meanwhile, is given now.</summary>
public sealed class ResumeAccess(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>Lifts it.</summary>
    /// <param name="pauseId">The pause.</param>
    /// <param name="actor">Who acts. It widens access, so the directory must have confirmed them.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<Result<Done>> ExecuteAsync(Guid pauseId, Actor actor, CancellationToken ct)
    {
        var result = await databases.RunAsync(db => LiftAsync(db, pauseId, actor, ct), ct);
        if (!result.Succeeded)
            return result;
        await PausesInForce.LookNowAsync(databases, db => db.Grants.Where(g => g.PauseId == pauseId), clock.Now(), ct);
        PauseAccess.Publish(changes);
        return result;
    }

    private async Task<Result<Done>> LiftAsync(PortalDb db, Guid pauseId, Actor actor, CancellationToken ct)
    {
        var now = clock.Now();
        var trail = new AuditTrail(db, actor, now);
        var pause = await db.AccessPauses.SingleOrDefaultAsync(p => p.Id == pauseId, ct);
        if ((actor.LacksAllOf(PortalRole.Administrator) ?? actor.IsUnconfirmed()) is { } refusal)
        {
            trail.AttemptRefused(nameof(ResumeAccess), refusal, pause?.Subject.AuditSubject() ?? AuditSubject.Nothing);
            await db.SaveChangesAsync(ct);
            return refusal;
        }

        if (pause is null)
            return new Refusal(RefusalCode.NotFound);
        if (pause.LiftedAt is not null)
            return new Refusal(RefusalCode.PauseLifted, null, pause.LiftedBy!);
        if (pause.IsTakingBack)
            return new Refusal(RefusalCode.PauseTakingBack);
        pause.Lift(actor, now);
        trail.AccessResumed(pause);
        await db.SaveChangesAsync(ct);
        return default(Done);
    }
}
