using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Catalog;

/// <summary>What a sync found.</summary>
/// <param name="Vaults">Vaults seen.</param>
/// <param name="Secrets">Secrets seen.</param>
/// <param name="Unlisted">Vaults whose secrets could not be listed; what was known of them is kept.</param>
public sealed record CatalogSync(int Vaults, int Secrets, int Unlisted)
{
    /// <summary>Vaults among them that the catalog did not know, or knew as gone: nobody has compared their assignments yet.</summary>
    public int NewVaults { get; init; }
}

/// <summary>Brings the catalog up to what exists. A vault that cannot be listed keeps what was known of it, and says so.</summary>
public sealed partial class SyncCatalog(IDbContextFactory<PortalDb> databases, IVaultInventory inventory, TimeProvider clock, ChangeFeed changes, ILogger<SyncCatalog> logger)
{
    /// <summary>Syncs.</summary>
    /// <exception cref="CloudCallException">The vaults themselves could not be listed; nothing was changed.</exception>
    public async Task<Result<CatalogSync>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        var seen = new List<VaultSeen>();
        await foreach (var vault in inventory.ListVaultsAsync(ct))
            seen.Add(vault);

        int fresh;
        await using (var db = await databases.CreateDbContextAsync(ct))
            fresh = await SyncVaultsAsync(db, seen, ct);

        int secrets = 0, unlisted = 0;
        foreach (var vault in seen)
        {
            var count = await SyncSecretsAsync(vault, ct);
            secrets += count ?? 0;
            unlisted += count is null ? 1 : 0;
        }

        changes.Publish(new PortalChange(ChangeKind.Catalog));
        return new CatalogSync(seen.Count, secrets, unlisted) { NewVaults = fresh };
    }

    private async Task<int> SyncVaultsAsync(PortalDb db, IReadOnlyList<VaultSeen> seen, CancellationToken ct)
    {
        var now = clock.Now();
        var known = await db.Vaults.ToDictionaryAsync(v => v.ArmId, ct);
        var fresh = 0;
        foreach (var vault in seen)
        {
            if (known.Remove(ArmId.Normalise(vault.ArmId), out var row))
            {
                fresh += row.GoneAt is null ? 0 : 1;
                row.Update(vault, now);
            }
            else
            {
                fresh++;
                db.Vaults.Add(new Vault(vault, now));
            }
        }

        foreach (var gone in known.Values)
            gone.MarkGone(now);
        await db.SaveChangesAsync(ct);
        return fresh;
    }

    private async Task<int?> SyncSecretsAsync(VaultSeen seen, CancellationToken ct)
    {
        var now = clock.Now();
        await using var db = await databases.CreateDbContextAsync(ct);
        var armId = ArmId.Normalise(seen.ArmId);
        var vault = await db.Vaults.SingleAsync(v => v.ArmId == armId, ct);
        var listed = new List<SecretSeen>();
        try
        {
            await foreach (var secret in inventory.ListSecretsAsync(seen, ct))
                listed.Add(secret);
        }
        catch (CloudCallException fault)
        {
            LogNotListed(logger, vault.Name, fault.Code, fault.Message);
            vault.NoteListing(fault.Code);
            await db.SaveChangesAsync(ct);
            return null;
        }

        vault.NoteListing(null);
        var known = await db.Secrets.Where(s => s.VaultId == vault.Id).ToDictionaryAsync(s => s.ArmId, ct);
        foreach (var secret in listed)
        {
            if (known.Remove(ArmId.OfSecret(vault.ArmId, secret.Name), out var row))
                row.Update(secret, now);
            else
                db.Secrets.Add(row = new Secret(vault, secret, now));
            row.Index(vault);
        }

        foreach (var deleted in known.Values)
            deleted.MarkDeleted(now);
        await db.SaveChangesAsync(ct);
        return listed.Count;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The secrets of {Vault} could not be listed ({Code}): {Text}")]
    private static partial void LogNotListed(ILogger logger, string vault, string code, string text);
}
