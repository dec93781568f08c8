using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Policies;

/// <summary>A policy as the policies page shows it.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Version">Its version.</param>
/// <param name="EffectiveFrom">Since when this version governs.</param>
/// <param name="EarlierVersions">The versions before it, the latest first.</param>
/// <param name="MayAsk">Whether the one who looks may ask by it.</param>
/// <param name="MayApprove">Whether the one who looks may approve by it.</param>
public sealed record PolicyView(PolicyDefinition Rule, int Version, DateTimeOffset EffectiveFrom, IReadOnlyList<PolicyVersionView> EarlierVersions, bool MayAsk, bool MayApprove);

/// <summary>A version that governed once.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Version">Its version.</param>
/// <param name="From">Since when it governed.</param>
/// <param name="Until">Until when.</param>
public sealed record PolicyVersionView(PolicyDefinition Rule, int Version, DateTimeOffset From, DateTimeOffset Until);

/// <summary>What governs what, and since which version. Everyone who is signed in may know.</summary>
public sealed class ListPolicies(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Lists the policies in order of precedence.</summary>
    public async Task<Result<IReadOnlyList<PolicyView>>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNobody() is { } refusal)
            return refusal;

        await using var db = await databases.CreateDbContextAsync(ct);
        var all = await db.AccessPolicies.AsNoTracking().ToListAsync(ct);
        return all.Where(p => p.RetiredAt is null).OrderBy(p => p.Rank).Select(p => new PolicyView(
            p.Definition,
            p.Version,
            p.EffectiveFrom,
            [.. all.Where(e => e.Name == p.Name && e.RetiredAt is not null).OrderByDescending(e => e.Version)
                .Select(e => new PolicyVersionView(e.Definition, e.Version, e.EffectiveFrom, e.RetiredAt!.Value))],
            actor.Has(PortalRole.Requester) && PolicyEvaluation.IsEligible(p.Definition, actor.Groups),
            actor.Has(PortalRole.Approver) && PolicyEvaluation.IsApprover(p.Definition, actor.Groups))).ToList();
    }
}
