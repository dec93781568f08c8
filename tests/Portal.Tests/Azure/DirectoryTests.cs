using Portal.Core;
using Portal.Core.Identity;
using static Portal.Tests.Azure.StubCloud;

namespace Portal.Tests.Azure;

public sealed class DirectoryTests
{
    private static readonly Guid Person = new("1b0c7a52-3e61-4c8e-8a1d-6f0b5e2d9c01");
    private static readonly Guid Portal = Guid.NewGuid();
    private static readonly Guid ApproverRole = Guid.NewGuid();
    private static readonly Guid SwitchedOffRole = Guid.NewGuid();
    private static readonly Guid GroupOne = Guid.NewGuid();
    private static readonly Guid GroupTwo = Guid.NewGuid();
    private static readonly PrincipalId Mira = new(Tenant, Person);
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_standing_is_roles_of_the_portal_and_groups_of_all_pages()
    {
        using var cloud = new StubCloud(Graph());
        var standing = await cloud.Get<IDirectory>().StandingOfAsync(Mira, Ct);
        Assert.True(standing.Enabled);
        Assert.Equal([PortalRole.Approver], standing.Roles);
        Assert.Equal(new HashSet<Guid> { GroupOne, GroupTwo }, standing.Groups);
        Assert.All(cloud.Calls, c => Assert.Equal(Token, c.Token));
    }

    [Fact]
    public async Task The_portals_app_roles_are_kept_and_the_person_is_asked_each_time()
    {
        var enabled = "true";
        using var cloud = new StubCloud(c => Graph(enabled)(c));
        var directory = cloud.Get<IDirectory>();
        Assert.True((await directory.StandingOfAsync(Mira, Ct)).Enabled);
        enabled = "false";
        var after = await directory.StandingOfAsync(Mira, Ct);
        Assert.False(after.Enabled);
        Assert.Empty(after.Roles);
        Assert.Empty(after.Groups);
        Assert.Single(cloud.Calls, c => c.Path.EndsWith("/servicePrincipals", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Someone_who_is_gone_has_no_standing()
    {
        using var cloud = new StubCloud(c => c.Path.Contains("/users/", StringComparison.Ordinal) ? Error(404, "Request_ResourceNotFound") : Graph()(c));
        Assert.False((await cloud.Get<IDirectory>().StandingOfAsync(Mira, Ct)).Enabled);
        Assert.Null(await cloud.Get<IDirectory>().FindAsync(Mira, Ct) is { Kind: PrincipalKind.User } found ? found : null);
    }

    [Fact]
    public async Task Someone_of_another_tenant_has_no_standing_and_nobody_is_asked()
    {
        using var cloud = new StubCloud(Graph());
        Assert.Same(Standing.None, await cloud.Get<IDirectory>().StandingOfAsync(new PrincipalId(Guid.NewGuid(), Person), Ct));
        Assert.Null(await cloud.Get<IDirectory>().FindAsync(new PrincipalId(Guid.NewGuid(), Person), Ct));
        Assert.Empty(cloud.Calls);
    }

    [Theory]
    [InlineData("", 200, "{}")]
    [InlineData("/transitiveMemberOf", 200, "{}")]
    [InlineData("/transitiveMemberOf", 502, "<html></html>")]
    [InlineData("/transitiveMemberOf", 404, "<html></html>")]
    [InlineData("/appRoleAssignments", 200, "")]
    [InlineData("/appRoleAssignments", 200, """{"value":[""")]
    [InlineData("/appRoleAssignments", 403, """{"error":{"code":"Authorization_RequestDenied","message":"No."}}""")]
    [InlineData("", 429, """{"error":{"code":"UnknownError","message":""}}""")]
    public async Task Half_an_answer_is_no_standing(string path, int status, string body)
    {
        using var cloud = new StubCloud(c => c.Path.EndsWith($"/users/{Person}{path}", StringComparison.Ordinal) ? Answer(status, body, body.StartsWith('<') ? "text/html" : "application/json") : Graph()(c));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IDirectory>().StandingOfAsync(Mira, Ct));
        Assert.Equal(status == 200, e.Code == "UnreadableAnswer" && e.Status is 200 or null);
        Assert.Equal(status is 200 or 429 or 502, e.IsTransient);
        Assert.NotEmpty(e.Message);
    }

    [Fact]
    public async Task A_throttled_directory_says_when()
    {
        using var cloud = new StubCloud(_ => Error(429, "TooManyRequests", "Later.", ("Retry-After", "11"), ("request-id", "g-1")));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IDirectory>().FindAsync(Mira, Ct));
        Assert.Equal(("TooManyRequests", TimeSpan.FromSeconds(11), "g-1"), (e.Code, e.RetryAfter, e.ProviderCall.RequestId));
        Assert.Single(cloud.Calls);
    }

    [Theory]
    [InlineData("https://evil.example/v1.0/groups")]
    [InlineData("https://graph.microsoft.com/v1.0/loop")]
    public async Task Pages_that_lead_elsewhere_or_in_circles_are_no_standing(string link)
    {
        using var cloud = new StubCloud(c => c.Path.EndsWith("/transitiveMemberOf", StringComparison.Ordinal) || c.Path.EndsWith("/loop", StringComparison.Ordinal)
            ? Json(200, $$"""{"value":[],"@odata.nextLink":"{{link}}"}""") : Graph()(c));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IDirectory>().StandingOfAsync(Mira, Ct));
        Assert.Equal("UnreadableAnswer", e.Code);
        Assert.All(cloud.Calls, c => Assert.Equal("graph.microsoft.com", c.Uri.Host));
    }

    [Fact]
    public async Task A_portal_without_service_principal_needs_someone()
    {
        using var cloud = new StubCloud(c => c.Path.EndsWith("/servicePrincipals", StringComparison.Ordinal) ? Json(200, """{"value":[]}""") : Graph()(c));
        var e = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IDirectory>().StandingOfAsync(Mira, Ct));
        Assert.Equal(("ServicePrincipalNotFound", false), (e.Code, e.IsTransient));
    }

    [Theory]
    [InlineData("users", PrincipalKind.User, false)]
    [InlineData("groups", PrincipalKind.Group, true)]
    [InlineData("servicePrincipals", PrincipalKind.ServicePrincipal, false)]
    public async Task A_principal_is_found_whatever_its_kind(string path, PrincipalKind kind, bool enabled)
    {
        using var cloud = new StubCloud(c => c.Path == $"/v1.0/{path}/{Person}"
            ? Json(200, $$"""{"id":"{{Person}}","displayName":"Name","accountEnabled":false{{(kind == PrincipalKind.User ? ",\"userPrincipalName\":\"mira@fenwick.example\"" : "")}}}""")
            : Error(404, "Request_ResourceNotFound"));
        Assert.Equal(new DirectoryPrincipal(Mira, kind, "Name", kind == PrincipalKind.User ? "mira@fenwick.example" : null, enabled), await cloud.Get<IDirectory>().FindAsync(Mira, Ct));
    }

    private static Func<Call, HttpResponseMessage> Graph(string enabled = "true") => call => call.Path switch
    {
        "/v1.0/servicePrincipals" => Json(200, $$"""
            {"value":[{"id":"{{Portal}}","appId":"{{Client}}","appRoles":[{"id":"{{ApproverRole}}","value":"Approver","isEnabled":true},{"id":"{{SwitchedOffRole}}","value":"Administrator","isEnabled":false},{"id":"{{GroupOne}}","value":"Unknown","isEnabled":true}]}]}
            """),
        var p when p == $"/v1.0/users/{Person}" => Json(200, $$"""{"id":"{{Person}}","accountEnabled":{{enabled}}}"""),
        // Graph may ignore a filter that it does not know: the last one is another application's role with the same id.
        var p when p == $"/v1.0/users/{Person}/appRoleAssignments" => Json(200, $$"""
            {"value":[{"appRoleId":"{{ApproverRole}}","resourceId":"{{Portal}}","principalType":"Group"},{"appRoleId":"{{SwitchedOffRole}}","resourceId":"{{Portal}}"},{"appRoleId":"{{Guid.Empty}}","resourceId":"{{Portal}}"},{"appRoleId":"{{ApproverRole}}","resourceId":"{{Guid.NewGuid()}}"}]}
            """),
        var p when p == $"/v1.0/users/{Person}/transitiveMemberOf" => call.Uri.Query.Contains("skiptoken", StringComparison.Ordinal)
            ? Json(200, $$"""{"value":[{"@odata.type":"#microsoft.graph.group","id":"{{GroupTwo}}"}]}""")
            : Json(200, $$"""{"value":[{"@odata.type":"#microsoft.graph.group","id":"{{GroupOne}}"},{"@odata.type":"#microsoft.graph.directoryRole","id":"{{Guid.NewGuid()}}"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/users/{{Person}}/transitiveMemberOf?$skiptoken=1"}"""),
        _ => Error(404, "Request_ResourceNotFound"),
    };
}
