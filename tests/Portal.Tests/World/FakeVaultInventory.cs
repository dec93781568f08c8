using System.Runtime.CompilerServices;
using Portal.Core;
using Portal.Core.Catalog;

namespace Portal.Tests.World;

/// <summary>An estate in memory: the company's vaults and secrets, which tests lock, empty and take away.</summary>
public sealed class FakeVaultInventory : IVaultInventory
{
    private readonly Dictionary<string, VaultSeen> _vaults = [];
    private readonly Dictionary<string, List<SecretSeen>> _secrets = [];

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

    public void AddVault(string name, PermissionModel model = PermissionModel.RoleAssignments, string? deleteLock = null, params SecretSeen[] secrets)
    {
        var id = Company.VaultId(name);
        _vaults[id] = new VaultSeen(id, name, "westeurope", new Uri($"https://{name}.vault.azure.net/"), model, new Dictionary<string, string> { ["environment"] = "production", ["owner"] = name.Split('-')[1] }, deleteLock);
        _secrets[id] = [.. secrets];
    }

    public void Lock(string vaultId, string? name) => _vaults[vaultId] = _vaults[vaultId] with { DeleteLock = name };

    public void SetModel(string vaultId, PermissionModel model) => _vaults[vaultId] = _vaults[vaultId] with { PermissionModel = model };

    public void RemoveVault(string vaultId) => _vaults.Remove(vaultId);

    public void RemoveSecret(string secretId) => _secrets[ArmId.VaultOf(secretId)].RemoveAll(s => s.Name == ArmId.SecretOf(secretId));

    public async IAsyncEnumerable<VaultSeen> ListVaultsAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        foreach (var vault in Answer(_vaults.Values.ToList()))
            yield return vault;
    }

    public async IAsyncEnumerable<SecretSeen> ListSecretsAsync(VaultSeen vault, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        foreach (var secret in Answer(_secrets[vault.ArmId].ToList()))
            yield return secret;
    }

    public Task<ScopeSeen> InspectAsync(string vaultArmId, string? secretName, CancellationToken ct) => Fault is not null
        ? Task.FromException<ScopeSeen>(Fault)
        : Task.FromResult(_vaults.TryGetValue(vaultArmId, out var vault)
            ? new ScopeSeen(true, vault.PermissionModel, vault.DeleteLock)
            : new ScopeSeen(false, PermissionModel.RoleAssignments, null));

    private T Answer<T>(T answer) => Fault is null ? answer : throw Fault;
}
