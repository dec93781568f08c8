using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>Does by raw HTTP what a browser and an application do at sign-in.</summary>
internal sealed class EntraBrowser(SandboxFixture sandbox) : IDisposable
{
    public const string RedirectUri = "http://localhost:5080/signin-oidc";
    private readonly HttpClient _http = sandbox.NewClient();

    public static string Tenant => FenwickCompany.TenantId.ToString();

    public Uri AuthorizeAddress => new($"http://localhost:{sandbox.Host.Addresses.HttpPort}/{Tenant}/oauth2/v2.0/authorize");

    public static (string Verifier, string Challenge) Pkce()
    {
        var verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        return (verifier, Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))));
    }

    public Dictionary<string, string?> Request(string scope, string? challenge, string redirectUri = RedirectUri) => new()
    {
        ["client_id"] = FenwickCompany.PortalClientId.ToString(),
        ["response_type"] = "code",
        ["response_mode"] = "query",
        ["redirect_uri"] = redirectUri,
        ["scope"] = scope,
        ["state"] = "the-state",
        ["nonce"] = "the-nonce",
        ["code_challenge"] = challenge,
        ["code_challenge_method"] = challenge is null ? null : "S256",
    };

    public async Task<HttpResponseMessage> OpenAsync(Dictionary<string, string?> request) =>
        await _http.GetAsync(new Uri(QueryHelpers.AddQueryString(AuthorizeAddress.ToString(), request.Where(p => p.Value is not null))), TestContext.Current.CancellationToken);

    public async Task<HttpResponseMessage> ChooseAsync(Dictionary<string, string?> request, Guid person)
    {
        var form = request.Where(p => p.Value is not null).Append(new("sandbox_user", person.ToString()));
        using var content = new FormUrlEncodedContent(form!);
        return await _http.PostAsync(AuthorizeAddress, content, TestContext.Current.CancellationToken);
    }

    /// <summary>The code of a successful sign-in, with its verifier.</summary>
    public async Task<(string Code, string Verifier)> SignInAsync(Guid person, string scope, string? claims = null)
    {
        var (verifier, challenge) = Pkce();
        var request = Request(scope, challenge);
        if (claims is not null) request["claims"] = claims;
        using var answer = await ChooseAsync(request, person);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.StartsWith(RedirectUri + "?", answer.Headers.Location!.ToString(), StringComparison.Ordinal);
        var query = QueryHelpers.ParseQuery(answer.Headers.Location.Query);
        Assert.Equal("the-state", query["state"]);
        return (query["code"]!, verifier);
    }

    public async Task<TokenAnswer> TokenAsync(params (string Name, string Value)[] fields)
    {
        var all = new Dictionary<string, string>
        {
            ["client_id"] = FenwickCompany.PortalClientId.ToString(),
            ["client_secret"] = sandbox.Host.PortalClient.ClientSecret,
        };
        foreach (var (name, value) in fields) all[name] = value;
        using var content = new FormUrlEncodedContent(all);
        using var answer = await _http.PostAsync(new Uri($"/{Tenant}/oauth2/v2.0/token", UriKind.Relative), content, TestContext.Current.CancellationToken);
        return new TokenAnswer(answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement);
    }

    public Task<TokenAnswer> RedeemAsync(string code, string verifier, string? scope = null, string redirectUri = RedirectUri) => TokenAsync(
        ("grant_type", "authorization_code"), ("code", code), ("code_verifier", verifier), ("redirect_uri", redirectUri), ("client_info", "1"), ("scope", scope ?? "openid"));

    /// <summary>Signs in and redeems the code.</summary>
    public async Task<TokenAnswer> GetTokensAsync(Guid person, string scope, string? claims = null)
    {
        var (code, verifier) = await SignInAsync(person, scope, claims);
        return await RedeemAsync(code, verifier, scope);
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>What the token endpoint answered.</summary>
internal sealed record TokenAnswer(HttpStatusCode Status, JsonElement Body)
{
    public string AccessToken => Body.GetProperty("access_token").GetString()!;

    public string RefreshToken => Body.GetProperty("refresh_token").GetString()!;

    public JsonWebToken Access => new(AccessToken);

    public JsonWebToken Id => new(Body.GetProperty("id_token").GetString());

    public string? Error => Body.TryGetProperty("error", out var error) ? error.GetString() : null;

    public int ErrorCode => Body.GetProperty("error_codes")[0].GetInt32();

    public static string[] Values(JsonWebToken token, string claim) => [.. token.Claims.Where(c => c.Type == claim).Select(c => c.Value)];
}
