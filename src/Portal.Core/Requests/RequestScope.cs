using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;

namespace Portal.Core.Requests;

/// <summary>A scope that may be asked for: a vault of the catalog, and the secret when it is about one.</summary>
/// <param name="Vault">The vault.</param>
/// <param name="Secret">The secret; null for the vault as a whole.</param>
internal sealed record RequestScope(Vault Vault, Secret? Secret)
{
    /// <summary>Finds a scope in the catalog.</summary>
    /// <returns>Null when the catalog has no such vault or secret.</returns>
    public static async Task<RequestScope?> FindAsync(PortalDb db, string scope, CancellationToken ct)
    {
        var armId = ArmId.Normalise(scope);
        var vaultId = ArmId.VaultOf(armId);
        var vault = await db.Vaults.AsNoTracking().SingleOrDefaultAsync(v => v.ArmId == vaultId && v.GoneAt == null, ct);
        if (vault is null || ArmId.SecretOf(armId) is null)
            return vault is null ? null : new RequestScope(vault, null);
        var secret = await db.Secrets.AsNoTracking().SingleOrDefaultAsync(s => s.ArmId == armId, ct);
        return secret is null ? null : new RequestScope(vault, secret);
    }

    /// <summary>What keeps the portal from granting anything here, as the catalog knows it. The worker looks at the cloud itself again before it grants.</summary>
    public IEnumerable<Refusal> Obstacles()
    {
        if (Secret is { DeletedAt: not null })
            yield return new Refusal(RefusalCode.SecretDeleted, "scope");
        else if (Secret is { Enabled: false })
            yield return new Refusal(RefusalCode.SecretDisabled, "scope");
        if (Vault.PermissionModel == PermissionModel.AccessPolicies)
            yield return new Refusal(RefusalCode.VaultUsesAccessPolicies, "scope");
        if (Vault.DeleteLock is { } name)
            yield return new Refusal(RefusalCode.ScopeLocked, "scope", name);
    }
}
