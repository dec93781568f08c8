using System.Text.Json.Nodes;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Sandbox;

/// <summary>The calls that Terraform's provider for Azure makes of Resource Manager, at its start and for resources of Privileged Identity Management, and some of the command line's.</summary>
public sealed class TerraformTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static readonly ArmScope Secret = FenwickEstate.SecretScope("kv-payments-prod", "adyen-hmac-key");
    private static readonly ArmScope Container = ArmScope.Parse(
        $"/subscriptions/{FenwickEstate.Production}/resourceGroups/rg-platform/providers/Microsoft.Storage/storageAccounts/stfenwickaudit/blobServices/default/containers/audit-checkpoints");

    private static readonly Guid Portal = FenwickCompany.PortalPrincipal;
    private static readonly string Subscription = $"/subscriptions/{FenwickEstate.Production}";

    private CloudClients Cloud => new(sandbox.Host, sandbox.Handler);

    [Fact]
    public async Task The_providers_of_a_subscription_are_listed_as_each_shows_itself()
    {
        var list = await GetAsync(Subscription + "/providers?api-version=2022-09-01");
        Assert.Equal(200, list.Status);
        var namespaces = list.Json["value"]!.AsArray().Select(p => p!["namespace"]!.GetValue<string>()).ToList();
        Assert.Equal(["Microsoft.Authorization", "Microsoft.KeyVault", "Microsoft.Resources"], namespaces);
        foreach (var provider in list.Json["value"]!.AsArray())
        {
            var one = await GetAsync($"{Subscription}/providers/{provider!["namespace"]}?api-version=2022-09-01");
            Assert.True(JsonNode.DeepEquals(provider, one.Json));
            Assert.Equal("Registered", one.Json["registrationState"]!.GetValue<string>());
        }

        var unknown = await GetAsync(Subscription + "/providers/Microsoft.Nowhere?api-version=2022-09-01");
        Assert.Equal((404, "InvalidResourceNamespace"), (unknown.Status, unknown.Code));
        Assert.Equal(404, (await GetAsync($"/subscriptions/{Guid.NewGuid()}/providers?api-version=2022-09-01")).Status);
    }

    [Fact]
    public async Task A_provider_is_registered_by_who_may()
    {
        var address = Subscription + "/providers/microsoft.keyvault/register?api-version=2022-09-01";
        Assert.Equal((403, "AuthorizationFailed"), Facts(await Cloud.ArmAsync(HttpMethod.Post, address, Portal)));
        sandbox.Host.Control.Resources.Assign(ArmScope.Parse(Subscription), BuiltInRoles.Owner, FenwickCompany.Tomas, "User");
        var registered = await Cloud.ArmAsync(HttpMethod.Post, address, FenwickCompany.Tomas);
        Assert.Equal((200, "Microsoft.KeyVault"), (registered.Status, registered.Json["namespace"]!.GetValue<string>()));
        Assert.Equal(405, (await Cloud.ArmAsync(HttpMethod.Get, address, FenwickCompany.Tomas)).Status);
    }

    [Theory]
    [InlineData("roleAssignmentSchedules", "(principalId eq '{p}')")]
    [InlineData("roleAssignmentSchedules", "(principalId eq '{p}' and roleDefinitionId eq '{s}/providers/Microsoft.Authorization/roleDefinitions/{r}')")]
    [InlineData("roleAssignmentScheduleInstances", "roleDefinitionId eq '/providers/Microsoft.Authorization/roleDefinitions/{r}' and principalId eq '{p}'")]
    [InlineData("roleAssignmentSchedules", "principalId eq '{p}' and roleDefinitionId eq '{r}'")]
    public async Task Schedules_are_found_in_brackets_and_by_role(string what, string filter)
    {
        var vault = FenwickEstate.VaultScope("kv-logistics-prod");
        sandbox.Host.Control.Resources.Put(new RoleAssignment(Guid.NewGuid(), vault, BuiltInRoles.KeyVaultReader, FenwickCompany.Oskar, "User"));
        var found = await ListAsync(filter, BuiltInRoles.KeyVaultSecretsUser);
        Assert.Contains(BuiltInRoles.KeyVaultSecretsUser.ToString(), found[0], StringComparison.Ordinal);
        Assert.Equal(filter.Contains("{r}", StringComparison.Ordinal) ? 1 : 2, found.Count);
        if (filter.Contains("{r}", StringComparison.Ordinal)) Assert.Empty(await ListAsync(filter, BuiltInRoles.KeyVaultAdministrator));

        async Task<List<string>> ListAsync(string text, Guid role)
        {
            text = text.Replace("{p}", FenwickCompany.Oskar.ToString(), StringComparison.Ordinal).Replace("{s}", Subscription, StringComparison.Ordinal).Replace("{r}", role.ToString(), StringComparison.Ordinal);
            var list = await GetAsync($"{vault}/providers/Microsoft.Authorization/{what}?api-version=2020-10-01&$filter={Uri.EscapeDataString(text)}");
            Assert.Equal(200, list.Status);
            return [.. list.Json["value"]!.AsArray().Select(a => a!["properties"]!["roleDefinitionId"]!.GetValue<string>()).Order().Reverse()];
        }
    }

    [Theory]
    [InlineData("roleAssignments", "((principalId eq '6a51cfa7-83b6-41d3-9f62-b45a0372e106'))")]
    [InlineData("roleAssignments", "(atScope()")]
    [InlineData("roleAssignments", "roleDefinitionId eq '4633458b-17de-408a-b874-0445c86b69e6'")]
    [InlineData("roleAssignments", "atScope() and principalId eq '6a51cfa7-83b6-41d3-9f62-b45a0372e106'")]
    [InlineData("roleAssignmentSchedules", "roleDefinitionId eq 'reader'")]
    public async Task Any_other_filter_is_refused(string what, string filter)
    {
        var version = what == "roleAssignments" ? "2022-04-01" : "2020-10-01";
        Assert.Equal((400, "InvalidFilter"), Facts(await GetAsync($"{Secret}/providers/Microsoft.Authorization/{what}?api-version={version}&$filter={Uri.EscapeDataString(filter)}")));
    }

    [Fact]
    public async Task An_assignment_that_is_listed_is_found_by_its_own_id_at_a_container_too()
    {
        var list = await GetAsync($"{Subscription}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter={Uri.EscapeDataString($"principalId eq '{Portal}'")}");
        var ids = list.Json["value"]!.AsArray().Select(a => a!["id"]!.GetValue<string>()).ToList();
        Assert.Contains(ids, i => i.StartsWith(Container.Value + "/", StringComparison.Ordinal));
        foreach (var id in ids) Assert.Equal(200, (await GetAsync(id + "?api-version=2022-04-01")).Status);

        // Its account and the service between them are scopes as well; another name is none.
        for (var scope = Container; scope.ResourceGroup is not null; scope = scope.Parent!.Value)
            Assert.Equal(200, (await GetAsync(CloudClients.AssignmentPath(scope))).Status);
        Assert.Equal((404, "ResourceNotFound"), Facts(await GetAsync(CloudClients.AssignmentPath(ArmScope.Parse(Container.Value + "x")))));
    }

    [Theory]
    [InlineData("rg-payments", 204)]
    [InlineData("RG-Payments", 204)]
    [InlineData("rg-nowhere", 404)]
    public async Task Whether_a_resource_group_exists_is_asked_by_HEAD(string name, int expected)
    {
        var answer = await Cloud.ArmAsync(HttpMethod.Head, $"{Subscription}/resourcegroups/{name}?api-version=2021-04-01", Portal);
        Assert.Equal((expected, ""), (answer.Status, answer.Text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/resourceGroups/rg-payments")]
    public async Task A_subscription_is_a_scope_under_the_name_of_its_provider_too(string below)
    {
        var plain = await GetAsync($"{Subscription}{below}/providers/Microsoft.Authorization/roleAssignmentSchedules?api-version=2020-10-01&$filter=atScope()");
        var other = await GetAsync($"/providers/Microsoft.Subscription{Subscription}{below}/providers/Microsoft.Authorization/roleAssignmentSchedules?api-version=2020-10-01&$filter=atScope()");
        Assert.Equal(200, other.Status);
        Assert.NotEmpty(other.Json["value"]!.AsArray());
        Assert.True(JsonNode.DeepEquals(plain.Json, other.Json));
        var refused = await GetAsync("/providers/Microsoft.Subscription/subscriptions/none/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01");
        Assert.Equal((400, "InvalidScope"), Facts(refused));
    }

    [Fact]
    public async Task What_a_schedule_is_about_is_shown_by_kind_and_name()
    {
        sandbox.Host.Control.Resources.Put(new RoleAssignment(Guid.NewGuid(), FenwickEstate.VaultScope("kv-payments-prod"), BuiltInRoles.KeyVaultReader, FenwickCompany.Oskar, "User"));
        var list = await GetAsync($"{Subscription}/providers/Microsoft.Authorization/roleAssignmentSchedules?api-version=2020-10-01");
        var shown = list.Json["value"]!.AsArray().Select(a => a!["properties"]!["expandedProperties"]!["scope"]!)
            .Select(s => (s["type"]!.GetValue<string>(), s["displayName"]!.GetValue<string>())).ToHashSet();
        Assert.Superset(new HashSet<(string, string)> { ("subscription", "fenwick-production"), ("resourcegroup", "rg-platform"), ("resource", "kv-payments-prod"), ("resource", "audit-checkpoints") }, shown);
    }

    [Fact]
    public async Task Resource_groups_know_no_filter() =>
        Assert.Equal((400, "InvalidFilterInQueryString"), Facts(await GetAsync($"{Subscription}/resourcegroups?api-version=2021-04-01&$filter={Uri.EscapeDataString("tagName eq 'team'")}")));

    [Fact]
    public async Task A_role_of_the_companys_own_can_be_given_in_its_subscriptions_and_a_built_in_one_anywhere()
    {
        var own = await GetAsync($"{Subscription}/providers/Microsoft.Authorization/roleDefinitions/{FenwickEstate.VaultOperatorRole}?api-version=2022-04-01");
        Assert.Equal([Subscription, $"/subscriptions/{FenwickEstate.Test}"], own.Json["properties"]!["assignableScopes"]!.AsArray().Select(s => s!.GetValue<string>()));
        var builtIn = await GetAsync($"{Subscription}/providers/Microsoft.Authorization/roleDefinitions/{BuiltInRoles.Reader}?api-version=2022-04-01");
        Assert.Equal(["/"], builtIn.Json["properties"]!["assignableScopes"]!.AsArray().Select(s => s!.GetValue<string>()));
    }

    private static (int, string?) Facts(Answer answer) => (answer.Status, answer.Code);

    private Task<Answer> GetAsync(string address) => Cloud.ArmAsync(HttpMethod.Get, address, Portal);
}
