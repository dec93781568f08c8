using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Catalog;

/// <summary>What the vault and the secret of a scope are called.</summary>
/// <param name="Vault">The vault.</param>
/// <param name="Secret">The secret; null for the vault as a whole.</param>
internal sealed record ScopeNames(string Vault, string? Secret)
{
    /// <summary>As the catalog names them, so that a filter by name finds all that is about one secret; as the scope itself does, what the catalog does not know.</summary>
    /// <param name="db">The database.</param>
    /// <param name="scope">The scope, in Azure's writing or in the portal's.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<ScopeNames> OfAsync(PortalDb db, string scope, CancellationToken ct)
    {
        var armId = ArmId.Normalise(scope);
        var vaultId = ArmId.VaultOf(armId);
        var vault = await db.Vaults.Where(v => v.ArmId == vaultId).Select(v => v.Name).SingleOrDefaultAsync(ct);
        var secret = ArmId.SecretOf(armId) is null ? null : await db.Secrets.Where(s => s.ArmId == armId).Select(s => s.Name).SingleOrDefaultAsync(ct);
        return new ScopeNames(vault ?? ArmId.VaultOf(scope).Split('/')[^1], secret ?? ArmId.SecretOf(scope));
    }
}
