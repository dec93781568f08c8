using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Sandbox.ResourceManager;
using static Portal.Tests.Azure.StubCloud;

namespace Portal.Tests.Azure;

/// <summary>The list of everything at a vault and below it: what it holds, how it goes from page to page, and what it never follows.</summary>
public sealed class VaultListTests
{
    private const string Vault = "/subscriptions/9e10c0de-2222-4000-8000-00000000c001/resourceGroups/rg-payments/providers/Microsoft.KeyVault/vaults/kv-payments-prod";
    private const string List = "https://management.azure.com" + Vault + "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01";
    private static readonly Guid Role = new("4633458b-17de-408a-b874-0445c86b69e6");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_holds_what_stands_at_the_vault_and_below_over_all_pages_and_nothing_above()
    {
        var (here, below, above, neighbour) = (At(Vault.ToUpperInvariant().Replace("/SUBSCRIPTIONS/", "/subscriptions/", StringComparison.Ordinal)), At(Vault + "/secrets/db"), At("/subscriptions/9e10c0de-2222-4000-8000-00000000c001"), At(Vault + "2/secrets/db"));
        using var cloud = new StubCloud(c => c.Uri.Query.Contains("$skipToken", StringComparison.Ordinal)
            ? Json(200, AssignmentJson.Page(null, below.Json, neighbour.Json))
            : Json(200, AssignmentJson.Page(List + "&$skipToken=1", above.Json, here.Json)));

        var seen = await cloud.Get<IRoleAssignments>().ListUnderAsync(Vault, Ct).ToListAsync(Ct);

        Assert.Equal([here.Name, below.Name], seen.Select(a => a.Name));
        Assert.All(seen, a => Assert.Equal((Tenant, PrincipalKind.User, Role), (a.TenantId, a.PrincipalKind, a.RoleDefinitionId)));
        Assert.Equal([List, List + "&$skipToken=1"], cloud.Calls.Select(c => c.Uri.AbsoluteUri));
        Assert.All(cloud.Calls, c => Assert.Equal(Token, c.Token));
    }

    [Theory]
    [InlineData("https://evil.example/next")]
    [InlineData("http://management.azure.com/next")]
    [InlineData("https://management.azure.com.evil.example/next")]
    [InlineData("/next")]
    public async Task A_link_to_another_host_gets_no_call_and_no_token(string link)
    {
        using var cloud = new StubCloud(_ => Json(200, AssignmentJson.Page(link, At(Vault).Json)));
        var e = await Assert.ThrowsAsync<CloudCallException>(async () => await cloud.Get<IRoleAssignments>().ListUnderAsync(Vault, Ct).ToListAsync(Ct));
        Assert.Equal("UnreadableAnswer", e.Code);
        Assert.Equal("management.azure.com", Assert.Single(cloud.Calls).Uri.Host);
    }

    [Fact]
    public async Task Pages_that_lead_back_to_themselves_end()
    {
        var n = 0;
        using var cloud = new StubCloud(_ => Json(200, AssignmentJson.Page($"{List}&page={n++ % 3}", At(Vault).Json)));
        var e = await Assert.ThrowsAsync<CloudCallException>(async () => await cloud.Get<IRoleAssignments>().ListUnderAsync(Vault, Ct).ToListAsync(Ct));
        Assert.Equal("UnreadableAnswer", e.Code);
        Assert.Equal(4, cloud.Calls.Count);
    }

    [Fact]
    public async Task What_came_before_a_page_that_fails_is_given_and_the_failure_is_not_hidden()
    {
        using var cloud = new StubCloud(c => c.Uri.Query.Contains("skip", StringComparison.Ordinal)
            ? Error(403, "AuthorizationFailed")
            : Json(200, AssignmentJson.Page(List + "&$skipToken=1", At(Vault).Json)));
        var given = 0;
        var e = await Assert.ThrowsAsync<CloudCallException>(async () =>
        {
            await foreach (var _ in cloud.Get<IRoleAssignments>().ListUnderAsync(Vault, Ct))
                given++;
        });
        Assert.Equal(("AuthorizationFailed", 1), (e.Code, given));
    }

    [Fact]
    public async Task A_scope_that_is_no_vault_is_never_sent()
    {
        using var cloud = new StubCloud(_ => Json(200, AssignmentJson.Page(null)));
        await Assert.ThrowsAsync<CloudCallException>(async () => await cloud.Get<IRoleAssignments>().ListUnderAsync("/subscriptions/9e10c0de-2222-4000-8000-00000000c001", Ct).ToListAsync(Ct));
        Assert.Empty(cloud.Calls);
    }

    private static (Guid Name, string Json) At(string scope)
    {
        var name = Guid.NewGuid();
        return (name, AssignmentJson.Of(scope, name, Guid.NewGuid(), Role));
    }
}

/// <summary>The same list over the real SDK against the sandbox's Resource Manager.</summary>
public sealed class VaultListOnSandboxTests(SandboxCloud cloud) : IClassFixture<SandboxCloud>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private ResourceState Resources => cloud.Sandbox.Control.Resources;

    [Fact]
    public async Task Page_by_page_each_assignment_of_the_vault_comes_once_whatever_the_size_of_a_page()
    {
        var vault = FenwickEstate.VaultScope("kv-payments-prod");
        var names = new List<Guid> { Resources.Assign(vault, BuiltInRoles.KeyVaultReader, FenwickCompany.Mira, "User").Name };
        foreach (var secret in Enumerable.Range(0, 40))
            names.Add(Resources.Assign(vault.Child("secrets", $"made-up-{secret}"), BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Mira, "User").Name);
        Resources.Assign(FenwickEstate.VaultScope("kv-logistics-prod"), BuiltInRoles.KeyVaultReader, FenwickCompany.Mira, "User");
        foreach (var size in (int[])[1, 7, 1000])
        {
            Resources.PageSize = size;
            cloud.Sandbox.Control.Requests.Clear();
            var seen = await cloud.Get<IRoleAssignments>().ListUnderAsync(ArmId.Normalise(vault.Value), Ct).ToListAsync(Ct);
            Assert.Equal(names.Order(), seen.Select(a => a.Name).Order());
            Assert.All(seen, a => Assert.NotNull(a.WrittenAt));
            Assert.Equal(size < names.Count, cloud.Sandbox.Control.Requests.Calls.Count(c => c.Path.EndsWith("/roleAssignments", StringComparison.OrdinalIgnoreCase)) > 1);
        }
    }

    [Fact]
    public async Task A_link_to_a_foreign_host_on_the_wire_is_not_followed()
    {
        var list = $"{FenwickEstate.VaultScope("kv-logistics-test").Value}/providers/Microsoft.Authorization/roleAssignments";
        var rule = cloud.Sandbox.Control.Faults.Add("GET", list, Fault.Answer(200, """{"value":[],"nextLink":"https://graph.microsoft.com/next"}"""));
        var e = await Assert.ThrowsAsync<CloudCallException>(async () =>
            await cloud.Get<IRoleAssignments>().ListUnderAsync(ArmId.Normalise(FenwickEstate.VaultScope("kv-logistics-test").Value), Ct).ToListAsync(Ct));
        Assert.Equal(("UnreadableAnswer", 1), (e.Code, rule.Fired));
        Assert.DoesNotContain(cloud.Sandbox.Control.Requests.Calls, r => r.Path == "/next");
    }
}
