using System.Net;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>One sign-in for several resources: consent is asked for all of them, each token is for one.</summary>
public sealed class SeveralResourcesTests : IClassFixture<SandboxFixture>, IDisposable
{
    private const string Vault = "https://vault.azure.net/user_impersonation";
    private const string Manager = "https://management.azure.com/user_impersonation";
    private const string Both = "openid offline_access " + Vault + " " + Manager;
    private readonly EntraBrowser _browser;

    public SeveralResourcesTests(SandboxFixture sandbox) => _browser = new EntraBrowser(sandbox);

    public void Dispose() => _browser.Dispose();

    [Theory]
    [InlineData("openid", "https://vault.azure.net")]
    [InlineData(Vault, "https://vault.azure.net")]
    [InlineData(Manager, "https://management.azure.com")]
    public async Task A_code_for_several_resources_gives_the_one_that_the_token_request_names_or_the_first(string scope, string audience)
    {
        var (code, verifier) = await _browser.SignInAsync(FenwickCompany.Mira, Both);
        var answer = await _browser.RedeemAsync(code, verifier, scope);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal([audience], answer.Access.Audiences);
        // Clients file the token under these: what is for the other resource is not among them.
        var granted = answer.Body.GetProperty("scope").GetString()!.Split(' ');
        Assert.Contains($"{audience}/user_impersonation", granted);
        Assert.Single(granted, s => s.StartsWith("https://", StringComparison.Ordinal));

        var other = await _browser.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", answer.RefreshToken), ("scope", Manager));
        Assert.Equal(["https://management.azure.com"], other.Access.Audiences);
    }

    [Fact]
    public async Task A_token_is_for_one_resource()
    {
        var (code, verifier) = await _browser.SignInAsync(FenwickCompany.Mira, Both);
        var refused = await _browser.RedeemAsync(code, verifier, Both);
        Assert.Equal(("invalid_request", 28000), (refused.Error, refused.ErrorCode));
        // A refused attempt does not use the code up.
        Assert.Equal(HttpStatusCode.OK, (await _browser.RedeemAsync(code, verifier, Vault)).Status);
    }

    [Theory]
    [InlineData(Vault + " User.Read https://graph.microsoft.com/Mail.Read", "AADSTS65001")]
    [InlineData(Vault + " https://example.org/read", "AADSTS500011")]
    [InlineData(Vault + " https://management.azure.com/.default", "AADSTS70011")]
    public async Task Whatever_is_wrong_with_one_of_them_is_wrong_with_the_request(string scope, string code)
    {
        using var answer = await _browser.ChooseAsync(_browser.Request("openid " + scope, EntraBrowser.Pkce().Challenge), FenwickCompany.Mira);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Null(answer.Headers.Location);
        Assert.Contains(code + ":", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
