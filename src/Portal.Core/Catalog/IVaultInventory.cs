namespace Portal.Core.Catalog;

/// <summary>The seam to the vaults that exist. Reads names and metadata, never a value. Implementations throw <see cref="CloudCallException"/>.</summary>
public interface IVaultInventory
{
    /// <summary>All vaults that the portal's identity can see, in all its subscriptions.</summary>
    /// <param name="failed">Told of each subscription that could not be read to its end, and why; the others are.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="CloudCallException">The subscriptions themselves could not be listed.</exception>
    IAsyncEnumerable<VaultSeen> ListVaultsAsync(Action<string, CloudCallException> failed, CancellationToken ct);

    /// <summary>The secrets of one vault.</summary>
    IAsyncEnumerable<SecretSeen> ListSecretsAsync(VaultSeen vault, CancellationToken ct);

    /// <summary>Looks at a scope just before something is granted there.</summary>
    /// <param name="vaultArmId">The vault.</param>
    /// <param name="secretName">The secret, or null for the vault as a whole.</param>
    /// <param name="ct">Cancels.</param>
    Task<ScopeSeen> InspectAsync(string vaultArmId, string? secretName, CancellationToken ct);

    /// <summary>Reads what a role allows now.</summary>
    /// <param name="vaultArmId">The vault at which it is to be given.</param>
    /// <param name="roleDefinitionId">The role definition's GUID.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when there is no such role.</returns>
    Task<RoleSeen?> ReadRoleAsync(string vaultArmId, Guid roleDefinitionId, CancellationToken ct);
}

/// <summary>What a role allows. What it takes out again is left aside: the portal judges by what is given.</summary>
/// <param name="Actions">On resources.</param>
/// <param name="DataActions">On data.</param>
public sealed record RoleSeen(IReadOnlyList<string> Actions, IReadOnlyList<string> DataActions);

/// <summary>A vault as Resource Manager shows it.</summary>
/// <param name="ArmId">Its ARM id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Location">Its region.</param>
/// <param name="VaultUri">Where its secrets are read.</param>
/// <param name="PermissionModel">Who decides who reads: role assignments or access policies.</param>
/// <param name="Tags">Its tags.</param>
/// <param name="DeleteLock">The name of a lock that forbids taking an assignment back; null when there is none.</param>
public sealed record VaultSeen(string ArmId, string Name, string Location, Uri VaultUri, PermissionModel PermissionModel, IReadOnlyDictionary<string, string> Tags, string? DeleteLock)
{
    /// <summary>The tenant that it trusts; null when the answer does not say.</summary>
    public Guid? TenantId { get; init; }

    /// <summary>When it was made; null when the answer does not say.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Tells it from another vault under the same ARM id: see <see cref="VaultFingerprint"/>.</summary>
    public string Fingerprint => VaultFingerprint.Of(VaultUri, TenantId, CreatedAt);
}

/// <summary>A secret's metadata as Key Vault lists it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Enabled">False when it cannot be read by anyone.</param>
/// <param name="ContentType">What it says it holds; null when it says nothing.</param>
/// <param name="ExpiresAt">When the secret itself says that it expires; null for never.</param>
/// <param name="Tags">Its tags.</param>
public sealed record SecretSeen(string Name, bool Enabled, string? ContentType, DateTimeOffset? ExpiresAt, IReadOnlyDictionary<string, string> Tags);

/// <summary>A scope just before something is granted there.</summary>
/// <param name="Exists">False when the vault is gone.</param>
/// <param name="PermissionModel">What the vault goes by now.</param>
/// <param name="DeleteLock">The name of a lock at the scope or above it that forbids taking an assignment back; null when there is none.</param>
public sealed record ScopeSeen(bool Exists, PermissionModel PermissionModel, string? DeleteLock)
{
    /// <summary>Tells the vault from another one under the same ARM id: see <see cref="VaultFingerprint"/>; null when it is gone.</summary>
    public string? Fingerprint { get; init; }
}

/// <summary>How a vault decides who may read its secrets.</summary>
public enum PermissionModel
{
    /// <summary>Role assignments: what the portal works with.</summary>
    RoleAssignments,

    /// <summary>The vault's own access policies: role assignments have no effect there.</summary>
    AccessPolicies,
}
