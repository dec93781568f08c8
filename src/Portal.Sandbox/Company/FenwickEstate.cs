using System.Collections.Immutable;
using Portal.Sandbox.KeyVault;
using Portal.Sandbox.ResourceManager;

namespace Portal.Sandbox.Company;

/// <summary>What Fenwick Trading has in the cloud at the start: subscriptions, vaults, secrets, locks and standing role assignments.</summary>
public static class FenwickEstate
{
    /// <summary>Subscription fenwick-production.</summary>
    public static readonly Guid Production = new("9e10c0de-2222-4000-8000-00000000c001");

    /// <summary>Subscription fenwick-test.</summary>
    public static readonly Guid Test = new("9e10c0de-2222-4000-8000-00000000c002");

    /// <summary>A role of the company's own that may switch a vault's permission model: must never be granted.</summary>
    public static readonly Guid VaultOperatorRole = new("9e10c0de-2222-4000-8000-00000000e001");

    /// <summary>The storage account that keeps the checkpoints of the audit log.</summary>
    public const string AuditAccount = "stfenwickaudit";

    /// <summary>Its container, under a policy that lets nothing be changed or deleted for seven years.</summary>
    public const string AuditContainer = "audit-checkpoints";

    private const string Region = "westeurope";

    /// <summary>The vault with this name as an ARM scope.</summary>
    /// <exception cref="KeyNotFoundException">The company starts with no such vault.</exception>
    public static ArmScope VaultScope(string name) => Vaults().FirstOrDefault(v => v.Name == name)?.Scope ?? throw new KeyNotFoundException($"No vault {name}.");

    /// <summary>A secret in one of the company's vaults as an ARM scope.</summary>
    /// <exception cref="KeyNotFoundException">The company starts with no such vault.</exception>
    public static ArmScope SecretScope(string vault, string secret) => VaultScope(vault).Child("secrets", secret);

    /// <summary>The container for checkpoints as it is at the start.</summary>
    internal static Storage.BlobContainer AuditContainerResource { get; } = new(Production, "rg-platform", AuditAccount, AuditContainer) { Retention = TimeSpan.FromDays(7 * 365) };

    internal static void Seed(ResourceState resources, VaultState vaults, int seed, DateTimeOffset now)
    {
        resources.Put(new Subscription(Production, "fenwick-production"));
        resources.Put(new Subscription(Test, "fenwick-test"));
        foreach (var (subscription, name) in new[] { (Production, "rg-payments"), (Production, "rg-logistics"), (Production, "rg-platform"), (Production, "rg-legacy"), (Test, "rg-payments"), (Test, "rg-logistics") })
            resources.Put(new ResourceGroup(subscription, name, Region));
        foreach (var vault in Vaults()) resources.Put(vault with { CreatedOn = now.AddDays(-400) });
        resources.Put(new RoleDefinition(VaultOperatorRole, "Fenwick Vault Operator", "Changes vaults, for the platform's on-call.")
        {
            Actions = ["Microsoft.KeyVault/vaults/read", "Microsoft.KeyVault/vaults/write"],
            IsBuiltIn = false,
        });
        resources.Put(new ResourceLock(VaultScope("kv-platform-prod"), "keep-platform-vault", "CanNotDelete", "Holds the keys of everything. Ask the platform team."));

        Assignments(resources);
        FenwickSecrets.Seed(vaults, new Random(seed), now);
    }

    private static IEnumerable<VaultResource> Vaults() =>
    [
        Vault(Production, "rg-payments", "kv-payments-prod", "production", "payments", "CC-4100") with { EnablePurgeProtection = true },
        Vault(Production, "rg-logistics", "kv-logistics-prod", "production", "logistics", "CC-4200") with { EnablePurgeProtection = true },
        Vault(Production, "rg-platform", "kv-platform-prod", "production", "platform", "CC-1000") with { EnablePurgeProtection = true },
        Vault(Production, "rg-legacy", "kv-legacy-erp", "production", "platform", "CC-1000") with
        {
            EnableRbacAuthorization = false,
            SoftDeleteRetentionInDays = 7,
            AccessPolicies = [new(FenwickCompany.PlatformAdministrators, ["get", "list", "set", "delete", "recover"]), new(FenwickCompany.PortalPrincipal, ["list"])],
        },
        Vault(Test, "rg-payments", "kv-payments-test", "test", "payments", "CC-4100") with { SoftDeleteRetentionInDays = 7 },
        Vault(Test, "rg-logistics", "kv-logistics-test", "test", "logistics", "CC-4200") with { SoftDeleteRetentionInDays = 7 },
    ];

    private static VaultResource Vault(Guid subscription, string group, string name, string environment, string team, string costCentre) => new(subscription, group, name, Region)
    {
        Tags = ImmutableSortedDictionary<string, string>.Empty.Add("environment", environment).Add("owner", $"{team}-approvers").Add("team", team).Add("cost-centre", costCentre),
    };

    private static void Assignments(ResourceState resources)
    {
        var at = 0;
        foreach (var subscription in new[] { Production, Test })
        {
            var scope = ArmScope.OfSubscription(subscription);
            foreach (var role in new[] { BuiltInRoles.KeyVaultDataAccessAdministrator, BuiltInRoles.KeyVaultReader, BuiltInRoles.Reader })
                Standing(scope, role, FenwickCompany.PortalPrincipal, "ServicePrincipal");
            foreach (var role in new[] { BuiltInRoles.RoleBasedAccessControlAdministrator, BuiltInRoles.KeyVaultAdministrator, BuiltInRoles.Reader })
                Standing(scope, role, FenwickCompany.ExplorerPrincipal, "ServicePrincipal");
            Standing(scope, BuiltInRoles.Reader, FenwickCompany.AllEngineers, "Group");
        }

        Standing(ArmScope.OfResourceGroup(Production, "rg-platform"), BuiltInRoles.Owner, FenwickCompany.Tomas, "User");
        Standing(ArmScope.OfResourceGroup(Production, "rg-legacy"), BuiltInRoles.KeyVaultContributor, FenwickCompany.PlatformAdministrators, "Group");
        Standing(VaultScope("kv-logistics-prod"), BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Oskar, "User");
        Standing(VaultScope("kv-logistics-test"), BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.LogisticsTestReaders, "Group");

        Standing(AuditContainerResource.Scope, BuiltInRoles.StorageBlobDataContributor, FenwickCompany.PortalPrincipal, "ServicePrincipal");

        // Names are fixed: the same company at each start.
        void Standing(ArmScope scope, Guid role, Guid principal, string type) =>
            resources.Put(new RoleAssignment(new Guid($"9e10c0de-3333-4000-8000-{++at:x12}"), scope, role, principal, type) { CreatedBy = FenwickCompany.Tomas, UpdatedBy = FenwickCompany.Tomas });
    }
}
