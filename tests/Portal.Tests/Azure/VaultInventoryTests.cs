using Portal.Core;
using Portal.Core.Catalog;
using static Portal.Tests.Azure.StubCloud;

namespace Portal.Tests.Azure;

public sealed class VaultInventoryTests
{
    private const string One = "9e10c0de-2222-4000-8000-00000000c001";
    private const string Two = "9e10c0de-2222-4000-8000-00000000c002";
    private const string VaultId = $"/subscriptions/{One}/resourceGroups/rg-payments/providers/Microsoft.KeyVault/vaults/kv-payments-prod";
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_visible_subscriptions_are_listed_and_deleted_ones_left_out()
    {
        using var cloud = new StubCloud(c => c.Path switch
        {
            "/subscriptions" => Json(200, $$"""{"value":[{"subscriptionId":"{{One}}","state":"Enabled"},{"subscriptionId":"{{Two}}","state":"Deleted"}]}"""),
            $"/subscriptions/{One}/providers/Microsoft.KeyVault/vaults" => Json(200, $$"""{"value":[{{Vault(VaultId, rbac: "true")}},{{Vault(VaultId + "2", rbac: "false")}},{{Vault(VaultId + "3", rbac: "null")}}]}"""),
            _ => Json(200, """{"value":[]}"""),
        });
        var vaults = await cloud.Get<IVaultInventory>().ListVaultsAsync((_, fault) => throw fault, Ct).ToListAsync(Ct);
        Assert.Equal([PermissionModel.RoleAssignments, PermissionModel.AccessPolicies, PermissionModel.AccessPolicies], vaults.Select(v => v.PermissionModel));
        Assert.Equal((VaultId, "kv-payments-prod", "westeurope", "https://kv-payments-prod.vault.azure.net/", null), (vaults[0].ArmId, vaults[0].Name, vaults[0].Location, vaults[0].VaultUri.AbsoluteUri, vaults[0].DeleteLock));
        Assert.Equal("payments", vaults[0].Tags["team"]);
        Assert.DoesNotContain(cloud.Calls, c => c.Path.Contains(Two, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_subscription_that_is_gone_is_named_and_the_others_are_listed()
    {
        using var cloud = new StubCloud(c => c.Path switch
        {
            $"/subscriptions/{Two}/providers/Microsoft.Authorization/locks" => Error(404, "SubscriptionNotFound"),
            $"/subscriptions/{One}/providers/Microsoft.KeyVault/vaults" => Json(200, $$"""{"value":[{{Vault(VaultId, rbac: "true")}}]}"""),
            _ => Json(200, """{"value":[]}"""),
        }, ("Cloud:Subscriptions:0", Two), ("Cloud:Subscriptions:1", One));
        var failed = new List<(string, string)>();
        Assert.Single(await cloud.Get<IVaultInventory>().ListVaultsAsync((subscription, fault) => failed.Add((subscription, fault.Code)), Ct).ToListAsync(Ct));
        Assert.Equal([(Two, "SubscriptionNotFound")], failed);
    }

    [Fact]
    public async Task Only_the_configured_subscriptions_are_asked()
    {
        using var cloud = new StubCloud(_ => Json(200, """{"value":[]}"""), ("Cloud:Subscriptions:0", Two));
        Assert.Empty(await cloud.Get<IVaultInventory>().ListVaultsAsync((_, fault) => throw fault, Ct).ToListAsync(Ct));
        Assert.Equal(2, cloud.Calls.Count);
        Assert.All(cloud.Calls, c => Assert.StartsWith($"/subscriptions/{Two}/", c.Path, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData($"/subscriptions/{One}", "CanNotDelete", true)]
    [InlineData($"/subscriptions/{One}/resourceGroups/RG-PAYMENTS", "ReadOnly", true)]
    [InlineData(VaultId, "CanNotDelete", true)]
    [InlineData($"{VaultId}/secrets/db", "ReadOnly", true)]
    [InlineData($"{VaultId}/secrets/db2", "CanNotDelete", false)]
    [InlineData($"{VaultId}2", "CanNotDelete", false)]
    [InlineData($"/subscriptions/{One}/resourceGroups/rg-pay", "CanNotDelete", false)]
    [InlineData($"/subscriptions/{One}/resourceGroups/rg-payments/providers/Microsoft.Storage/storageAccounts/x", "ReadOnly", false)]
    public async Task A_lock_counts_at_the_scope_and_above_it(string at, string level, bool counts)
    {
        using var cloud = new StubCloud(c => c.Path.EndsWith("/locks", StringComparison.Ordinal)
            ? Json(200, $$"""{"value":[{"id":"{{at}}/providers/Microsoft.Authorization/locks/keep","name":"keep","properties":{"level":"{{level}}"} }]}""")
            : Json(200, Vault(VaultId, "true")));
        var seen = await cloud.Get<IVaultInventory>().InspectAsync(VaultId, "db", Ct);
        Assert.Equal((true, PermissionModel.RoleAssignments, counts ? "keep" : null), (seen.Exists, seen.PermissionModel, seen.DeleteLock));
    }

    [Fact]
    public async Task A_vault_that_is_gone_does_not_exist()
    {
        using var cloud = new StubCloud(_ => Error(404, "ResourceNotFound"));
        Assert.False((await cloud.Get<IVaultInventory>().InspectAsync(VaultId, null, Ct)).Exists);
    }

    [Fact]
    public async Task Locks_that_cannot_be_read_are_no_absence_of_locks()
    {
        using var cloud = new StubCloud(c => c.Path.EndsWith("/locks", StringComparison.Ordinal) ? Error(403, "AuthorizationFailed") : Json(200, Vault(VaultId, "true")));
        Assert.Equal(403, (await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IVaultInventory>().InspectAsync(VaultId, null, Ct))).Status);
    }

    [Fact]
    public async Task Secrets_come_with_their_metadata_from_all_pages_without_those_of_certificates()
    {
        using var cloud = new StubCloud(c => c switch
        {
            { Token: null } => Challenge(),
            _ when c.Uri.Query.Contains("skip", StringComparison.Ordinal) => Json(200, """{"value":[{"id":"https://kv-payments-prod.vault.azure.net/secrets/b","attributes":{"enabled":false}}],"nextLink":null}"""),
            _ => Json(200, """
                {"value":[{"id":"https://kv-payments-prod.vault.azure.net/secrets/a","contentType":"text/plain","attributes":{"enabled":true,"exp":1800000000},"tags":{"owner":"mira"}},
                {"id":"https://kv-payments-prod.vault.azure.net/secrets/cert","managed":true,"attributes":{"enabled":true}}],"nextLink":"https://kv-payments-prod.vault.azure.net/secrets?api-version=7.6&$skiptoken=skip"}
                """),
        });
        var secrets = await cloud.Get<IVaultInventory>().ListSecretsAsync(Seen(), Ct).ToListAsync(Ct);
        Assert.Equal(["a", "b"], secrets.Select(s => s.Name));
        Assert.Equal([true, false], secrets.Select(s => s.Enabled));
        Assert.Equal(("text/plain", DateTimeOffset.FromUnixTimeSeconds(1800000000)), (secrets[0].ContentType, secrets[0].ExpiresAt));
        Assert.Equal("mira", secrets[0].Tags["owner"]);
    }

    [Theory]
    [InlineData("https://kv-other.vault.azure.net/secrets?x=1")]
    [InlineData("https://evil.example/secrets")]
    public async Task A_next_page_elsewhere_gets_no_call(string link)
    {
        using var cloud = new StubCloud(c => c.Token is null ? Challenge() : Json(200, $$"""{"value":[{"id":"https://kv-payments-prod.vault.azure.net/secrets/a"}],"nextLink":"{{link}}"}"""));
        Assert.Equal("UnreadableAnswer", (await ListFails(cloud, Seen())).Code);
        Assert.All(cloud.Calls, c => Assert.Equal("kv-payments-prod.vault.azure.net", c.Uri.Host));
    }

    [Fact]
    public async Task Pages_of_secrets_that_lead_back_to_themselves_end()
    {
        using var cloud = new StubCloud(c => c.Token is null ? Challenge() : Json(200, """{"value":[{"id":"https://kv-payments-prod.vault.azure.net/secrets/a","attributes":{}}],"nextLink":"https://kv-payments-prod.vault.azure.net/secrets?x=1"}"""));
        Assert.Equal("UnreadableAnswer", (await ListFails(cloud, Seen())).Code);
    }

    [Theory]
    [InlineData(403, """{"error":{"code":"Forbidden","message":"No.","innererror":{"code":"ForbiddenByRbac"}}}""", "ForbiddenByRbac")]
    [InlineData(403, """{"error":{"code":"Forbidden","message":"No.","innererror":{"code":"ForbiddenByPolicy"}}}""", "ForbiddenByPolicy")]
    [InlineData(200, """{"error":{"code":"Throttled","message":"Later."}}""", "Throttled")]
    [InlineData(200, "", "UnreadableAnswer")]
    [InlineData(200, """{"value":[{"id":""", "UnreadableAnswer")]
    public async Task A_list_that_cannot_be_had_is_no_empty_list(int status, string body, string code)
    {
        using var cloud = new StubCloud(c => c.Token is null ? Challenge() : Json(status, body));
        var e = await ListFails(cloud, Seen());
        Assert.Equal((code, status), (e.Code, e.Status));
    }

    [Fact]
    public async Task An_access_policy_vault_is_refused_not_empty()
    {
        using var cloud = new StubCloud(_ => Json(200, """{"value":[]}"""));
        Assert.Equal("AccessPolicyVault", (await ListFails(cloud, Seen() with { PermissionModel = PermissionModel.AccessPolicies })).Code);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("https://kv-payments-prod.vault.azure.net.evil.example/")]
    [InlineData("https://evilvault.azure.net/")]
    [InlineData("https://vault.azure.net/")]
    [InlineData("https://a.b.vault.azure.net/")]
    [InlineData("https://kv.vault.azure.net@evil.example/")]
    [InlineData("http://kv-payments-prod.vault.azure.net/")]
    public async Task A_vault_elsewhere_gets_no_call(string uri)
    {
        using var cloud = new StubCloud(_ => Json(200, """{"value":[]}"""));
        Assert.Equal("ForeignVaultAddress", (await ListFails(cloud, Seen() with { VaultUri = new Uri(uri) })).Code);
        Assert.Empty(cloud.Calls);
    }

    [Fact]
    public async Task A_challenge_that_names_another_resource_gets_no_token()
    {
        using var cloud = new StubCloud(_ => Challenge("https://evil.example"));
        await ListFails(cloud, Seen() with { VaultUri = new Uri("https://kv-challenged.vault.azure.net/") });
        Assert.All(cloud.Calls, c => Assert.Null(c.Token));
    }

    internal static System.Net.Http.HttpResponseMessage Challenge(string resource = "https://vault.azure.net") =>
        Json(401, """{"error":{"code":"Unauthorized","message":"AKV10000"}}""", ("WWW-Authenticate", $"Bearer authorization=\"https://login.microsoftonline.com/{Tenant}\", resource=\"{resource}\""));

    private static async Task<CloudCallException> ListFails(StubCloud cloud, VaultSeen vault) =>
        await Assert.ThrowsAsync<CloudCallException>(async () => await cloud.Get<IVaultInventory>().ListSecretsAsync(vault, Ct).ToListAsync(Ct));

    private static VaultSeen Seen() => new(VaultId, "kv-payments-prod", "westeurope", new Uri("https://kv-payments-prod.vault.azure.net/"), PermissionModel.RoleAssignments, new Dictionary<string, string>(), null);

    private static string Vault(string id, string rbac) => $$$"""
        {"id":"{{{id}}}","name":"kv-payments-prod","location":"westeurope","tags":{"team":"payments"},"properties":{"vaultUri":"https://kv-payments-prod.vault.azure.net/","enableRbacAuthorization":{{{rbac}}} } }
        """;
}
