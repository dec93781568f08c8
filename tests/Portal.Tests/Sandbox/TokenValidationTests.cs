using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>What the services refuse. Graph stands for all of them: they share the reader of tokens.</summary>
public sealed class TokenValidationTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static readonly string[] Forged = ["User.Read.All"];

    private Dictionary<string, object> Claims(int expiresInSeconds = 300) => new()
    {
        ["iss"] = sandbox.Host.Addresses.Authority,
        ["aud"] = "https://graph.microsoft.com",
        ["tid"] = FenwickCompany.TenantId.ToString(),
        ["oid"] = FenwickCompany.ExplorerPrincipal.ToString(),
        ["idtyp"] = "app",
        ["roles"] = Forged,
        ["nbf"] = DateTimeOffset.UnixEpoch.ToUnixTimeSeconds(),
        ["exp"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + expiresInSeconds,
    };

    private async Task<(HttpStatusCode Status, string Message)> CallAsync(string? token)
    {
        var (status, body) = await new GraphTests(sandbox).GetAsync("/v1.0/users", token);
        return (status, status == HttpStatusCode.OK ? "" : body.GetProperty("error").GetProperty("message").GetString()!);
    }

    private string Mint(Action<Dictionary<string, object>> change)
    {
        var claims = Claims();
        change(claims);
        return sandbox.Host.Control.Tokens.Sign(claims);
    }

    [Fact]
    public async Task A_token_with_the_right_claims_is_accepted() => Assert.Equal(HttpStatusCode.OK, (await CallAsync(Mint(_ => { }))).Status);

    [Fact]
    public async Task Missing_garbage_and_empty_tokens_are_refused()
    {
        foreach (var token in new[] { null, "garbage", "a.b.c" }) Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(token)).Status);
    }

    [Fact]
    public async Task An_expired_token_is_refused()
    {
        var (status, message) = await CallAsync(Mint(c => c["exp"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 2));
        Assert.Equal((HttpStatusCode.Unauthorized, "Lifetime validation failed, the token is expired."), (status, message));
    }

    [Theory]
    [InlineData("aud", "https://vault.azure.net")]
    [InlineData("aud", "https://graph.microsoft.com.evil.example")]
    [InlineData("iss", "https://login.microsoftonline.com/8d2a4c1e-6b1f-4e0a-9d53-2f7c1b9e4a10/v2.0")]
    [InlineData("tid", "11111111-1111-4111-8111-111111111111")]
    [InlineData("oid", "not-a-guid")]
    [InlineData("idtyp", "user")]
    public async Task A_token_with_a_wrong_claim_is_refused(string claim, string value) =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(Mint(c => c[claim] = value))).Status);

    [Theory]
    [InlineData("exp")]
    [InlineData("aud")]
    [InlineData("iss")]
    [InlineData("oid")]
    [InlineData("tid")]
    public async Task A_token_without_a_claim_is_refused(string claim) => Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(Mint(c => c.Remove(claim)))).Status);

    [Fact]
    public async Task A_tampered_payload_or_signature_is_refused()
    {
        var parts = Mint(_ => { }).Split('.');
        var payload = Base64UrlEncoder.Decode(parts[1]).Replace("User.Read.All", "Directory.Read.All", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync($"{parts[0]}.{Base64UrlEncoder.Encode(payload)}.{parts[2]}")).Status);
        var signature = Base64UrlEncoder.DecodeBytes(parts[2]);
        signature[10] ^= 1;
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync($"{parts[0]}.{parts[1]}.{Base64UrlEncoder.Encode(signature)}")).Status);
    }

    [Fact]
    public async Task Algorithm_none_and_a_secret_made_of_the_public_key_are_refused()
    {
        var payload = Base64UrlEncoder.Encode(System.Text.Json.JsonSerializer.Serialize(Claims()));
        var none = Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""");
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync($"{none}.{payload}.")).Status);

        using var http = sandbox.NewClient();
        var keys = new JsonWebKeySet(await http.GetStringAsync(new Uri($"/{EntraBrowser.Tenant}/discovery/v2.0/keys", UriKind.Relative), TestContext.Current.CancellationToken));
        var key = keys.Keys.Single();
        var header = Base64UrlEncoder.Encode($$"""{"alg":"HS256","typ":"JWT","kid":"{{key.Kid}}"}""");
        var mac = HMACSHA256.HashData(Base64UrlEncoder.DecodeBytes(key.N), Encoding.ASCII.GetBytes($"{header}.{payload}"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync($"{header}.{payload}.{Base64UrlEncoder.Encode(mac)}")).Status);
    }

    [Fact]
    public async Task Another_key_under_our_key_id_is_refused()
    {
        using var rsa = RSA.Create(2048);
        var ours = new JsonWebToken(Mint(_ => { })).Kid;
        var forged = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(System.Text.Json.JsonSerializer.Serialize(Claims()),
            new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = ours }, SecurityAlgorithms.RsaSha256));
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(forged)).Status);
    }

    [Fact]
    public async Task An_id_token_is_no_access_token()
    {
        using var browser = new EntraBrowser(sandbox);
        var id = (await browser.GetTokensAsync(FenwickCompany.Mira, "openid")).Id.EncodedToken;
        Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(id)).Status);
    }

    [Fact]
    public async Task The_log_of_calls_names_the_caller()
    {
        await CallAsync(Mint(_ => { }));
        Assert.Contains(sandbox.Host.Control.Requests.Calls, c => c is { Service: "graph.microsoft.com", Path: "/v1.0/users", Status: 200 } && c.Caller == FenwickCompany.ExplorerPrincipal);
    }
}
