using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>Query options as command lines and libraries write them: what Graph knows is answered, what it refuses is refused, and nothing is ignored that Graph would not ignore.</summary>
public sealed class GraphQueryTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private GraphWire Graph => new(sandbox);

    [Theory]
    [InlineData("startsWith(displayName,'Mi')")]
    [InlineData("STARTSWITH(displayName, 'Mira')")]
    public async Task A_function_is_known_in_any_case(string filter)
    {
        var found = await Graph.GetAsync("/users?$filter=" + Uri.EscapeDataString(filter));
        Assert.Equal(FenwickCompany.Mira.ToString(), Assert.Single(found.Json["value"]!.AsArray())!["id"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("servicePrincipalNames/any(c:c eq '{id}')", 1)]
    [InlineData("servicePrincipalNames/any(x:x eq 'api://{id}')", 1)]
    [InlineData("servicePrincipalNames/any(x:x eq 'API://{id}') and accountEnabled eq true", 1)]
    [InlineData("servicePrincipalNames/any(x:x eq 'nothing')", 0)]
    public async Task An_application_is_found_by_one_of_its_names(string filter, int expected)
    {
        var found = await Graph.GetAsync("/servicePrincipals?$filter=" + Uri.EscapeDataString(filter.Replace("{id}", FenwickCompany.PortalClientId.ToString(), StringComparison.Ordinal)));
        Assert.Equal((200, expected), (found.Status, found.Json["value"]!.AsArray().Count));
        if (expected > 0) Assert.Equal(FenwickCompany.PortalPrincipal.ToString(), found.Json["value"]![0]!["id"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("servicePrincipalNames/any(x:y eq 'a')")]
    [InlineData("displayName/any(x:x eq 'a')")]
    [InlineData("servicePrincipalNames/all(x:x eq 'a')")]
    [InlineData("servicePrincipalNames eq 'a'")]
    public async Task What_is_no_search_in_a_list_of_names_is_refused(string filter) =>
        Assert.Equal(400, (await Graph.GetAsync("/servicePrincipals?$filter=" + Uri.EscapeDataString(filter))).Status);

    [Theory]
    [InlineData("/users?$select=id,favouriteColour", "favouriteColour", "microsoft.graph.user")]
    [InlineData("/users/{mira}?$select=appRoles", "appRoles", "microsoft.graph.user")]
    [InlineData("/groups?$select=userPrincipalName", "userPrincipalName", "microsoft.graph.group")]
    [InlineData("/servicePrincipals?$select=appId,tags", "tags", "microsoft.graph.servicePrincipal")]
    [InlineData("/directoryObjects/{mira}?$select=colour", "colour", "microsoft.graph.directoryObject")]
    [InlineData("/users/{mira}/appRoleAssignments?$select=mail", "mail", "microsoft.graph.appRoleAssignment")]
    [InlineData("/groups/{empty}/members?$select=colour", "colour", "microsoft.graph.directoryObject")]
    public async Task A_property_that_is_not_known_cannot_be_selected(string address, string property, string type)
    {
        var refused = await Graph.GetAsync(Filled(address));
        Assert.Equal((400, "BadRequest"), (refused.Status, refused.Code));
        Assert.StartsWith($"Parsing OData Select and Expand failed: Could not find a property named '{property}' on type '{type}'.", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/users/{mira}?$select=ID,DisplayName,deletedDateTime")]
    [InlineData("/directoryObjects/{mira}?$select=userPrincipalName,appId,description")]
    [InlineData("/users/{mira}/transitiveMemberOf?$select=id,displayName,securityEnabled")]
    [InlineData("/users?$select=*")]
    [InlineData("/servicePrincipals?$select=id,appId,appRoles,servicePrincipalNames")]
    public async Task A_known_one_can(string address) => Assert.Equal(200, (await Graph.GetAsync(Filled(address))).Status);

    [Theory]
    [InlineData("nonsense")]
    [InlineData("colour eq 'red'")]
    public async Task A_filter_that_is_not_understood_is_refused_where_there_is_nothing_to_look_through(string filter) =>
        Assert.Equal(400, (await Graph.GetAsync(Filled("/groups/{empty}/members?$filter=") + Uri.EscapeDataString(filter))).Status);

    [Theory]
    [InlineData("filter=displayName%20eq%20'x'")]
    [InlineData("select=id")]
    [InlineData("Top=1")]
    [InlineData("expand=memberOf")]
    [InlineData("search=x")]
    public async Task An_option_without_its_dollar_is_refused_and_not_passed_over(string option)
    {
        foreach (var address in (string[])["/users?", "/users/{mira}?", "/groups?"])
            Assert.Equal((400, "Request_UnsupportedQuery"), await Graph.GetAsync(Filled(address) + option) is var refused ? (refused.Status, refused.Code) : default);
    }

    [Fact]
    public async Task Not_equal_is_for_who_counts_and_can_wait()
    {
        const string filter = "/users?$filter=accountEnabled%20ne%20true";
        foreach (var (address, eventual) in new[] { (filter, false), (filter, true), (filter + "&$count=true", false) })
        {
            var refused = await Graph.GetAsync(address, eventual);
            Assert.Equal((400, "Request_UnsupportedQuery"), (refused.Status, refused.Code));
        }

        var found = await Graph.GetAsync(filter + "&$count=true", eventual: true);
        Assert.Equal((200, 1), (found.Status, found.Json["@odata.count"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_count_is_given_to_who_can_wait()
    {
        Assert.Null((await Graph.GetAsync("/users?$count=true")).Json["@odata.count"]);
        Assert.Equal(13, (await Graph.GetAsync("/users?$count=true", eventual: true)).Json["@odata.count"]!.GetValue<int>());
    }

    [Fact]
    public async Task Objects_by_their_ids_come_all_at_once()
    {
        await using var own = new OwnSandbox();
        var fixture = await own.StartAsync();
        var ids = Enumerable.Range(1, 250).Select(i => new Guid(i, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)).ToList();
        foreach (var id in ids) fixture.Host.Control.Directory.Put(new DirectoryGroup(id, $"group {id}", "One of many"));
        var answer = await new GraphWire(fixture).PostAsync("/directoryObjects/getByIds", $$"""{"ids":[{{string.Join(',', ids.Select(i => $"\"{i}\""))}}]}""");
        Assert.Equal((200, 250), (answer.Status, answer.Json["value"]!.AsArray().Count));
        Assert.Null(answer.Json["@odata.nextLink"]);
    }

    private string Filled(string address)
    {
        var empty = new Guid("61a0c001-0000-4000-8000-0000000000e1");
        if (address.Contains("{empty}", StringComparison.Ordinal)) sandbox.Host.Control.Directory.Put(new DirectoryGroup(empty, "nobody", "Has no members"));
        return address.Replace("{mira}", FenwickCompany.Mira.ToString(), StringComparison.Ordinal).Replace("{empty}", empty.ToString(), StringComparison.Ordinal);
    }
}
