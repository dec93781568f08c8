using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Requests;

/// <summary>A scope with all that the request dialog needs before anything is typed.</summary>
/// <param name="Scope">Its ARM id.</param>
/// <param name="VaultName">The vault.</param>
/// <param name="SecretName">The secret; null for the vault as a whole.</param>
/// <param name="Environment">The vault's environment.</param>
/// <param name="Owner">The vault's owner.</param>
/// <param name="Obstacles">What keeps the portal from granting here.</param>
/// <param name="Offers">What the policies offer here.</param>
public sealed record RequestableScope(string Scope, string VaultName, string? SecretName, string Environment, string Owner, IReadOnlyList<Refusal> Obstacles, IReadOnlyList<Offer> Offers);

/// <summary>Shows one vault or secret of the catalog, by its ARM id.</summary>
public sealed class GetCatalogEntry(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Shows it.</summary>
    public async Task<Result<RequestableScope>> ExecuteAsync(string scope, Actor actor, CancellationToken ct)
    {
        if (actor.IsNobody() is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        if (await RequestScope.FindAsync(db, scope, ct) is not { } found)
            return new Refusal(RefusalCode.ScopeUnknown, "scope");
        var policies = await db.AccessPolicies.AsNoTracking().Where(p => p.RetiredAt == null).OrderBy(p => p.Rank).ToListAsync(ct);
        return new RequestableScope(
            found.Secret?.ArmId ?? found.Vault.ArmId,
            found.Vault.Name,
            found.Secret?.Name,
            found.Vault.Environment,
            found.Vault.Owner,
            [.. found.Obstacles()],
            BrowseCatalog.OffersAt(policies, found.Vault.Name, found.Secret?.Name, actor));
    }
}
