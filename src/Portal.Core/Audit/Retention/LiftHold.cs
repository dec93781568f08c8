using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Retention;

/// <summary>What to lift.</summary>
/// <param name="HoldId">The hold.</param>
/// <param name="Reason">Why; at most <see cref="PlaceHold.LongestReason"/>.</param>
public sealed record HoldLift(Guid HoldId, string? Reason);

/// <summary>An auditor lifts a hold: what it covered may be pruned with the next run. The directory must have confirmed them.</summary>
public sealed class LiftHold(IDbContextFactory<PortalDb> databases, IDatabaseClock databaseClock, ClockWatch clock)
{
    /// <summary>Lifts it.</summary>
    public Task<Result<Done>> ExecuteAsync(HoldLift input, Actor actor, CancellationToken ct) => databases.RunAsync<Result<Done>>(async db =>
    {
        var now = await clock.AskAsync(databaseClock, db, ct);
        var trail = new AuditTrail(db, actor, now);
        if ((actor.LacksAllOf(PortalRole.Auditor) ?? actor.IsUnconfirmed()) is { } refusal)
        {
            trail.AttemptRefused(nameof(LiftHold), refusal, AuditSubject.Nothing);
            await db.SaveChangesAsync(ct);
            return refusal;
        }

        if (PersonText.CheckRequired(input.Reason, "reason", PlaceHold.LongestReason) is { } fault)
            return fault;
        var hold = await db.LegalHolds.SingleOrDefaultAsync(h => h.Id == input.HoldId, ct);
        if (hold is null)
            return new Refusal(RefusalCode.NotFound);
        if (hold.LiftedAt is not null)
            return new Refusal(RefusalCode.HoldLifted, null, hold.LiftedBy!);
        hold.Lift(input.Reason!, actor, now);
        trail.HoldLifted(hold);
        await db.SaveChangesAsync(ct);
        return default(Done);
    }, ct);
}
