using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;

namespace Portal.Core.Approvals;

/// <summary>What a yes has to rest on besides the policy version that the request pinned: that policy as it is in force now, and the scope as the catalog knows it now. Where the two versions differ the stricter counts. A no asks for none of this.</summary>
/// <param name="Pinned">The version that the request pinned.</param>
/// <param name="Current">The version in force of the same policy; null when it was withdrawn.</param>
/// <param name="Scope">The vault and the secret; null when the catalog has them no more.</param>
internal sealed record ApprovalGround(AccessPolicy Pinned, AccessPolicy? Current, RequestScope? Scope)
{
    /// <summary>Reads it for one request.</summary>
    public static async Task<ApprovalGround> ReadAsync(PortalDb db, AccessRequest request, CancellationToken ct) => (await ReadAllAsync(db, [request], ct))[0];

    /// <summary>Reads it for a page of requests, in their order: as many queries for fifty as for one.</summary>
    public static async Task<IReadOnlyList<ApprovalGround>> ReadAllAsync(PortalDb db, IReadOnlyList<AccessRequest> requests, CancellationToken ct)
    {
        if (requests.Count == 0)
            return [];
        var names = requests.Select(r => r.PolicyName).Distinct().ToList();
        var pinned = requests.Select(r => r.PolicyId).Distinct().ToList();
        var policies = await db.AccessPolicies.AsNoTracking().Where(p => names.Contains(p.Name) && (p.RetiredAt == null || pinned.Contains(p.Id))).ToListAsync(ct);
        var (byId, inForce) = (policies.ToDictionary(p => p.Id), policies.Where(p => p.RetiredAt is null).ToDictionary(p => p.Name));
        var scopes = requests.Select(r => r.Scope).Distinct().ToList();
        var vaultIds = scopes.Select(ArmId.VaultOf).Distinct().ToList();
        var vaults = await db.Vaults.AsNoTracking().Where(v => vaultIds.Contains(v.ArmId) && v.GoneAt == null).ToDictionaryAsync(v => v.ArmId, ct);
        var secrets = await db.Secrets.AsNoTracking().Where(s => scopes.Contains(s.ArmId)).ToDictionaryAsync(s => s.ArmId, ct);
        return [.. requests.Select(r => new ApprovalGround(byId[r.PolicyId], inForce.GetValueOrDefault(r.PolicyName), ScopeOf(r)))];

        RequestScope? ScopeOf(AccessRequest request)
        {
            var secret = request.SecretName is null ? null : secrets.GetValueOrDefault(request.Scope);
            return vaults.GetValueOrDefault(ArmId.VaultOf(request.Scope)) is { } vault && (secret is not null || request.SecretName is null) ? new RequestScope(vault, secret) : null;
        }
    }

    /// <summary>Refuses someone whom the policy names no more, whoever the pinned version named.</summary>
    /// <returns>Null when they may go on, and when there is no such policy any more: then nobody may, which <see cref="Lacking"/> says.</returns>
    public Refusal? NotTheirs(Actor actor) => Current is { Definition: var rule } && !PolicyEvaluation.IsApprover(rule, actor.Groups)
        ? new Refusal(RefusalCode.NotApproverNow, null, rule.Name, PolicyEvaluation.Names(rule.Approvers))
        : null;

    /// <summary>Why nobody can approve a request now.</summary>
    /// <returns>Null when nothing is known to be in the way.</returns>
    public Refusal? Lacking(AccessRequest request, DateTimeOffset now)
    {
        if (Current?.Definition is not { } rule || GrantableRole.Find(request.RoleDefinitionId) is not { } role || !rule.Covers(new Entitlement(request.VaultName, request.SecretName, role)))
            return new Refusal(RefusalCode.PolicyWithdrawn, null, request.PolicyName);
        // By the way that was pinned, because it is given by that. What would lapse now says so itself; this is for what is pending from before it did.
        var given = request.Window.LengthIfApprovedAt(now);
        if (given < request.LeastOf(Pinned))
            return new Refusal(RefusalCode.TooLittleLeft, null, (int)request.LeastOf(Pinned).TotalMinutes);
        // What was asked for is given, or nothing: no window is shortened.
        if (given > rule.LongestWindow)
            return new Refusal(RefusalCode.WindowTooLongNow, null, rule.Name, (int)rule.LongestWindow.TotalMinutes, (int)Math.Ceiling(given.TotalMinutes));
        return Scope is null ? new Refusal(RefusalCode.ScopeGone) : Scope.Obstacles().FirstOrDefault();
    }

    /// <summary>Whether someone in these groups may have it by the policy as it is; also when there is none any more.</summary>
    public bool IsEligible(IReadOnlySet<Guid> groups) => Current is null || PolicyEvaluation.IsEligible(Current.Definition, groups);
}
