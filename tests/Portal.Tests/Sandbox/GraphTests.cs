using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Azure;
using Azure.Core.Pipeline;
using Azure.Identity;
using Microsoft.Graph;
using Microsoft.Graph.DirectoryObjects.GetByIds;
using Microsoft.Graph.Models;
using Microsoft.Graph.Models.ODataErrors;
using Microsoft.Graph.Users.Item.CheckMemberGroups;
using Portal.Sandbox;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>The real Graph client against the sandbox, under Graph's real name and with verification on.</summary>
public sealed class GraphTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static readonly Guid Inner = new("61a0c001-0000-4000-8000-0000000000a1");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private GraphServiceClient Client(SandboxClient? client = null)
    {
        client ??= sandbox.Host.ExplorerClient;
        var credential = new ClientSecretCredential(EntraBrowser.Tenant, client.ClientId.ToString(), client.ClientSecret, new ClientSecretCredentialOptions
        {
            AuthorityHost = new Uri(sandbox.Host.Addresses.Instance),
            DisableInstanceDiscovery = true,
            Transport = new HttpClientTransport(new HttpClient(sandbox.Handler, disposeHandler: false)),
        });
        return new GraphServiceClient(GraphClientFactory.Create(finalHandler: sandbox.Host.CreateHandler()), credential);
    }

    [Fact]
    public async Task A_user_is_found_by_id_and_by_name()
    {
        var graph = Client();
        var byId = await graph.Users[FenwickCompany.Tomas.ToString()].GetAsync(r => r.QueryParameters.Select = ["id", "displayName", "accountEnabled"], Ct);
        Assert.Equal(("Tomás Herrera", true), (byId!.DisplayName, byId.AccountEnabled));
        Assert.Null(byId.UserPrincipalName);
        var byName = await graph.Users["tomas@fenwick.example"].GetAsync(cancellationToken: Ct);
        Assert.Equal(FenwickCompany.Tomas.ToString(), byName!.Id);
        Assert.Null(byName.AccountEnabled);
    }

    [Fact]
    public async Task Users_come_in_pages()
    {
        var graph = Client();
        var first = await graph.Users.GetAsync(r => { r.QueryParameters.Top = 5; r.QueryParameters.Count = true; r.Headers.Add("ConsistencyLevel", "eventual"); }, Ct);
        Assert.Equal((5, 13L), (first!.Value!.Count, first.OdataCount));
        var seen = new List<string>();
        await PageIterator<User, UserCollectionResponse>.CreatePageIterator(graph, first, u => { seen.Add(u.UserPrincipalName!); return true; }).IterateAsync(Ct);
        Assert.Equal(13, seen.Distinct().Count());
        Assert.Equal(13, seen.Count);
    }

    [Theory]
    [InlineData("userPrincipalName eq 'mira@fenwick.example'", 1)]
    [InlineData("id eq '1b0c7a52-3e61-4c8e-8a1d-6f0b5e2d9c01'", 1)]
    [InlineData("accountEnabled eq false", 1)]
    [InlineData("startswith(displayName,'Mi') and accountEnabled eq true", 1)]
    [InlineData("mail in ('mira@fenwick.example', 'jonas@fenwick.example')", 2)]
    [InlineData("userPrincipalName eq 'o''brien@fenwick.example'", 0)]
    public async Task Users_are_filtered(string filter, int expected)
    {
        var found = await Client().Users.GetAsync(r => r.QueryParameters.Filter = filter, Ct);
        Assert.Equal(expected, found!.Value!.Count);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("favouriteColour eq 'red'")]
    [InlineData("id eq 'a' or id eq 'b'")]
    [InlineData("id eq 'a' and ")]
    public async Task A_filter_that_is_not_understood_is_refused(string filter)
    {
        var e = await Assert.ThrowsAsync<ODataError>(() => Client().Users.GetAsync(r => r.QueryParameters.Filter = filter, Ct));
        Assert.Equal(400, e.ResponseStatusCode);
    }

    [Fact]
    public async Task Members_are_added_and_removed_by_reference()
    {
        await using var own = new OwnSandbox();
        var fixture = await own.StartAsync();
        var graph = new GraphTests(fixture).Client();
        var members = graph.Groups[FenwickCompany.PaymentsApprovers.ToString()].Members;
        // A new one each time: the client sends only what has changed since it last sent an object.
        ReferenceCreate Reference() => new() { OdataId = $"https://graph.microsoft.com/v1.0/directoryObjects/{FenwickCompany.Jonas}" };

        await members.Ref.PostAsync(Reference(), cancellationToken: Ct);
        Assert.Equal(["Jonas Lindqvist", "Priya Raman"], (await members.GetAsync(cancellationToken: Ct))!.Value!.Cast<User>().Select(u => u.DisplayName!));
        var twice = await Assert.ThrowsAsync<ODataError>(() => members.Ref.PostAsync(Reference(), cancellationToken: Ct));
        Assert.Equal((400, "Request_BadRequest"), (twice.ResponseStatusCode, twice.Error!.Code));
        Assert.Equal("One or more added object references already exist for the following modified properties: 'members'.", twice.Error.Message);

        await members[FenwickCompany.Jonas.ToString()].Ref.DeleteAsync(cancellationToken: Ct);
        var gone = await Assert.ThrowsAsync<ODataError>(() => members[FenwickCompany.Jonas.ToString()].Ref.DeleteAsync(cancellationToken: Ct));
        Assert.Equal((404, "Request_ResourceNotFound"), (gone.ResponseStatusCode, gone.Error!.Code));
    }

    [Fact]
    public async Task Whoever_may_read_memberships_may_not_therefore_change_them()
    {
        await using var own = new OwnSandbox();
        var fixture = await own.StartAsync();
        var portal = fixture.Host.Control.Directory.FindApplication(FenwickCompany.PortalClientId)!;
        fixture.Host.Control.Directory.Put(portal with { GraphRoles = ["Directory.Read.All", "GroupMember.Read.All", "User.Read.All"] });
        var graph = new GraphTests(fixture).Client(fixture.Host.PortalClient);
        var groups = await graph.Users[FenwickCompany.Mira.ToString()].TransitiveMemberOf.GetAsync(r => { r.QueryParameters.Select = ["id"]; r.QueryParameters.Top = 999; }, Ct);
        Assert.Equal([FenwickCompany.AllEngineers.ToString(), FenwickCompany.PaymentsEngineers.ToString()], groups!.Value!.OfType<Group>().Select(g => g.Id!).Order().Reverse());
        var e = await Assert.ThrowsAsync<ODataError>(() => graph.Groups[FenwickCompany.PaymentsApprovers.ToString()].Members.Ref.PostAsync(
            new ReferenceCreate { OdataId = $"https://graph.microsoft.com/v1.0/directoryObjects/{FenwickCompany.Mira}" }, cancellationToken: Ct));
        Assert.Equal((403, "Authorization_RequestDenied"), (e.ResponseStatusCode, e.Error!.Code));
    }

    [Theory]
    [InlineData("GroupMember.ReadWrite.All")]
    [InlineData("Group.ReadWrite.All")]
    public async Task A_membership_opens_and_closes_what_its_group_holds_through_other_groups_too(string permission)
    {
        await using var own = new OwnSandbox();
        var fixture = await own.StartAsync();
        var directory = fixture.Host.Control.Directory;
        directory.Put(directory.FindApplication(FenwickCompany.PortalClientId)! with { GraphRoles = [permission] });
        // The group that holds the role has the one that is joined as a member.
        directory.Put(new DirectoryGroup(Inner, "logistics-test-guests", "Inside logistics-test-readers"));
        directory.AddMember(FenwickCompany.LogisticsTestReaders, Inner);
        var graph = new GraphTests(fixture).Client(fixture.Host.PortalClient);
        var secrets = new CloudClients(fixture.Host, fixture.Handler).Secrets("kv-logistics-test", FenwickCompany.Hanna);
        var name = fixture.Host.Control.Vaults.Latest("kv-logistics-test").First(s => s.Settings.Enabled).Name;

        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => secrets.GetSecretAsync(name, cancellationToken: Ct))).Status);
        await graph.Groups[Inner.ToString()].Members.Ref.PostAsync(new ReferenceCreate { OdataId = $"https://graph.microsoft.com/v1.0/directoryObjects/{FenwickCompany.Hanna}" }, cancellationToken: Ct);
        Assert.Equal(200, (await secrets.GetSecretAsync(name, cancellationToken: Ct)).GetRawResponse().Status);
        await graph.Groups[Inner.ToString()].Members[FenwickCompany.Hanna.ToString()].Ref.DeleteAsync(cancellationToken: Ct);
        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => secrets.GetSecretAsync(name, cancellationToken: Ct))).Status);
    }

    [Fact]
    public async Task Members_come_in_pages()
    {
        await using var own = new OwnSandbox();
        var fixture = await own.StartAsync();
        var members = new GraphTests(fixture).Client().Groups[FenwickCompany.AllEngineers.ToString()].Members;
        var all = fixture.Host.Control.Directory.MembersOf(FenwickCompany.AllEngineers).Select(m => m.Id.ToString()).ToList();

        var seen = new List<string>();
        var page = await members.GetAsync(r => { r.QueryParameters.Top = 3; r.QueryParameters.Select = ["id"]; }, Ct);
        while (page is not null)
        {
            Assert.InRange(page.Value!.Count, 1, 3);
            seen.AddRange(page.Value.Select(m => m.Id!));
            page = page.OdataNextLink is null ? null : await members.WithUrl(page.OdataNextLink).GetAsync(cancellationToken: Ct);
        }

        Assert.True(all.Count > 3);
        Assert.Equal(all, seen);
    }

    [Fact]
    public async Task App_roles_count_when_held_directly_or_through_a_direct_group()
    {
        await using var own = new OwnSandbox();
        var fixture = await own.StartAsync();
        var directory = fixture.Host.Control.Directory;
        var portal = directory.FindApplication(FenwickCompany.PortalClientId)!;
        directory.AssignAppRole(FenwickCompany.AllEngineers, portal, "Approver");
        var graph = new GraphTests(fixture).Client(fixture.Host.PortalClient);

        var given = await graph.Users[FenwickCompany.Mira.ToString()].AppRoleAssignments.GetAsync(r => r.QueryParameters.Filter = $"resourceId eq {FenwickCompany.PortalPrincipal}", Ct);
        var principal = await graph.ServicePrincipals.GetAsync(r => r.QueryParameters.Filter = $"appId eq '{FenwickCompany.PortalClientId}'", Ct);
        var roles = principal!.Value!.Single().AppRoles!.ToDictionary(r => r.Id!.Value, r => r.Value);
        Assert.Equal(["Approver", "Requester"], given!.Value!.Select(a => roles[a.AppRoleId!.Value]!).Order());
        Assert.Equal("Group", given.Value!.Single(a => roles[a.AppRoleId!.Value] == "Approver").PrincipalType);

        directory.RemoveAppRole(FenwickCompany.Mira, portal, "Requester");
        Assert.Single((await graph.Users[FenwickCompany.Mira.ToString()].AppRoleAssignments.GetAsync(cancellationToken: Ct))!.Value!);
        var byAppId = await graph.ServicePrincipalsWithAppId(FenwickCompany.PortalClientId.ToString()).GetAsync(cancellationToken: Ct);
        Assert.Equal(FenwickCompany.PortalPrincipal.ToString(), byAppId!.Id);
    }

    [Fact]
    public async Task Groups_are_checked_and_objects_are_got_by_ids()
    {
        var graph = Client();
        var check = await graph.Users[FenwickCompany.Priya.ToString()].CheckMemberGroups.PostAsCheckMemberGroupsPostResponseAsync(
            new CheckMemberGroupsPostRequestBody { GroupIds = [FenwickCompany.PaymentsApprovers.ToString(), FenwickCompany.Auditors.ToString()] }, cancellationToken: Ct);
        Assert.Equal([FenwickCompany.PaymentsApprovers.ToString()], check!.Value!);
        var objects = await graph.DirectoryObjects.GetByIds.PostAsGetByIdsPostResponseAsync(
            new GetByIdsPostRequestBody { Ids = [FenwickCompany.Mira.ToString(), FenwickCompany.Auditors.ToString(), Guid.NewGuid().ToString()], Types = ["user", "group"] }, cancellationToken: Ct);
        Assert.Equal([typeof(User), typeof(Group)], objects!.Value!.Select(o => o.GetType()));
    }

    [Fact]
    public async Task What_is_not_there_is_an_OData_error_with_ids()
    {
        var e = await Assert.ThrowsAsync<ODataError>(() => Client().Users[Guid.NewGuid().ToString()].GetAsync(cancellationToken: Ct));
        Assert.Equal((404, "Request_ResourceNotFound"), (e.ResponseStatusCode, e.Error!.Code));
        Assert.False(string.IsNullOrEmpty(e.Error.InnerError!.RequestId));
    }

    [Fact]
    public async Task A_person_reads_themselves_and_no_one_else()
    {
        using var browser = new EntraBrowser(sandbox);
        var token = (await browser.GetTokensAsync(FenwickCompany.Mira, "openid https://graph.microsoft.com/User.Read")).AccessToken;
        Assert.Equal("mira@fenwick.example", (await GetAsync("/v1.0/me", token)).Body.GetProperty("userPrincipalName").GetString());
        Assert.Equal(2, (await GetAsync("/v1.0/me/memberOf", token)).Body.GetProperty("value").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, (await GetAsync($"/v1.0/users/{FenwickCompany.Mira}", token)).Status);
        foreach (var path in new[] { $"/v1.0/users/{FenwickCompany.Jonas}", "/v1.0/users", "/v1.0/groups", $"/v1.0/groups/{FenwickCompany.Auditors}/members" })
        {
            var answer = await GetAsync(path, token);
            Assert.Equal((HttpStatusCode.Forbidden, "Authorization_RequestDenied"), (answer.Status, answer.Body.GetProperty("error").GetProperty("code").GetString()));
        }

        using var http = sandbox.NewClient("https://graph.microsoft.com");
        using var check = new HttpRequestMessage(HttpMethod.Post, "/v1.0/me/checkMemberGroups") { Content = JsonContent.Create(new { groupIds = new[] { FenwickCompany.AllEngineers } }) };
        check.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var checkedGroups = await http.SendAsync(check, Ct);
        Assert.Contains(FenwickCompany.AllEngineers.ToString(), await checkedGroups.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_application_has_no_me()
    {
        var e = await Assert.ThrowsAsync<ODataError>(() => Client().Me.GetAsync(cancellationToken: Ct));
        Assert.Equal(400, e.ResponseStatusCode);
    }

    internal async Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(string path, string? token)
    {
        using var http = sandbox.NewClient("https://graph.microsoft.com");
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request, Ct);
        return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement);
    }
}
