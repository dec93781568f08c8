using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>The holder gives access back early.</summary>
public sealed class ReturnGrant(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>Gives it back.</summary>
    /// <param name="grantId">The grant.</param>
    /// <param name="actor">Who acts.</param>
    /// <param name="ct">Cancels.</param>
    public Task<Result<Done>> ExecuteAsync(Guid grantId, Actor actor, CancellationToken ct) =>
        GrantEnd.RunAsync(databases, clock, changes, grantId, nameof(ReturnGrant), reason: null, actor,
            (grant, by) => by.IsNobody() ?? (by.Is(grant.Principal) ? null : new Refusal(RefusalCode.NotFound)),
            (trail, grant) => trail.GrantReturned(grant), ct);
}

/// <summary>What an administrator says when taking access away.</summary>
/// <param name="GrantId">The grant.</param>
/// <param name="Reason">Why; must be given.</param>
public sealed record RevocationInput(Guid GrantId, string? Reason);

/// <summary>An administrator ends a grant at once, with a reason.</summary>
public sealed class RevokeGrant(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>Revokes it.</summary>
    public async Task<Result<Done>> ExecuteAsync(RevocationInput input, Actor actor, CancellationToken ct)
    {
        // Who may is settled first: bad input must not tell a stranger that they came close.
        if (actor.LacksAllOf(PortalRole.Administrator) is null && PersonText.CheckRequired(input.Reason, "reason") is { } fault)
            return fault;
        return await GrantEnd.RunAsync(databases, clock, changes, input.GrantId, nameof(RevokeGrant), input.Reason, actor,
            (_, by) => by.LacksAllOf(PortalRole.Administrator),
            (trail, grant) => trail.GrantRevoked(grant), ct);
    }
}

/// <summary>What giving back and revoking have in common: the wish is saved with its event, and the worker is told. The call itself is the worker's.</summary>
internal static class GrantEnd
{
    public static async Task<Result<Done>> RunAsync(
        IDbContextFactory<PortalDb> databases,
        ClockWatch clock,
        ChangeFeed changes,
        Guid grantId,
        string attempt,
        string? reason,
        Actor actor,
        Func<Grant, Actor, Refusal?> mayNot,
        Action<AuditTrail, Grant> record,
        CancellationToken ct)
    {
        PortalChange? change = null;
        var result = await databases.RunAsync<Result<Done>>(async db =>
        {
            var now = clock.Now();
            var trail = new AuditTrail(db, actor, now);
            var grant = await db.Grants.SingleOrDefaultAsync(g => g.Id == grantId, ct);
            if (grant is null)
                return new Refusal(RefusalCode.NotFound);
            if (mayNot(grant, actor) is { } refusal)
            {
                trail.AttemptRefused(attempt, refusal, grant.Subject());
                await db.SaveChangesAsync(ct);
                return refusal;
            }

            if (!grant.IsLive)
                return new Refusal(RefusalCode.GrantEnded);
            grant.RequestEnd(actor, reason, now);
            record(trail, grant);
            await GrantSchedule.LookNowAsync(db, grant, now, ct);
            await db.SaveChangesAsync(ct);
            change = new PortalChange(ChangeKind.Grant, grant.RequestId, grant.PrincipalObjectId);
            return default(Done);
        }, ct);
        if (change is not null)
            changes.Publish(change);
        return result;
    }
}
