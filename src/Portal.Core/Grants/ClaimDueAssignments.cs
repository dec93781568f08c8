using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>A row that this worker holds, and the number under which it may save what came of it.</summary>
/// <param name="AssignmentId">The row.</param>
/// <param name="Fence">The number of the claim.</param>
/// <param name="SubscriptionId">The subscription that the calls count against.</param>
public sealed record AssignmentClaim(Guid AssignmentId, long Fence, string SubscriptionId);

/// <summary>Takes due work. A claim is a lease: whoever dies with it loses it, and whoever outlives it cannot save.</summary>
public sealed class ClaimDueAssignments(IDbContextFactory<PortalDb> databases, TimeProvider clock, GrantPace pace)
{
    /// <summary>Claims at most <paramref name="most"/> rows: the most privileged first, then the longest due.</summary>
    public async Task<Result<IReadOnlyList<AssignmentClaim>>> ExecuteAsync(int most, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        var now = clock.Now();
        await using var db = await databases.CreateDbContextAsync(ct);
        var due = await db.DesiredAssignments
            .Where(a => a.DueAt != null && a.DueAt <= now && (a.LeaseUntil == null || a.LeaseUntil <= now))
            .OrderByDescending(a => a.PrivilegeRank).ThenBy(a => a.DueAt)
            .Take(most)
            .ToListAsync(ct);

        var claims = new List<AssignmentClaim>(due.Count);
        foreach (var assignment in due)
        {
            assignment.Claim(now + pace.Lease);
            try
            {
                await db.SaveChangesAsync(ct);
                claims.Add(new AssignmentClaim(assignment.Id, assignment.Fence, assignment.SubscriptionId));
            }
            catch (DbUpdateConcurrencyException)
            {
                // Another worker took it, or something about it changed: the next poll sees it as it is then.
                db.Entry(assignment).State = EntityState.Detached;
            }
        }

        return claims;
    }

    /// <summary>Holds a claim for another <see cref="GrantPace.Lease"/>.</summary>
    /// <returns>False when the claim is lost: what is under way must not go on.</returns>
    public async Task<bool> RenewAsync(AssignmentClaim claim, CancellationToken ct)
    {
        var until = clock.Now() + pace.Lease;
        await using var db = await databases.CreateDbContextAsync(ct);
        return await db.DesiredAssignments
            .Where(a => a.Id == claim.AssignmentId && a.Fence == claim.Fence && a.LeaseUntil != null)
            .ExecuteUpdateAsync(set => set.SetProperty(a => a.LeaseUntil, until), ct) == 1;
    }
}
