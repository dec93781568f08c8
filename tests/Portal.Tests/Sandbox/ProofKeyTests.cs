using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>Proof keys (RFC 7636) as Entra ID takes them from applications that have a secret: not demanded, and never given away once promised.</summary>
public sealed class ProofKeyTests : IClassFixture<SandboxFixture>, IDisposable
{
    private readonly SandboxFixture _sandbox;
    private readonly EntraBrowser _browser;

    public ProofKeyTests(SandboxFixture sandbox)
    {
        _sandbox = sandbox;
        _browser = new EntraBrowser(sandbox);
    }

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task A_code_without_a_challenge_is_redeemed_with_the_secret_alone()
    {
        var code = await CodeAsync(challenge: null, method: null);
        var unproven = await RedeemAsync(code, ("client_secret", ""));
        Assert.Equal(7000218, unproven.ErrorCode);
        var answer = await RedeemAsync(code);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(FenwickCompany.Mira.ToString(), answer.Id.GetClaim("oid").Value);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("plain")]
    public async Task A_challenge_without_a_method_is_plain(string? method)
    {
        var (verifier, other) = EntraBrowser.Pkce();
        var code = await CodeAsync(verifier, method);
        Assert.Equal("invalid_grant", (await RedeemAsync(code, ("code_verifier", other))).Error);
        Assert.Equal(HttpStatusCode.OK, (await RedeemAsync(code, ("code_verifier", verifier))).Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("plain")]
    [InlineData("S256")]
    public async Task A_code_that_was_asked_for_with_a_challenge_is_worth_nothing_without_the_verifier(string? method)
    {
        var (verifier, challenge) = EntraBrowser.Pkce();
        var sent = method == "S256" ? challenge : verifier;
        var code = await CodeAsync(sent, method);
        Assert.Equal("invalid_request", (await RedeemAsync(code)).Error);
        Assert.Equal("invalid_request", (await RedeemAsync(code, ("code_verifier", ""))).Error);
        Assert.Equal("invalid_grant", (await RedeemAsync(code, ("code_verifier", EntraBrowser.Pkce().Verifier))).Error);
        // What was seen on the way through the browser is no verifier where it was hashed.
        if (method == "S256") Assert.Equal("invalid_grant", (await RedeemAsync(code, ("code_verifier", challenge))).Error);
        Assert.Equal(HttpStatusCode.OK, (await RedeemAsync(code, ("code_verifier", verifier))).Status);
    }

    [Theory]
    [InlineData(true, "S512")]
    [InlineData(false, "S256")]
    public async Task A_method_that_is_unknown_or_without_a_challenge_gives_no_code(bool withChallenge, string method)
    {
        var request = _browser.Request("openid", withChallenge ? EntraBrowser.Pkce().Challenge : null);
        request["code_challenge_method"] = method;
        using var answer = await _browser.ChooseAsync(request, FenwickCompany.Mira);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Null(answer.Headers.Location);
        Assert.Contains("code_challenge", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private async Task<string> CodeAsync(string? challenge, string? method)
    {
        var request = _browser.Request("openid", challenge);
        request["code_challenge_method"] = method;
        using var answer = await _browser.ChooseAsync(request, FenwickCompany.Mira);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        var query = QueryHelpers.ParseQuery(answer.Headers.Location!.Query);
        return query["code"]!;
    }

    private Task<TokenAnswer> RedeemAsync(string code, params (string Name, string Value)[] more) =>
        _browser.TokenAsync([("grant_type", "authorization_code"), ("code", code), ("redirect_uri", EntraBrowser.RedirectUri), .. more]);
}
