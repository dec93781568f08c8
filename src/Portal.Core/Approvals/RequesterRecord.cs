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

    /// <summary>Reads them for a page of requests, in their order: as many queries for fifty as for one, and of each no more rows than are shown. Says the same as <see cref="ReadAsync"/>, which is plainer for one.</summary>
    internal static async Task<IReadOnlyList<RequesterRecord>> ReadAllAsync(PortalDb db, IReadOnlyList<AccessRequest> requests, CancellationToken ct)
    {
        if (requests.Count == 0)
            return [];
        var ids = requests.Select(r => r.Id).ToList();
        var people = requests.Select(r => r.RequesterObjectId).Distinct().ToList();
        var scopes = requests.Select(r => r.Scope).Distinct().ToList();
        var page = db.AccessRequests.Where(r => ids.Contains(r.Id));
        // People and scopes stand in these although the joins say the same: they lead to an index, and what is numbered within each is then little.
        var notEnded = db.Grants.AsNoTracking().Where(g => people.Contains(g.PrincipalObjectId) && g.State != GrantState.Ended && !ids.Contains(g.RequestId));
        var ended = db.Grants.AsNoTracking().Where(g => scopes.Contains(g.Scope) && people.Contains(g.PrincipalObjectId) && g.State == GrantState.Ended && !ids.Contains(g.RequestId));

        var now = (await page.Select(r => r.RequesterObjectId).Distinct()
            .SelectMany(person => notEnded.Where(g => g.PrincipalObjectId == person).OrderBy(g => g.EndsAt).Take(Most)).ToListAsync(ct)).ToLookup(g => g.PrincipalObjectId);
        // Of many, those of a scope need not be among the first.
        var atScopes = people.All(p => now[p].Count() < Most) ? [.. now.SelectMany(g => g)] : await notEnded.Where(g => scopes.Contains(g.Scope)).ToListAsync(ct);
        var here = (await page.Select(r => new { r.RequesterObjectId, r.Scope }).Distinct()
            .SelectMany(at => ended.Where(g => g.Scope == at.Scope && g.PrincipalObjectId == at.RequesterObjectId).OrderByDescending(g => g.Id).Take(Most)).ToListAsync(ct)).ToLookup(g => (g.PrincipalObjectId, g.Scope));
        return [.. requests.Select(r => new RequesterRecord(
            [.. now[r.RequesterObjectId].OrderBy(g => g.EndsAt).Select(View)],
            [.. here[(r.RequesterObjectId, r.Scope)].OrderByDescending(g => g.Id).Select(View)])
        {
            HoldsThisUntil = atScopes.Where(g => g.IsLive && g.PrincipalObjectId == r.RequesterObjectId && g.Scope == r.Scope && g.RoleDefinitionId == r.RoleDefinitionId).Max(g => (DateTimeOffset?)g.EndsAt),
        })];
    }

    private static HeldAccess View(Grant grant) => new(grant.RequestReference, grant.VaultName, grant.SecretName, grant.RoleName, grant.StartsAt, grant.EndsAt, grant.EndedAt);
}
