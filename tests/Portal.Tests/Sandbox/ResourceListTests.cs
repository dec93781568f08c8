using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>The list of resources and the old api-versions, as the command line and the management libraries ask for them.</summary>
public sealed class ResourceListTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private const string Vaults = "resourceType eq 'Microsoft.KeyVault/vaults'";
    private static readonly Guid Portal = FenwickCompany.PortalPrincipal;

    private CloudClients Cloud => new(sandbox.Host, sandbox.Handler);

    [Theory]
    [InlineData(Vaults, new[] { "kv-legacy-erp", "kv-logistics-prod", "kv-payments-prod", "kv-platform-prod" })]
    [InlineData(Vaults + " and name eq 'kv-payments-prod'", new[] { "kv-payments-prod" })]
    [InlineData("name eq 'KV-Payments-Prod' and " + Vaults, new[] { "kv-payments-prod" })]
    [InlineData("name eq 'kv-payments-prod'", new[] { "kv-payments-prod" })]
    [InlineData(Vaults + " and name eq 'kv-nowhere'", new string[0])]
    [InlineData("resourceType eq 'Microsoft.Web/sites' and name eq 'kv-payments-prod'", new string[0])]
    public async Task Vaults_are_found_by_type_and_name_at_the_version_that_Key_Vaults_own_list_asks_for(string filter, string[] expected)
    {
        var list = await Cloud.ArmAsync(HttpMethod.Get, Path("2015-11-01", filter), Portal);
        Assert.Equal(200, list.Status);
        Assert.Equal(expected, list.Json["value"]!.AsArray().Select(v => v!["name"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("name eq 'kv-payments-prod' or " + Vaults)]
    [InlineData("location eq 'westeurope'")]
    [InlineData(Vaults + " and ")]
    [InlineData("name eq 'a' and name eq 'b'")]
    public async Task A_filter_that_is_not_understood_is_refused(string filter)
    {
        var refused = await Cloud.ArmAsync(HttpMethod.Get, Path("2022-12-01", filter), Portal);
        Assert.Equal((400, "InvalidFilterInQueryString"), (refused.Status, refused.Code));
    }

    [Theory]
    [InlineData("/tenants?api-version=2022-12-01")]
    [InlineData("/subscriptions?api-version=2022-12-01")]
    [InlineData("/subscriptions/{production}/providers?api-version=2022-12-01")]
    [InlineData("/subscriptions/{production}/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01")]
    public async Task A_list_that_knows_no_filter_refuses_one(string list)
    {
        var address = list.Replace("{production}", FenwickEstate.Production.ToString(), StringComparison.Ordinal);
        Assert.Equal(200, (await Cloud.ArmAsync(HttpMethod.Get, address, Portal)).Status);
        var refused = await Cloud.ArmAsync(HttpMethod.Get, address + "&$filter=" + Uri.EscapeDataString("name eq 'x'"), Portal);
        Assert.Equal((400, "InvalidFilterInQueryString"), (refused.Status, refused.Code));
    }

    [Theory]
    [InlineData("providers/Microsoft.KeyVault/vaults?api-version=2023-07-01&$top=")]
    [InlineData("resources?api-version=2022-12-01&$filter=resourceType%20eq%20'Microsoft.KeyVault/vaults'&$top=")]
    public async Task A_list_of_vaults_comes_in_pages_of_the_size_that_the_caller_asks_for(string list)
    {
        var names = new List<string>();
        var pages = 0;
        for (var next = $"/subscriptions/{FenwickEstate.Production}/{list}3"; next is not null; pages++)
        {
            var page = await Cloud.ArmAsync(HttpMethod.Get, next, Portal);
            Assert.InRange(page.Json["value"]!.AsArray().Count, 1, 3);
            names.AddRange(page.Json["value"]!.AsArray().Select(v => v!["name"]!.GetValue<string>()));
            next = page.Json["nextLink"] is { } link ? new Uri(link.GetValue<string>()).PathAndQuery : null;
        }

        Assert.Equal(2, pages);
        Assert.Equal(["kv-legacy-erp", "kv-logistics-prod", "kv-payments-prod", "kv-platform-prod"], names);
        foreach (var wrong in new[] { "0", "-1", "many", "" })
            Assert.Equal(400, (await Cloud.ArmAsync(HttpMethod.Get, $"/subscriptions/{FenwickEstate.Production}/{list}{wrong}", Portal)).Status);
    }

    [Fact]
    public async Task Resource_groups_come_in_pages_of_that_size_too()
    {
        var page = await Cloud.ArmAsync(HttpMethod.Get, $"/subscriptions/{FenwickEstate.Production}/resourcegroups?api-version=2021-04-01&$top=1", Portal);
        Assert.Single(page.Json["value"]!.AsArray());
        Assert.NotNull(page.Json["nextLink"]);
    }

    [Fact]
    public async Task The_oldest_version_of_the_role_calls_is_answered()
    {
        var secret = FenwickEstate.SecretScope("kv-payments-prod", "adyen-hmac-key");
        foreach (var type in new[] { "roleAssignments", "roleDefinitions" })
        {
            var list = await Cloud.ArmAsync(HttpMethod.Get, $"{secret}/providers/Microsoft.Authorization/{type}?api-version=2015-07-01", Portal);
            Assert.Equal(200, list.Status);
            Assert.NotEmpty(list.Json["value"]!.AsArray());
        }
    }

    private static string Path(string version, string filter) => $"/subscriptions/{FenwickEstate.Production}/resources?api-version={version}&$filter={Uri.EscapeDataString(filter)}";
}
