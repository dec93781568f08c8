using System.Runtime.CompilerServices;
using Portal.Core;
using Portal.Core.Catalog;

namespace Portal.Tests.World;

/// <summary>An estate in memory: the company's vaults and secrets, which tests lock, empty and take away.</summary>
public sealed class FakeVaultInventory : IVaultInventory
{
    private readonly Dictionary<string, VaultSeen> _vaults = [];
    private static readonly DateTimeOffset Made = PortalWorld.Start.AddDays(-400);

    private readonly Dictionary<string, List<SecretSeen>> _secrets = [];
    private readonly Dictionary<Guid, RoleSeen?> _roles = GrantableRole.All.ToDictionary(r => r.DefinitionId, r => (RoleSeen?)new RoleSeen(r.Actions, r.DataActions));

    public FakeVaultInventory()
    {
        AddVault("kv-payments-prod", secrets: [Secret("stripe-api-key"), Secret("ledger-db-password"), Secret("old-gateway-key", enabled: false)]);
        AddVault("kv-logistics-prod", secrets: [Secret("carrier-token")]);
        AddVault("kv-platform-prod", deleteLock: "keep-platform", secrets: [Secret("root-ca-key")]);
        AddVault("kv-legacy-erp", PermissionModel.AccessPolicies, secrets: [Secret("erp-admin")]);
    }

    /// <summary>What every call meets; null while the inventory answers.</summary>
    public CloudCallException? Fault { get; set; }

    public static SecretSeen Secret(string name, bool enabled = true) => new(name, enabled, "text/plain", null, new Dictionary<string, string>());

    public void AddVault(string name, PermissionModel model = PermissionModel.RoleAssignments, string? deleteLock = null, params SecretSeen[] secrets) =>
        AddVaultAt(Company.VaultId(name), name, model, deleteLock, secrets);

    /// <summary>Adds a vault somewhere else, for example where one of that name has moved to.</summary>
    public void AddVaultAt(string id, string name, PermissionModel model = PermissionModel.RoleAssignments, string? deleteLock = null, params SecretSeen[] secrets)
    {
        _vaults[id] = new VaultSeen(id, name, "westeurope", new Uri($"https://{name}.vault.azure.net/"), model, new Dictionary<string, string> { ["environment"] = "production", ["owner"] = name.Split('-')[1] }, deleteLock)
        {
            TenantId = Company.Tenant,
            CreatedAt = Made,
        };
        _secrets[id] = [.. secrets];
    }

    public void Lock(string vaultId, string? name) => _vaults[vaultId] = _vaults[vaultId] with { DeleteLock = name };

    public void SetModel(string vaultId, PermissionModel model) => _vaults[vaultId] = _vaults[vaultId] with { PermissionModel = model };

    public void RemoveVault(string vaultId) => _vaults.Remove(vaultId);

    /// <summary>Deletes a vault and makes another one under the same name.</summary>
    public void Recreate(string vaultId) => _vaults[vaultId] = _vaults[vaultId] with { CreatedAt = Made.AddDays(500) };

    /// <summary>Changes what a role allows; null takes the role away.</summary>
    public void SetRole(GrantableRole role, RoleSeen? allows) => _roles[role.DefinitionId] = allows;

    public void AddSecret(string vaultId, SecretSeen secret) => _secrets[vaultId].Add(secret);

    public void RemoveSecret(string secretId) => _secrets[ArmId.VaultOf(secretId)].RemoveAll(s => s.Name == ArmId.SecretOf(secretId));

    /// <summary>Subscriptions whose vaults cannot be listed.</summary>
    public HashSet<string> Unlisted { get; } = new(StringComparer.OrdinalIgnoreCase);

    public async IAsyncEnumerable<VaultSeen> ListVaultsAsync(Action<string, CloudCallException> failed, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        foreach (var subscription in Unlisted)
            failed(subscription, new CloudCallException("SubscriptionNotFound", "No.", 404, isTransient: false));
        foreach (var vault in Answer(_vaults.Values.ToList()))
            if (!Unlisted.Contains(ArmId.SubscriptionOf(vault.ArmId)))
                yield return vault;
    }

    /// <summary>Asked before a vault's secrets are listed: an exception is thrown.</summary>
    public Func<VaultSeen, Exception?>? FailSecrets { get; set; }

    public async IAsyncEnumerable<SecretSeen> ListSecretsAsync(VaultSeen vault, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        if (FailSecrets?.Invoke(vault) is { } fault)
            throw fault;
        foreach (var secret in Answer(_secrets[vault.ArmId].ToList()))
            yield return secret;
    }

    public Task<ScopeSeen> InspectAsync(string vaultArmId, string? secretName, CancellationToken ct) => Fault is not null
        ? Task.FromException<ScopeSeen>(Fault)
        : Task.FromResult(_vaults.TryGetValue(vaultArmId, out var vault)
            ? new ScopeSeen(true, vault.PermissionModel, vault.DeleteLock) { Fingerprint = vault.Fingerprint }
            : new ScopeSeen(false, PermissionModel.RoleAssignments, null));

    public Task<RoleSeen?> ReadRoleAsync(string vaultArmId, Guid roleDefinitionId, CancellationToken ct) => Fault is not null
        ? Task.FromException<RoleSeen?>(Fault)
        : Task.FromResult(_roles.GetValueOrDefault(roleDefinitionId));

    private T Answer<T>(T answer) => Fault is null ? answer : throw Fault;
}
