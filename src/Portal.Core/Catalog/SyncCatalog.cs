using System.Collections.Concurrent;
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
    /// <summary>Subscriptions whose vaults could not be listed; what was known of them is kept.</summary>
    public int FailedSubscriptions { get; init; }

    /// <summary>Vaults among them that the catalog did not know, or knew as gone: nobody has compared their assignments yet.</summary>
    public int NewVaults { get; init; }
}

/// <summary>Brings the catalog up to what exists. A subscription or a vault that cannot be listed keeps what was known of it, and says so; it holds up no other.</summary>
public sealed partial class SyncCatalog(IDbContextFactory<PortalDb> databases, IVaultInventory inventory, CatalogReach reach, TimeProvider clock, ChangeFeed changes, ILogger<SyncCatalog> logger)
{
    /// <summary>Syncs.</summary>
    /// <exception cref="CloudCallException">The subscriptions themselves could not be listed; nothing was changed.</exception>
    public async Task<Result<CatalogSync>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        var (seen, failed) = await LookAsync(ct);
        int fresh;
        await using (var db = await databases.CreateDbContextAsync(ct))
            fresh = await SyncVaultsAsync(db, seen, failed, ct);

        var secrets = 0;
        var faults = new ConcurrentQueue<(CatalogVault Vault, CloudCallException Fault)>();
        await VaultLanes.RunEachAsync(
            seen.Select(v => new CatalogVault(v.Key, v.Value.Name)),
            async (vault, token) =>
            {
                try
                {
                    Interlocked.Add(ref secrets, await SyncSecretsAsync(seen[vault.ArmId], token));
                }
                catch (DbUpdateException fault)
                {
                    // One that the database does not take keeps what was known of it, like one that cannot be listed.
                    LogNotKept(logger, fault, vault.Name);
                    throw new CloudCallException(AttentionCode.UnreadableAnswer, "The database does not take what the vault says.", null, isTransient: false, inner: fault);
                }
            },
            (vault, fault) => faults.Enqueue((vault, fault)),
            clock,
            ct);
        foreach (var (vault, fault) in faults)
            await NoteAsync(vault, fault, ct);

        changes.Publish(new PortalChange(ChangeKind.Catalog));
        return new CatalogSync(seen.Count, secrets, faults.Count) { NewVaults = fresh, FailedSubscriptions = failed.Count };
    }

    private async Task<(Dictionary<string, VaultSeen> Seen, HashSet<string> Failed)> LookAsync(CancellationToken ct)
    {
        // What changes its place while a list is read may be on two pages.
        var seen = new Dictionary<string, VaultSeen>();
        var failed = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        string? code = null;
        var vaults = inventory.ListVaultsAsync(
            (subscription, fault) =>
            {
                failed.Add(subscription);
                code ??= fault.Code;
                LogSubscriptionNotListed(logger, subscription, fault.Code, fault.Message);
            },
            ct);
        try
        {
            await foreach (var vault in vaults)
                seen[ArmId.Normalise(vault.ArmId)] = vault;
        }
        catch (CloudCallException fault)
        {
            reach.Note(new CatalogProblem(CatalogProblemKind.Unreachable, fault.Code, 0));
            throw;
        }

        reach.Note(failed.Count > 0 ? new CatalogProblem(CatalogProblemKind.Partly, code, failed.Count) : seen.Count == 0 ? new CatalogProblem(CatalogProblemKind.Empty, null, 0) : null);
        return (seen, failed);
    }

    private async Task<int> SyncVaultsAsync(PortalDb db, IReadOnlyDictionary<string, VaultSeen> seen, IReadOnlySet<string> failed, CancellationToken ct)
    {
        var now = clock.Now();
        var known = await db.Vaults.ToDictionaryAsync(v => v.ArmId, ct);
        var fresh = 0;
        foreach (var (armId, vault) in seen)
        {
            if (known.Remove(armId, out var row))
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

        foreach (var gone in known.Values.Where(v => !failed.Contains(ArmId.SubscriptionOf(v.ArmId))))
            gone.MarkGone(now);
        await db.SaveChangesAsync(ct);
        return fresh;
    }

    private async Task NoteAsync(CatalogVault failed, CloudCallException fault, CancellationToken ct)
    {
        LogNotListed(logger, failed.Name, fault.Code, fault.Message);
        await using var db = await databases.CreateDbContextAsync(ct);
        (await db.Vaults.SingleAsync(v => v.ArmId == failed.ArmId, ct)).NoteListing(fault.Code);
        await db.SaveChangesAsync(ct);
    }

    private async Task<int> SyncSecretsAsync(VaultSeen seen, CancellationToken ct)
    {
        var now = clock.Now();
        var armId = ArmId.Normalise(seen.ArmId);
        var listed = new Dictionary<string, SecretSeen>();
        await foreach (var secret in inventory.ListSecretsAsync(seen, ct))
            listed[ArmId.OfSecret(armId, secret.Name)] = secret;

        await using var db = await databases.CreateDbContextAsync(ct);
        var vault = await db.Vaults.SingleAsync(v => v.ArmId == armId, ct);
        vault.NoteListing(null);
        var known = await db.Secrets.Where(s => s.VaultId == vault.Id).ToDictionaryAsync(s => s.ArmId, ct);
        foreach (var (id, secret) in listed)
        {
            if (known.Remove(id, out var row))
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

    [LoggerMessage(Level = LogLevel.Error, Message = "The vaults of subscription {Subscription} could not be listed ({Code}); what was known of them stays: {Text}")]
    private static partial void LogSubscriptionNotListed(ILogger logger, string subscription, string code, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database does not take the secrets of {Vault}; what was known of them stays")]
    private static partial void LogNotKept(ILogger logger, Exception fault, string vault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The secrets of {Vault} could not be listed ({Code}): {Text}")]
    private static partial void LogNotListed(ILogger logger, string vault, string code, string text);
}
