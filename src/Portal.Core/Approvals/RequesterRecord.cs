using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Requests;

namespace Portal.Core.Approvals;

/// <summary>Access that somebody holds or held: what an approver wants to know of the one who asks.</summary>
/// <param name="RequestReference">The request behind it.</param>
/// <param name="VaultName">The vault.</param>
/// <param name="SecretName">The secret; null for the vault as a whole.</param>
/// <param name="RoleName">The role.</param>
/// <param name="StartsAt">From when.</param>
/// <param name="EndsAt">Until when it was promised.</param>
/// <param name="EndedAt">When it was over; null while it is not.</param>
public sealed record HeldAccess(string RequestReference, string VaultName, string? SecretName, string RoleName, DateTimeOffset StartsAt, DateTimeOffset EndsAt, DateTimeOffset? EndedAt);

/// <summary>What the one who asks holds, anywhere, and held before, on this scope.</summary>
/// <param name="HoldsNow">What is not over: held now, or promised for later. At most <see cref="Most"/>, the first to end first.</param>
/// <param name="HeldHere">At most <see cref="Most"/>, the latest first.</param>
public sealed record RequesterRecord(IReadOnlyList<HeldAccess> HoldsNow, IReadOnlyList<HeldAccess> HeldHere)
{
    /// <summary>How many of each are read: as many may be all, or some of more.</summary>
    public const int Most = 10;

    /// <summary>Until when they have, or will have, the very role at the very scope that they ask for: then they ask for more time. Null when they do not.</summary>
    public DateTimeOffset? HoldsThisUntil { get; init; }

    internal static async Task<RequesterRecord> ReadAsync(PortalDb db, AccessRequest request, CancellationToken ct)
    {
        var now = await db.Grants.AsNoTracking()
            .Where(g => g.PrincipalObjectId == request.RequesterObjectId && g.State != GrantState.Ended && g.RequestId != request.Id)
            .OrderBy(g => g.EndsAt).Take(Most).ToListAsync(ct);
        var here = await db.Grants.AsNoTracking()
            .Where(g => g.Scope == request.Scope && g.PrincipalObjectId == request.RequesterObjectId && g.State == GrantState.Ended && g.RequestId != request.Id)
            .OrderByDescending(g => g.Id).Take(Most).ToListAsync(ct);
        return new RequesterRecord([.. now.Select(View)], [.. here.Select(View)])
        {
            HoldsThisUntil = now.Count < Most ? ThisOf(now.AsQueryable(), request).Max(g => (DateTimeOffset?)g.EndsAt) : await ThisOf(db.Grants.AsNoTracking(), request).MaxAsync(g => (DateTimeOffset?)g.EndsAt, ct),
        };
    }

    private static IQueryable<Grant> ThisOf(IQueryable<Grant> grants, AccessRequest request) => grants.Where(g =>
        g.PrincipalObjectId == request.RequesterObjectId && g.RequestId != request.Id && g.Scope == request.Scope && g.RoleDefinitionId == request.RoleDefinitionId
        && (g.State == GrantState.Scheduled || g.State == GrantState.Provisioning || g.State == GrantState.Active));

    private static HeldAccess View(Grant grant) => new(grant.RequestReference, grant.VaultName, grant.SecretName, grant.RoleName, grant.StartsAt, grant.EndsAt, grant.EndedAt);
}
