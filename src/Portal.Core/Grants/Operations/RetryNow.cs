using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Operations;

/// <summary>What to try again now.</summary>
/// <param name="AssignmentId">One piece of work; null for everything that fails.</param>
public sealed record RetryInput(Guid? AssignmentId);

/// <summary>An administrator has the next try made now instead of when the wait is over. What a worker holds at the moment is tried anyway.</summary>
public sealed class RetryNow(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>Has it tried.</summary>
    /// <returns>How many are tried; none when what was asked for is not failing.</returns>
    public async Task<Result<int>> ExecuteAsync(RetryInput input, Actor actor, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var now = clock.Now();
        var trail = new AuditTrail(db, actor, now);
        if (actor.LacksAllOf(PortalRole.Administrator) is { } refusal)
        {
            trail.AttemptRefused(nameof(RetryNow), refusal, AuditSubject.Nothing);
            await db.SaveChangesAsync(ct);
            return refusal;
        }

        var failing = WorkQuery.Failing(db);
        var subject = AuditSubject.Nothing;
        if (input.AssignmentId is { } id)
        {
            failing = failing.Where(a => a.Id == id);
            if (await failing.AsNoTracking().SingleOrDefaultAsync(ct) is not { } row)
                return new Refusal(RefusalCode.NothingToRetry);
            var grant = await db.Grants.AsNoTracking().Where(g => g.AssignmentId == id && g.State != GrantState.Ended).OrderBy(g => g.EndsAt).FirstOrDefaultAsync(ct);
            subject = grant?.Subject() ?? await SubjectAsync(db, row, ct);
        }

        // The wish is recorded first: what follows is a call to the provider that somebody brought about.
        trail.RetryAsked(subject, input.AssignmentId is null);
        await db.SaveChangesAsync(ct);
        var moved = await failing.Where(a => a.LeaseUntil == null || a.LeaseUntil <= now)
            .ExecuteUpdateAsync(set => set.SetProperty(a => a.DueAt, a => now).SetProperty(a => a.Revision, a => a.Revision + 1), ct);
        changes.Publish(new PortalChange(ChangeKind.Grant));
        return moved;
    }

    private static async Task<AuditSubject> SubjectAsync(PortalDb db, DesiredAssignment row, CancellationToken ct)
    {
        var names = await ScopeNames.OfAsync(db, row.Scope, ct);
        return new AuditSubject { Principal = row.Principal, Scope = row.Scope, VaultName = names.Vault, SecretName = names.Secret };
    }
}
