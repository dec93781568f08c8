using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

public sealed class EntraSignInTests : IClassFixture<SandboxFixture>, IDisposable
{
    private readonly SandboxFixture _sandbox;
    private readonly EntraBrowser _browser;

    public EntraSignInTests(SandboxFixture sandbox)
    {
        _sandbox = sandbox;
        _browser = new EntraBrowser(sandbox);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task The_page_shows_five_people_and_runs_no_script()
    {
        using var answer = await _browser.OpenAsync(_browser.Request("openid", EntraBrowser.Pkce().Challenge));
        var html = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(5, html.Split("class=\"person\"").Length - 1);
        foreach (var name in new[] { "Mira Okafor", "Jonas Lindqvist", "Priya Raman", "Herrera", "Ingrid Vale", "/reader", "Sandbox" })
            Assert.Contains(name, html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("form-action 'self' http://localhost:5080", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_application_sends_is_text_on_the_page()
    {
        var request = _browser.Request("openid", EntraBrowser.Pkce().Challenge);
        request["state"] = "\"><script>alert(1)</script>";
        using var answer = await _browser.OpenAsync(request);
        Assert.DoesNotContain("<script", await answer.Content.ReadAsStringAsync(Ct), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("https://evil.example/signin-oidc")]
    [InlineData("http://localhost:5080/elsewhere")]
    [InlineData("http://localhost.evil.example/signin-oidc")]
    [InlineData("http://user@localhost:5080/signin-oidc")]
    [InlineData("javascript://localhost/signin-oidc")]
    public async Task A_redirect_address_that_is_not_registered_ends_on_an_error_page(string redirectUri)
    {
        var request = _browser.Request("openid", EntraBrowser.Pkce().Challenge, redirectUri);
        using var opened = await _browser.OpenAsync(request);
        using var chosen = await _browser.ChooseAsync(request, FenwickCompany.Mira);
        foreach (var answer in new[] { opened, chosen })
        {
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Null(answer.Headers.Location);
            Assert.Contains("AADSTS50011", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Form_post_sends_code_and_state_to_the_application()
    {
        var request = _browser.Request("openid", EntraBrowser.Pkce().Challenge);
        request["response_mode"] = "form_post";
        using var answer = await _browser.ChooseAsync(request, FenwickCompany.Mira);
        var html = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains(EntraBrowser.RedirectUri, html, StringComparison.Ordinal);
        Assert.Contains("name=\"code\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_request_is_sent_back_with_login_required()
    {
        var request = _browser.Request("openid", EntraBrowser.Pkce().Challenge);
        request["prompt"] = "none";
        using var answer = await _browser.OpenAsync(request);
        Assert.Equal("login_required", QueryHelpers.ParseQuery(answer.Headers.Location!.Query)["error"]);
    }

    [Fact]
    public async Task A_disabled_account_neither_signs_in_nor_refreshes()
    {
        await using var own = new OwnSandbox();
        var sandbox = await own.StartAsync();
        using var browser = new EntraBrowser(sandbox);
        var tokens = await browser.GetTokensAsync(FenwickCompany.Jonas, "openid offline_access");

        sandbox.Host.Control.Directory.SetAccountEnabled(FenwickCompany.Jonas, false);
        using var answer = await browser.ChooseAsync(browser.Request("openid", EntraBrowser.Pkce().Challenge), FenwickCompany.Jonas);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("AADSTS50057", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        var refreshed = await browser.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken));
        Assert.Equal(("invalid_grant", 50057), (refreshed.Error, refreshed.ErrorCode));

        sandbox.Host.Control.Directory.SetAccountEnabled(FenwickCompany.Jonas, true);
        Assert.Equal(HttpStatusCode.OK, (await browser.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken))).Status);
    }

    [Fact]
    public async Task A_role_taken_away_is_gone_from_the_next_token()
    {
        await using var own = new OwnSandbox();
        var sandbox = await own.StartAsync();
        using var browser = new EntraBrowser(sandbox);
        var directory = sandbox.Host.Control.Directory;
        var tokens = await browser.GetTokensAsync(FenwickCompany.Priya, "openid offline_access");

        Assert.True(directory.RemoveAppRole(FenwickCompany.Priya, directory.FindApplication(FenwickCompany.PortalClientId)!, "Approver"));
        Assert.True(directory.RemoveMember(FenwickCompany.PaymentsApprovers, FenwickCompany.Priya));
        var refreshed = await browser.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken), ("scope", "openid"));
        Assert.Equal(["Requester"], TokenAnswer.Values(refreshed.Id, "roles"));
        Assert.DoesNotContain(FenwickCompany.PaymentsApprovers.ToString(), TokenAnswer.Values(refreshed.Id, "groups"));
    }

    [Theory]
    [InlineData(200, false)]
    [InlineData(201, true)]
    public async Task Above_two_hundred_groups_a_token_points_to_Graph(int groups, bool overage)
    {
        await using var own = new OwnSandbox();
        var sandbox = await own.StartAsync();
        using var browser = new EntraBrowser(sandbox);
        var directory = sandbox.Host.Control.Directory;
        for (var i = directory.GroupsOf(FenwickCompany.Mira, transitive: true).Count; i < groups; i++)
        {
            var group = new DirectoryGroup(Guid.NewGuid(), $"made-up-{i}", "For the overage");
            directory.Put(group);
            directory.AddMember(group.Id, FenwickCompany.Mira);
        }

        var id = (await browser.GetTokensAsync(FenwickCompany.Mira, "openid")).Id;
        Assert.Equal(overage ? 0 : groups, TokenAnswer.Values(id, "groups").Length);
        Assert.Equal(overage, id.TryGetPayloadValue<object>("_claim_names", out _));
        Assert.Equal(overage, id.TryGetPayloadValue<object>("_claim_sources", out _));
    }

    [Theory]
    [InlineData("http://localhost:5080/signout-callback-oidc", HttpStatusCode.Redirect)]
    [InlineData("https://evil.example/signout-callback-oidc", HttpStatusCode.BadRequest)]
    [InlineData(null, HttpStatusCode.OK)]
    public async Task Sign_out_goes_back_only_to_a_registered_address(string? back, HttpStatusCode status)
    {
        using var http = _sandbox.NewClient();
        var tokens = await _browser.GetTokensAsync(FenwickCompany.Mira, "openid");
        var address = $"{_sandbox.Host.Addresses.FrontPage}{EntraBrowser.Tenant}/oauth2/v2.0/logout?id_token_hint={tokens.Id.EncodedToken}&state=s"
            + (back is null ? "" : $"&post_logout_redirect_uri={Uri.EscapeDataString(back)}");
        using var answer = await http.GetAsync(new Uri(address), Ct);
        Assert.Equal(status, answer.StatusCode);
        if (status == HttpStatusCode.Redirect) Assert.StartsWith(back!, answer.Headers.Location!.ToString(), StringComparison.Ordinal);
    }
}
