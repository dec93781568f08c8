using System.Runtime.CompilerServices;
using Azure.Core;
using Azure.Security.KeyVault.Secrets;
using Portal.Azure.Connection;
using Portal.Core;
using Portal.Core.Catalog;

namespace Portal.Azure.Inventory;

/// <summary>Vaults and locks from Resource Manager, secrets' metadata from Key Vault.</summary>
internal sealed class ResourceManagerVaultInventory(CloudConnection connection, VaultClients vaults) : IVaultInventory
{
    public async IAsyncEnumerable<VaultSeen> ListVaultsAsync(Action<string, CloudCallException> failed, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var subscription in await SubscriptionsAsync(ct))
        {
            CloudCallException? broken = null;
            await foreach (var vault in ListVaultsAsync(subscription, ct).EndingAt((fault, _) => (broken = fault) is not null, ct))
                yield return vault;
            if (broken is not null)
                failed(subscription.ToString(), broken);
        }
    }

    /// <remarks>
    /// Secrets that a certificate manages are left out: they are the certificate's private key, and who may have that is decided
    /// where the certificate is managed.
    /// </remarks>
    public async IAsyncEnumerable<SecretSeen> ListSecretsAsync(VaultSeen vault, [EnumeratorCancellation] CancellationToken ct)
    {
        if (vault.PermissionModel == PermissionModel.AccessPolicies)
            throw new CloudCallException(AttentionCode.AccessPolicyVault, $"{vault.Name} goes by access policies: role assignments have no effect there.", null, isTransient: false);
        var client = vaults.For(vault.VaultUri);
        var trail = new PageTrail(client.VaultUri);
        await using var pages = client.GetPropertiesOfSecretsAsync(ct).AsPages().GetAsyncEnumerator(ct);
        while (await CloudFaults.GuardAsync(async () => await pages.MoveNextAsync(), ct))
        {
            trail.Next(pages.Current.ContinuationToken);
            foreach (var secret in pages.Current.Values)
                if (!secret.Managed)
                    yield return Read(secret);
        }
    }

    public async Task<ScopeSeen> InspectAsync(string vaultArmId, string? secretName, CancellationToken ct)
    {
        var scope = ArmScope.Parse(secretName is null ? vaultArmId : $"{vaultArmId}/secrets/{secretName}");
        var locks = At(SubscriptionId(scope.SubscriptionId)).ListLocksAsync(ct);
        try
        {
            var vault = await At(scope.VaultId).GetVaultAsync(ct);
            return new ScopeSeen(true, vault.PermissionModel, ArmLock.Over(scope.Id.ToString(), await locks)) { Fingerprint = vault.Fingerprint };
        }
        catch (CloudCallException e) when (CloudFaults.IsMissing(e))
        {
            return new ScopeSeen(false, PermissionModel.RoleAssignments, null);
        }
        finally
        {
            // Without its vault the list of locks matters to nobody; still nothing may be left running or unobserved.
            await locks.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    public async Task<RoleSeen?> ReadRoleAsync(string vaultArmId, Guid roleDefinitionId, CancellationToken ct)
    {
        try
        {
            return await At(ArmScope.Parse(vaultArmId).Id).GetRoleAsync(roleDefinitionId, ct);
        }
        catch (CloudCallException e) when (e is { Status: 404, Code: "RoleDefinitionDoesNotExist" })
        {
            return null;
        }
    }

    private async IAsyncEnumerable<VaultSeen> ListVaultsAsync(Guid subscription, [EnumeratorCancellation] CancellationToken ct)
    {
        var operations = At(SubscriptionId(subscription));
        var locks = await operations.ListLocksAsync(ct);
        await foreach (var vault in operations.ListVaultsAsync(locks, ct))
            yield return vault;
    }

    private async Task<IReadOnlyList<Guid>> SubscriptionsAsync(CancellationToken ct)
    {
        if (connection.Options.Subscriptions.Count > 0)
            return [.. connection.Options.Subscriptions.Select(Guid.Parse).Distinct()];
        var found = new List<Guid>();
        await foreach (var (id, state) in At(ResourceIdentifier.Root).ListSubscriptionsAsync(ct))
            if (state != "Deleted")
                found.Add(id);
        return found;
    }

    private static SecretSeen Read(SecretProperties secret) =>
        new(secret.Name, secret.Enabled ?? true, secret.ContentType, secret.ExpiresOn, new Dictionary<string, string>(secret.Tags, StringComparer.OrdinalIgnoreCase));

    private static ResourceIdentifier SubscriptionId(Guid id) => new($"/subscriptions/{id}");

    private VaultOperations At(ResourceIdentifier id) => new(connection.Arm, id);
}
