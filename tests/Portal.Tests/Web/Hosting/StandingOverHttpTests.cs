using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Identity;
using Portal.Sandbox.Company;
using Portal.Tests.World;
using Portal.Web.SignIn;

namespace Portal.Tests.Web.Hosting;

/// <summary>What a sign-in is worth after a restart, and after the directory has changed.</summary>
[Collection(HostedPortal.Name)]
public sealed class StandingOverHttpTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_signs_in_with_a_role_that_was_just_given_stays_signed_in()
    {
        await using var host = await PortalHost.StartAsync();
        var directory = host.Sandbox.Control.Directory;
        var application = directory.FindApplication(FenwickCompany.PortalClientId)!;
        Assert.True(directory.RemoveAppRole(FenwickCompany.Jonas, application, "Requester"));
        // A page of theirs was looked at a moment ago.
        var standings = host.Services.GetRequiredService<RecentStandings>();
        Assert.Empty((await standings.OfAsync(new PrincipalId(FenwickCompany.TenantId, FenwickCompany.Jonas), StandingCheck.AnswerHolds, Ct))!.Roles);
        directory.AssignAppRole(FenwickCompany.Jonas, application, "Requester");

        using var jonas = await host.SignedInAsync(FenwickCompany.Jonas);
        using var page = await jonas.GetAsync("/catalog");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Theory, BothDatabases]
    public async Task A_sign_in_outlives_a_restart_unless_its_person_lost_their_role_or_account(DatabaseKind kind)
    {
        await using var host = await PortalHost.StartAsync(new HostSetup { Database = kind });
        using var mira = await host.SignedInAsync(FenwickCompany.Mira);
        using var jonas = await host.SignedInAsync(FenwickCompany.Jonas);
        using var priya = await host.SignedInAsync(FenwickCompany.Priya);
        await host.RestartAsync();
        var directory = host.Sandbox.Control.Directory;
        Assert.True(directory.RemoveAppRole(FenwickCompany.Jonas, directory.FindApplication(FenwickCompany.PortalClientId)!, "Requester"));
        directory.SetAccountEnabled(FenwickCompany.Priya, false);

        using var still = await mira.GetAsync("/catalog");
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
        foreach (var visitor in (PortalVisitor[])[jonas, priya])
        {
            using var page = await visitor.GetAsync("/catalog");
            Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
            Assert.Equal(host.Sandbox.Addresses.HttpPort, page.Headers.Location!.Port);
            using var call = await visitor.GetAsync("/catalog", PortalVisitor.Json);
            Assert.Equal(HttpStatusCode.Unauthorized, call.StatusCode);
        }
    }

    [Fact]
    public async Task A_cookie_of_another_portal_is_worth_nothing()
    {
        await using var host = await PortalHost.StartAsync();
        string cookie;
        using (var mira = await host.SignedInAsync(FenwickCompany.Mira))
            cookie = mira.SignInCookie!;
        await using var other = await PortalHost.StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host.Address));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(other.Address));

        async Task<HttpStatusCode> AskAsync(string address)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address + "/policies"));
            request.Headers.Add("Cookie", $"portal={cookie}");
            using var answer = await http.SendAsync(request, Ct);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_role_taken_away_is_gone_at_the_next_command()
    {
        await using var host = await PortalHost.StartAsync();
        await host.CatalogAsync();
        using var ingrid = await host.SignedInAsync(FenwickCompany.Ingrid);
        using (var export = await ingrid.GetAsync("/audit/export", "text/csv"))
            Assert.Equal(HttpStatusCode.OK, export.StatusCode);
        Assert.True((await host.AskAsync(FenwickCompany.Mira, "kv-payments-prod", "stripe-restricted-key", TimeSpan.FromMinutes(30))).Succeeded);

        var directory = host.Sandbox.Control.Directory;
        var application = directory.FindApplication(FenwickCompany.PortalClientId)!;
        Assert.True(directory.RemoveAppRole(FenwickCompany.Ingrid, application, PortalRole.Auditor.ToString()));
        Assert.True(directory.RemoveAppRole(FenwickCompany.Mira, application, PortalRole.Requester.ToString()));

        // Refused by the use case, or already signed out when the machine was slow.
        using var refused = await ingrid.GetAsync("/audit/export", PortalVisitor.Json);
        Assert.Contains(refused.StatusCode, new[] { HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized });
        var asked = await host.AskAsync(FenwickCompany.Mira, "kv-payments-prod", "tokenizer-hmac-key", TimeSpan.FromMinutes(30));
        Assert.StartsWith("identity.", Assert.Single(asked.Refusals).Code, StringComparison.Ordinal);
    }
}
