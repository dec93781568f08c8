using Portal.Core.Catalog;
using Portal.Core.Identity;
using Portal.Core.Policies;

namespace Portal.Tests.World;

/// <summary>A person of the company, as the directory knows them.</summary>
public sealed record TestPerson(string Name, string Upn, Guid ObjectId, PortalRole[] Roles, Guid[] Groups)
{
    public PrincipalId Id => new(Company.Tenant, ObjectId);
}

/// <summary>The company that the tests take place in: the same as the sandbox's, as far as they meet.</summary>
public static class Company
{
    public static readonly Guid Tenant = new("8d2a4c1e-6b1f-4e0a-9d53-2f7c1b9e4a10");

    public static readonly Guid PaymentsEngineers = Group(1);
    public static readonly Guid PaymentsApprovers = Group(2);
    public static readonly Guid LogisticsEngineers = Group(3);
    public static readonly Guid LogisticsApprovers = Group(4);
    public static readonly Guid PlatformApprovers = Group(5);
    public static readonly Guid AllEngineers = Group(8);

    /// <summary>An engineer of the payments team.</summary>
    public static readonly TestPerson Mira = new("Mira Okafor", "mira@fenwick.example", new("1b0c7a52-3e61-4c8e-8a1d-6f0b5e2d9c01"), [PortalRole.Requester], [PaymentsEngineers, AllEngineers]);

    /// <summary>An engineer of the logistics team.</summary>
    public static readonly TestPerson Jonas = new("Jonas Lindqvist", "jonas@fenwick.example", new("2c1d8b63-4f72-4d9f-9b2e-701c6f3ead02"), [PortalRole.Requester], [LogisticsEngineers, AllEngineers]);

    /// <summary>Approves for payments and is an engineer there.</summary>
    public static readonly TestPerson Priya = new("Priya Raman", "priya@fenwick.example", new("3d2e9c74-5083-4ea0-ac3f-812d704fbe03"), [PortalRole.Requester, PortalRole.Approver], [PaymentsEngineers, PaymentsApprovers, AllEngineers]);

    /// <summary>Administers the portal; approves for logistics and platform.</summary>
    public static readonly TestPerson Tomas = new("Tomás Herrera", "tomas@fenwick.example", new("4e3fad85-6194-4fb1-bd40-923e8150cf04"), [PortalRole.Administrator, PortalRole.Approver], [Group(6), LogisticsApprovers, PlatformApprovers]);

    /// <summary>The auditor.</summary>
    public static readonly TestPerson Ingrid = new("Ingrid Vale", "ingrid@fenwick.example", new("5f40be96-72a5-40c2-8e51-a34f9261d005"), [PortalRole.Auditor], [Group(7)]);

    public static IReadOnlyList<TestPerson> Everyone { get; } = [Mira, Jonas, Priya, Tomas, Ingrid];

    public static readonly string PaymentsVault = VaultId("kv-payments-prod");
    public static readonly string Stripe = ArmId.OfSecret(PaymentsVault, "stripe-api-key");
    public static readonly string LedgerPassword = ArmId.OfSecret(PaymentsVault, "ledger-db-password");
    public static readonly string DisabledSecret = ArmId.OfSecret(PaymentsVault, "old-gateway-key");
    public static readonly string LogisticsVault = VaultId("kv-logistics-prod");
    public static readonly string Carrier = ArmId.OfSecret(LogisticsVault, "carrier-token");
    public static readonly string LockedVault = VaultId("kv-platform-prod");
    public static readonly string LockedSecret = ArmId.OfSecret(LockedVault, "root-ca-key");
    public static readonly string LegacyVault = VaultId("kv-legacy-erp");
    public static readonly string LegacySecret = ArmId.OfSecret(LegacyVault, "erp-admin");

    /// <summary>Payments may ask for eight hours; logistics needs a ticket; everything else is open to all engineers for an hour.</summary>
    public static IReadOnlyList<PolicyDefinition> Policies { get; } =
    [
        new()
        {
            Name = "payments",
            Vaults = ["kv-payments-*"],
            Roles = [GrantableRole.SecretsUser.Name, GrantableRole.SecretsOfficer.Name],
            WholeVault = true,
            Eligible = [new(PaymentsEngineers, "payments-engineers")],
            Approvers = [new(PaymentsApprovers, "payments-approvers")],
            LongestWindow = TimeSpan.FromHours(8),
        },
        new()
        {
            Name = "logistics",
            Vaults = ["kv-logistics-*"],
            Roles = [GrantableRole.SecretsUser.Name],
            Eligible = [new(LogisticsEngineers, "logistics-engineers")],
            Approvers = [new(LogisticsApprovers, "logistics-approvers")],
            LongestWindow = TimeSpan.FromHours(4),
            RequiresTicket = true,
        },
        new()
        {
            Name = "platform",
            Vaults = ["kv-platform-*", "kv-legacy-*"],
            Roles = [GrantableRole.SecretsUser.Name],
            Eligible = [new(AllEngineers, "all-engineers")],
            Approvers = [new(PlatformApprovers, "platform-approvers")],
            LongestWindow = TimeSpan.FromHours(1),
        },
    ];

    public static string VaultId(string name) =>
        ArmId.Normalise($"/subscriptions/9e10c0de-2222-4000-8000-00000000c001/resourceGroups/rg-fenwick/providers/Microsoft.KeyVault/vaults/{name}");

    private static Guid Group(int number) => new($"61a0c001-0000-4000-8000-0000000000{number:00}");
}
