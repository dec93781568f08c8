using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Reliability.Judging;
using Portal.Sandbox;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;
using ArmScope = Portal.Sandbox.ResourceManager.ArmScope;

namespace Portal.Reliability.World;

/// <summary>One lane's part of the cloud: a subscription with a vault, and people of the payments team.</summary>
internal sealed class LaneEstate
{
    private static readonly string[] Secrets = ["stripe-api-key", "ledger-db-password", "gateway-token"];

    private readonly Guid _subscription;

    public LaneEstate(int lane, SandboxControl control)
    {
        _subscription = new Guid($"9e10c0de-5555-4000-8000-{lane:x12}");
        VaultName = $"kv-lane-{lane}";
        var resources = control.Resources;
        resources.Put(new Subscription(_subscription, $"lane-{lane}"));
        resources.Put(new ResourceGroup(_subscription, "rg-lane", "westeurope"));
        var vault = new VaultResource(_subscription, "rg-lane", VaultName, "westeurope");
        resources.Put(vault);
        VaultId = ArmId.Normalise(vault.Scope.Value);
        foreach (var role in resources.RoleDefinitions.Where(r => r.RoleName is "Key Vault Data Access Administrator" or "Key Vault Reader" or "Reader"))
            resources.Assign(ArmScope.OfSubscription(_subscription), role.Id, FenwickCompany.PortalPrincipal, "ServicePrincipal");

        var portal = (DirectoryServicePrincipal)control.Directory.Find(FenwickCompany.PortalPrincipal)!;
        for (var i = 0; i < 2; i++)
        {
            var person = new DirectoryUser(new Guid($"6a51cfa7-5555-4000-8000-{(lane * 16) + i:x12}"), $"Lane{lane} Engineer{i}", $"engineer{i}-{lane}@{FenwickCompany.Domain}", "Software engineer", "Payments");
            control.Directory.Put(person);
            control.Directory.AddMember(FenwickCompany.PaymentsEngineers, person.Id);
            control.Directory.AssignAppRole(person.Id, portal, "Requester");
            People.Add(person);
        }

        Trios =
        [
            .. from person in People
               from secret in Secrets
               let scope = ArmId.OfSecret(VaultId, secret)
               select new Trio(person.Id, person.DisplayName, scope, secret, AssignmentName.Of(scope, person.Id, GrantableRole.SecretsUser.DefinitionId)),
        ];
    }

    public string VaultName { get; }

    /// <summary>The vault's ARM id as the catalog spells it.</summary>
    public string VaultId { get; }

    public List<DirectoryUser> People { get; } = [];

    public IReadOnlyList<Trio> Trios { get; }

    public IEnumerable<string> SecretNames => Secrets;

    public bool Owns(RoleAssignment assignment) => assignment.Scope.SubscriptionId == _subscription;
}
