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
        var notEnded = db.Grants.AsNoTracking().Where(g => g.PrincipalObjectId == request.RequesterObjectId && g.State != GrantState.Ended && g.RequestId != request.Id);
        var now = await notEnded.OrderBy(g => g.EndsAt).Take(Most).ToListAsync(ct);
        // Of many, those of this scope need not be among the first.
        var atScope = now.Count < Most ? now : await notEnded.Where(g => g.Scope == request.Scope).ToListAsync(ct);
        var here = await db.Grants.AsNoTracking()
            .Where(g => g.Scope == request.Scope && g.PrincipalObjectId == request.RequesterObjectId && g.State == GrantState.Ended && g.RequestId != request.Id)
            .OrderByDescending(g => g.Id).Take(Most).ToListAsync(ct);
        return new RequesterRecord([.. now.Select(View)], [.. here.Select(View)])
        {
            HoldsThisUntil = atScope.Where(g => g.IsLive && g.Scope == request.Scope && g.RoleDefinitionId == request.RoleDefinitionId).Max(g => (DateTimeOffset?)g.EndsAt),
        };
    }

    private static HeldAccess View(Grant grant) => new(grant.RequestReference, grant.VaultName, grant.SecretName, grant.RoleName, grant.StartsAt, grant.EndsAt, grant.EndedAt);
}
