using System.Text.Json.Nodes;
using Azure;
using Azure.Core;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Sandbox;

public sealed class ResourceManagerTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static readonly ArmScope Secret = FenwickEstate.SecretScope("kv-payments-prod", "adyen-hmac-key");
    private static readonly Guid Explorer = FenwickCompany.ExplorerPrincipal;
    private static readonly Guid Portal = FenwickCompany.PortalPrincipal;
    private static readonly Guid User = BuiltInRoles.KeyVaultSecretsUser;

    private CloudClients Cloud => new(sandbox.Host, sandbox.Handler);

    [Fact]
    public async Task The_real_client_finds_vaults_and_makes_and_takes_a_role_assignment()
    {
        var client = Cloud.ArmOf(Portal);
        var names = new List<string>();
        await foreach (var resource in (await client.GetDefaultSubscriptionAsync(CloudClients.Ct)).GetGenericResourcesAsync("resourceType eq 'Microsoft.KeyVault/vaults'", cancellationToken: CloudClients.Ct))
            names.Add(resource.Data.Name);
        Assert.Equal(["kv-legacy-erp", "kv-logistics-prod", "kv-payments-prod", "kv-platform-prod"], names);

        var operations = new AssignmentOperations(client, new ResourceIdentifier(Secret.Value));
        var name = Guid.NewGuid();
        Assert.Equal(201, (await operations.SendAsync(RequestMethod.Put, name, CloudClients.Grant(User, FenwickCompany.Mira))).Status);
        Assert.Equal(200, (await operations.SendAsync(RequestMethod.Put, name, CloudClients.Grant(User, FenwickCompany.Mira))).Status);
        var twice = await Assert.ThrowsAsync<RequestFailedException>(() => operations.SendAsync(RequestMethod.Put, Guid.NewGuid(), CloudClients.Grant(User, FenwickCompany.Mira)));
        Assert.Equal((409, "RoleAssignmentExists"), (twice.Status, twice.ErrorCode));
        Assert.Equal(200, (await operations.SendAsync(RequestMethod.Delete, name)).Status);
        Assert.Equal(204, (await operations.SendAsync(RequestMethod.Delete, name)).Status);
    }

    [Fact]
    public async Task Answers_about_role_assignments_have_the_published_shape()
    {
        var name = Guid.NewGuid();
        var made = await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, name), Portal, CloudClients.Grant(User, FenwickCompany.Priya, description: "first"));
        Assert.Equal(201, made.Status);
        JsonShape.Authorization.Fits("RoleAssignment", made.Json);
        Assert.Equal($"/subscriptions/{FenwickEstate.Production}/providers/Microsoft.Authorization/roleDefinitions/{User}", made.Json["properties"]!["roleDefinitionId"]!.GetValue<string>());
        foreach (var header in new[] { "x-ms-request-id", "x-ms-correlation-request-id", "Date", "x-ms-ratelimit-remaining-subscription-writes" }) Assert.True(made.Headers.ContainsKey(header), header);

        var changed = await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, name), Portal, CloudClients.Grant(User, FenwickCompany.Priya, description: "second"));
        Assert.Equal((200, "second"), (changed.Status, changed.Json["properties"]!["description"]!.GetValue<string>()));
        // Azure ids do not care about case, nor about a doubled slash.
        var got = await Cloud.ArmAsync(HttpMethod.Get, "/" + CloudClients.AssignmentPath(ArmScope.Parse(Secret.Value.ToUpperInvariant()), name), Portal);
        JsonShape.Authorization.Fits("RoleAssignment", got.Json);
        var list = await Cloud.ArmAsync(HttpMethod.Get, CloudClients.AssignmentPath(Secret), Portal);
        JsonShape.Authorization.Fits("RoleAssignmentListResult", list.Json);
        var gone = await Cloud.ArmAsync(HttpMethod.Delete, CloudClients.AssignmentPath(Secret, name), Portal);
        Assert.Equal(200, gone.Status);
        JsonShape.Authorization.Fits("RoleAssignment", gone.Json);
        var nothing = await Cloud.ArmAsync(HttpMethod.Delete, CloudClients.AssignmentPath(Secret, name), Portal);
        Assert.Equal((204, ""), (nothing.Status, nothing.Text));
        var missing = await Cloud.ArmAsync(HttpMethod.Get, CloudClients.AssignmentPath(Secret, name), Portal);
        Assert.Equal((404, "RoleAssignmentNotFound"), (missing.Status, missing.Code));
    }

    [Fact]
    public async Task Each_refusal_has_its_status_and_code()
    {
        var name = Guid.NewGuid();
        Assert.Equal(201, (await PutAsync(name, CloudClients.Grant(User, FenwickCompany.Jonas))).Status);
        await RefusedAsync(400, "RoleAssignmentUpdateNotPermitted", PutAsync(name, CloudClients.Grant(User, FenwickCompany.Priya)));
        await RefusedAsync(400, "RoleAssignmentUpdateNotPermitted", PutAsync(name, CloudClients.Grant(BuiltInRoles.KeyVaultReader, FenwickCompany.Jonas)));
        await RefusedAsync(409, "RoleAssignmentExists", PutAsync(Guid.NewGuid(), CloudClients.Grant(User, FenwickCompany.Jonas)));
        await RefusedAsync(400, "PrincipalNotFound", PutAsync(Guid.NewGuid(), CloudClients.Grant(User, Guid.NewGuid())));
        await RefusedAsync(400, "UnmatchedPrincipalType", PutAsync(Guid.NewGuid(), CloudClients.Grant(User, FenwickCompany.Mira, "Group")));
        await RefusedAsync(404, "RoleDefinitionDoesNotExist", PutAsync(Guid.NewGuid(), CloudClients.Grant(Guid.NewGuid(), FenwickCompany.Mira)));
        await RefusedAsync(400, "InvalidRoleAssignmentId", Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret).Replace("?", "/not-a-guid?", StringComparison.Ordinal), Explorer, CloudClients.Grant(User, FenwickCompany.Mira)));
        await RefusedAsync(400, "InvalidRequestContent", PutAsync(Guid.NewGuid(), JsonNode.Parse("[]")!));
        await RefusedAsync(400, "BadRequestFormat", PutAsync(Guid.NewGuid(), JsonNode.Parse("{}")!));
        await RefusedAsync(400, "InvalidRequestContent", Cloud.SendAsync(HttpMethod.Put, CloudClients.Arm + CloudClients.AssignmentPath(Secret, Guid.NewGuid()), Cloud.Token(Explorer, CloudClients.ArmAudience),
            """{"properties":{"principalId":"a","principalId":"b"}}"""));
        await RefusedAsync(403, "AuthorizationFailed", Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, Guid.NewGuid()), FenwickCompany.Mira, CloudClients.Grant(User, FenwickCompany.Mira)));
        await RefusedAsync(400, "MissingApiVersionParameter", Cloud.ArmAsync(HttpMethod.Get, "/subscriptions", Portal));
        await RefusedAsync(400, "InvalidApiVersionParameter", Cloud.ArmAsync(HttpMethod.Get, "/subscriptions?api-version=1999-01-01", Portal));
        await RefusedAsync(400, "NoRegisteredProviderFound", Cloud.ArmAsync(HttpMethod.Get, FenwickEstate.VaultScope("kv-payments-prod") + "?api-version=1999-01-01", Portal));
        await RefusedAsync(404, "SubscriptionNotFound", Cloud.ArmAsync(HttpMethod.Get, $"/subscriptions/{Guid.NewGuid()}?api-version=2022-12-01", Portal));
        await RefusedAsync(404, "ResourceNotFound", Cloud.ArmAsync(HttpMethod.Get, FenwickEstate.VaultScope("kv-payments-prod") + "x?api-version=2023-07-01", Portal));
        await RefusedAsync(400, "InvalidFilter", Cloud.ArmAsync(HttpMethod.Get, CloudClients.AssignmentPath(Secret, query: "&$filter=name%20eq%20'x'"), Portal));

        Task<Answer> PutAsync(Guid id, JsonNode body) => Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, id), Explorer, body);
    }

    [Fact]
    public async Task The_portals_role_gives_key_vault_data_roles_and_no_other()
    {
        var name = Guid.NewGuid();
        foreach (var role in new[] { BuiltInRoles.Owner, BuiltInRoles.KeyVaultContributor, BuiltInRoles.KeyVaultDataAccessAdministrator, BuiltInRoles.Reader, FenwickEstate.VaultOperatorRole })
        {
            var refused = await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, name), Portal, CloudClients.Grant(role, FenwickCompany.Mira));
            Assert.Equal((403, "AuthorizationFailed"), (refused.Status, refused.Code));
            Assert.Contains("ABAC condition", refused.Message, StringComparison.Ordinal);
        }

        // Not only to give: also to take.
        var owner = sandbox.Host.Control.Resources.RoleAssignments.First(a => a.RoleDefinitionId == BuiltInRoles.Owner);
        Assert.Equal(403, (await Cloud.ArmAsync(HttpMethod.Delete, CloudClients.AssignmentPath(owner.Scope, owner.Name), Portal)).Status);
        Assert.NotNull(sandbox.Host.Control.Resources.FindAssignment(owner.Name));
        Assert.Equal(201, (await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, name), Portal, CloudClients.Grant(BuiltInRoles.KeyVaultReader, FenwickCompany.Mira))).Status);
    }

    [Fact]
    public async Task Lists_look_up_down_and_through_groups_as_the_filter_says_and_page_without_loss()
    {
        await using var own = new OwnSandbox();
        var fresh = await own.StartAsync();
        var state = fresh.Host.Control.Resources;
        var cloud = new CloudClients(fresh.Host, fresh.Handler);
        var vault = FenwickEstate.VaultScope("kv-logistics-prod");
        var secret = vault.Child("secrets", "maps-routing-api-key");
        var above = state.Assign(ArmScope.OfResourceGroup(FenwickEstate.Production, "rg-logistics"), User, FenwickCompany.Jonas, "User").Name;
        var at = state.Assign(vault, BuiltInRoles.KeyVaultReader, FenwickCompany.Jonas, "User").Name;
        var below = state.Assign(secret, User, FenwickCompany.Jonas, "User").Name;
        var group = state.Assign(secret, User, FenwickCompany.LogisticsEngineers, "Group").Name;
        var aside = state.Assign(FenwickEstate.VaultScope("kv-payments-prod"), User, FenwickCompany.Jonas, "User").Name;
        state.PageSize = 2;

        var all = await NamesAsync("");
        Assert.Superset(new HashSet<Guid> { above, at, below, group }, all.ToHashSet());
        Assert.DoesNotContain(aside, all);
        var upward = await NamesAsync("atScope()");
        Assert.Superset(new HashSet<Guid> { above, at }, upward.ToHashSet());
        Assert.DoesNotContain(below, upward);
        Assert.Equal([above, at, below], await NamesAsync($"principalId eq '{FenwickCompany.Jonas}'"));
        var assigned = await NamesAsync($"assignedTo('{FenwickCompany.Jonas}')");
        Assert.Contains(group, assigned);
        var both = await NamesAsync($"atScope() and assignedTo('{FenwickCompany.Jonas}')");
        Assert.Superset(new HashSet<Guid> { above, at }, both.ToHashSet());
        Assert.DoesNotContain(both, n => n == below || n == group);

        async Task<List<Guid>> NamesAsync(string filter)
        {
            var names = new List<Guid>();
            var next = CloudClients.AssignmentPath(vault, query: filter.Length == 0 ? "" : "&$filter=" + Uri.EscapeDataString(filter));
            while (next is not null)
            {
                var page = await cloud.ArmAsync(HttpMethod.Get, next, Portal);
                JsonShape.Authorization.Fits("RoleAssignmentListResult", page.Json);
                Assert.InRange(page.Json["value"]!.AsArray().Count, 1, 2);
                names.AddRange(page.Json["value"]!.AsArray().Select(a => Guid.Parse(a!["name"]!.GetValue<string>())));
                next = page.Json["nextLink"]?.GetValue<string>();
            }

            Assert.Equal(names.Count, names.Distinct().Count());
            return names;
        }
    }

    [Fact]
    public async Task Under_a_delete_lock_access_can_be_given_and_not_taken()
    {
        var scope = FenwickEstate.SecretScope("kv-platform-prod", "registry-pull-token");
        var name = Guid.NewGuid();
        Assert.Equal(201, (await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(scope, name), Portal, CloudClients.Grant(User, FenwickCompany.Mira))).Status);
        await RefusedAsync(409, "ScopeLocked", Cloud.ArmAsync(HttpMethod.Delete, CloudClients.AssignmentPath(scope, name), Portal));

        var locks = await Cloud.ArmAsync(HttpMethod.Get, CloudClients.LockPath(scope, query: "&$filter=atScope()"), Portal);
        Assert.Equal("CanNotDelete", Assert.Single(locks.Json["value"]!.AsArray())!["properties"]!["level"]!.GetValue<string>());
        Assert.Empty((await Cloud.ArmAsync(HttpMethod.Get, CloudClients.LockPath(Secret, query: "&$filter=atScope()"), Portal)).Json["value"]!.AsArray());
        var above = ArmScope.OfResourceGroup(FenwickEstate.Production, "rg-platform");
        Assert.Single((await Cloud.ArmAsync(HttpMethod.Get, CloudClients.LockPath(above), Portal)).Json["value"]!.AsArray());
        Assert.Empty((await Cloud.ArmAsync(HttpMethod.Get, CloudClients.LockPath(above, query: "&$filter=atScope()"), Portal)).Json["value"]!.AsArray());

        var vault = FenwickEstate.VaultScope("kv-platform-prod");
        await RefusedAsync(403, "AuthorizationFailed", Cloud.ArmAsync(HttpMethod.Delete, CloudClients.LockPath(vault, "keep-platform-vault"), Portal));
        Assert.Equal(200, (await Cloud.ArmAsync(HttpMethod.Delete, CloudClients.LockPath(vault, "KEEP-platform-vault"), FenwickCompany.Tomas)).Status);
        Assert.Equal(200, (await Cloud.ArmAsync(HttpMethod.Delete, CloudClients.AssignmentPath(scope, name), Portal)).Status);
        var put = await Cloud.ArmAsync(HttpMethod.Put, CloudClients.LockPath(vault, "keep-platform-vault"), FenwickCompany.Tomas, JsonNode.Parse("""{"properties":{"level":"CanNotDelete"}}"""));
        Assert.Equal(201, put.Status);
    }

    [Fact]
    public async Task Vaults_roles_and_subscriptions_are_listed_and_got()
    {
        var subscriptions = await Cloud.ArmAsync(HttpMethod.Get, "/subscriptions?api-version=2022-12-01", Portal);
        Assert.Equal(["fenwick-production", "fenwick-test"], subscriptions.Json["value"]!.AsArray().Select(s => s!["displayName"]!.GetValue<string>()));
        Assert.Empty((await Cloud.ArmAsync(HttpMethod.Get, "/subscriptions?api-version=2022-12-01", FenwickCompany.Ingrid)).Json["value"]!.AsArray());

        var vaults = await Cloud.ArmAsync(HttpMethod.Get, $"/subscriptions/{FenwickEstate.Production}/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01", Portal);
        Assert.Equal(4, vaults.Json["value"]!.AsArray().Count);
        var legacy = await Cloud.ArmAsync(HttpMethod.Get, FenwickEstate.VaultScope("kv-legacy-erp") + "?api-version=2023-07-01", Portal);
        Assert.False(legacy.Json["properties"]!["enableRbacAuthorization"]!.GetValue<bool>());
        Assert.Equal("https://kv-legacy-erp.vault.azure.net/", legacy.Json["properties"]!["vaultUri"]!.GetValue<string>());
        Assert.NotEmpty(legacy.Json["properties"]!["accessPolicies"]!.AsArray());
        var group = await Cloud.ArmAsync(HttpMethod.Get, $"/subscriptions/{FenwickEstate.Production}/resourceGroups/rg-payments/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01", Portal);
        Assert.Single(group.Json["value"]!.AsArray());

        var roles = await Cloud.ArmAsync(HttpMethod.Get, Secret + "/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=roleName%20eq%20'Key%20Vault%20Secrets%20User'", Portal);
        Assert.Equal(User.ToString(), Assert.Single(roles.Json["value"]!.AsArray())!["name"]!.GetValue<string>());
        var role = await Cloud.ArmAsync(HttpMethod.Get, $"/providers/Microsoft.Authorization/roleDefinitions/{BuiltInRoles.KeyVaultDataAccessAdministrator}?api-version=2022-04-01", Portal);
        Assert.Equal("2.0", role.Json["properties"]!["permissions"]![0]!["conditionVersion"]!.GetValue<string>());
    }

    [Fact]
    public async Task Only_a_token_for_resource_manager_is_taken()
    {
        const string address = "https://management.azure.com/subscriptions?api-version=2022-12-01";
        (string? Token, string Code)[] bad =
        [
            (null, "AuthenticationFailed"), ("garbage", "InvalidAuthenticationToken"), (Cloud.Token(Portal, CloudClients.GraphAudience), "InvalidAuthenticationTokenAudience"),
            (Cloud.Token(Portal, CloudClients.VaultAudience), "InvalidAuthenticationTokenAudience"), (Cloud.Token(Portal, CloudClients.ArmAudience, life: TimeSpan.FromMinutes(-1)), "ExpiredAuthenticationToken"),
        ];
        foreach (var (token, code) in bad)
        {
            var answer = await Cloud.SendAsync(HttpMethod.Get, address, token);
            Assert.Equal((401, code), (answer.Status, answer.Code));
            Assert.Contains("authorization_uri=\"https://localhost:", answer.Headers["WWW-Authenticate"], StringComparison.Ordinal);
            JsonShape.Authorization.Fits("ErrorResponse", answer.Json);
        }
    }

    private static async Task RefusedAsync(int status, string code, Task<Answer> call)
    {
        var answer = await call;
        Assert.Equal((status, code), (answer.Status, answer.Code));
        JsonShape.Authorization.Fits("ErrorResponse", answer.Json);
    }
}
