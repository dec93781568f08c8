using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Sandbox;

/// <summary>Under which id a role assignment names its role: clients compare it with the id that the role itself has at the same scope.</summary>
public sealed class RoleDefinitionIdTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static readonly ArmScope Secret = FenwickEstate.SecretScope("kv-payments-prod", "adyen-hmac-key");
    private static readonly ArmScope Subscription = ArmScope.OfSubscription(FenwickEstate.Production);
    private static readonly Guid Portal = FenwickCompany.PortalPrincipal;
    private static readonly Guid User = BuiltInRoles.KeyVaultSecretsUser;

    private CloudClients Cloud => new(sandbox.Host, sandbox.Handler);

    [Fact]
    public async Task Written_got_listed_and_deleted_an_assignment_names_its_role_as_the_role_names_itself()
    {
        var asked = await Cloud.ArmAsync(HttpMethod.Get, $"{Secret}/providers/Microsoft.Authorization/roleDefinitions/{User}?api-version=2022-04-01", Portal);
        var role = asked.Json["id"]!.GetValue<string>();
        Assert.Equal($"{Subscription}/providers/Microsoft.Authorization/roleDefinitions/{User}", role);

        var path = CloudClients.AssignmentPath(Secret, Guid.NewGuid());
        Assert.Equal(role, RoleOf(await Cloud.ArmAsync(HttpMethod.Put, path, Portal, CloudClients.Grant(User, FenwickCompany.Mira))));
        Assert.Equal(role, RoleOf(await Cloud.ArmAsync(HttpMethod.Get, path, Portal)));
        var listed = await Cloud.ArmAsync(HttpMethod.Get, CloudClients.AssignmentPath(Subscription, query: $"&$filter=principalId%20eq%20'{FenwickCompany.Mira}'"), Portal);
        Assert.Contains(listed.Json["value"]!.AsArray(), a => a!["properties"]!["scope"]!.GetValue<string>() == Secret.Value && a["properties"]!["roleDefinitionId"]!.GetValue<string>() == role);
        Assert.Equal(role, RoleOf(await Cloud.ArmAsync(HttpMethod.Delete, path, Portal)));
    }

    [Fact]
    public async Task What_is_given_at_the_root_names_its_role_by_the_scope_that_it_is_listed_at()
    {
        var state = sandbox.Host.Control.Resources;
        var root = state.Assign(ArmScope.Root, BuiltInRoles.Reader, FenwickCompany.Oskar, "User");
        state.Assign(ArmScope.Root, BuiltInRoles.Owner, FenwickCompany.Tomas, "User");
        Assert.Equal($"{Subscription}/providers/Microsoft.Authorization/roleDefinitions/{BuiltInRoles.Reader}", await ListedAtAsync(Subscription));
        Assert.Equal($"/providers/Microsoft.Authorization/roleDefinitions/{BuiltInRoles.Reader}", await ListedAtAsync(ArmScope.Root));

        async Task<string> ListedAtAsync(ArmScope scope)
        {
            var list = await Cloud.ArmAsync(HttpMethod.Get, CloudClients.AssignmentPath(scope, query: $"&$filter=principalId%20eq%20'{FenwickCompany.Oskar}'"), FenwickCompany.Tomas);
            return list.Json["value"]!.AsArray().Single(a => a!["name"]!.GetValue<string>() == root.Name.ToString())!["properties"]!["roleDefinitionId"]!.GetValue<string>();
        }
    }

    private static string RoleOf(Answer answer) => answer.Json["properties"]!["roleDefinitionId"]!.GetValue<string>();
}
