using System.Net;
using System.Text;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

public sealed class EntraTokenTests : IClassFixture<SandboxFixture>, IDisposable
{
    private readonly SandboxFixture _sandbox;
    private readonly EntraBrowser _browser;

    public EntraTokenTests(SandboxFixture sandbox)
    {
        _sandbox = sandbox;
        _browser = new EntraBrowser(sandbox);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _browser.Dispose();

    [Theory]
    [InlineData("https://localhost")]
    [InlineData("https://login.microsoftonline.com")]
    public async Task Discovery_names_the_issuer_the_keys_and_the_plain_sign_in_page(string host)
    {
        using var http = _sandbox.NewClient();
        var port = host.EndsWith("localhost", StringComparison.Ordinal) ? $":{_sandbox.Host.Addresses.HttpsPort}" : "";
        using var answer = await http.GetAsync(new Uri($"{host}{port}/{EntraBrowser.Tenant}/v2.0/.well-known/openid-configuration"), Ct);
        var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
        Assert.Equal(_sandbox.Host.Addresses.Authority, json.GetProperty("issuer").GetString());
        Assert.Equal(_browser.AuthorizeAddress.ToString(), json.GetProperty("authorization_endpoint").GetString());
        Assert.Equal($"{host}{port}/{EntraBrowser.Tenant}/oauth2/v2.0/token", json.GetProperty("token_endpoint").GetString());
        Assert.Equal($"{host}{port}/{EntraBrowser.Tenant}/discovery/v2.0/keys", json.GetProperty("jwks_uri").GetString());
        Assert.Equal("pairwise", json.GetProperty("subject_types_supported")[0].GetString());
        Assert.Equal("RS256", json.GetProperty("id_token_signing_alg_values_supported")[0].GetString());
    }

    [Theory]
    [InlineData("https://vault.azure.net/.default", "https://vault.azure.net")]
    [InlineData("https://management.azure.com/.default", "https://management.azure.com")]
    [InlineData("https://management.core.windows.net//.default", "https://management.core.windows.net/")]
    [InlineData("https://graph.microsoft.com/.default", "https://graph.microsoft.com")]
    [InlineData("00000003-0000-0000-c000-000000000000/.default", "00000003-0000-0000-c000-000000000000")]
    public async Task ClientSecretCredential_gets_an_application_token(string scope, string audience)
    {
        using var http = new HttpClient(_sandbox.Handler, disposeHandler: false);
        var credential = new ClientSecretCredential(EntraBrowser.Tenant, _sandbox.Host.PortalClient.ClientId.ToString(), _sandbox.Host.PortalClient.ClientSecret,
            new ClientSecretCredentialOptions { AuthorityHost = new Uri(_sandbox.Host.Addresses.Instance), DisableInstanceDiscovery = true, Transport = new HttpClientTransport(http) });
        var token = new JsonWebToken((await credential.GetTokenAsync(new TokenRequestContext([scope]), Ct)).Token);
        Assert.Equal([audience], token.Audiences);
        Assert.Equal(_sandbox.Host.Addresses.Authority, token.Issuer);
        Assert.Equal(FenwickCompany.PortalPrincipal.ToString(), token.GetClaim("oid").Value);
        Assert.Equal(FenwickCompany.PortalPrincipal.ToString(), token.Subject);
        Assert.Equal("app", token.GetClaim("idtyp").Value);
        Assert.Equal(FenwickCompany.PortalClientId.ToString(), token.GetClaim("appid").Value);
        Assert.Equal("JWT", token.Typ);
        Assert.Empty(TokenAnswer.Values(token, "scp"));
    }

    [Fact]
    public async Task ClientSecretCredential_works_at_the_real_authority_with_instance_discovery_on()
    {
        using var http = new HttpClient(_sandbox.Handler, disposeHandler: false);
        var credential = new ClientSecretCredential(EntraBrowser.Tenant, _sandbox.Host.ExplorerClient.ClientId.ToString(), _sandbox.Host.ExplorerClient.ClientSecret,
            new ClientSecretCredentialOptions { Transport = new HttpClientTransport(http) });
        var token = await credential.GetTokenAsync(new TokenRequestContext(["https://vault.azure.net/.default"]), Ct);
        Assert.Equal(FenwickCompany.ExplorerPrincipal.ToString(), new JsonWebToken(token.Token).GetClaim("oid").Value);
    }

    [Fact]
    public async Task A_wrong_secret_is_refused_as_Entra_words_it()
    {
        var answer = await _browser.TokenAsync(("grant_type", "client_credentials"), ("scope", "https://vault.azure.net/.default"), ("client_secret", "wrong"));
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client", 7000215), (answer.Status, answer.Error, answer.ErrorCode));
        Assert.True(Guid.TryParse(answer.Body.GetProperty("correlation_id").GetString(), out _));
    }

    [Theory]
    [InlineData("client_secret", "", HttpStatusCode.Unauthorized, "invalid_client", 7000218)]
    [InlineData("client_id", "11111111-1111-4111-8111-111111111111", HttpStatusCode.BadRequest, "unauthorized_client", 700016)]
    [InlineData("client_id", "not-a-guid", HttpStatusCode.BadRequest, "unauthorized_client", 700016)]
    [InlineData("scope", "https://vault.azure.net/user_impersonation", HttpStatusCode.BadRequest, "invalid_scope", 1002012)]
    [InlineData("scope", "", HttpStatusCode.BadRequest, "invalid_scope", 1002012)]
    [InlineData("scope", "https://example.org/.default", HttpStatusCode.BadRequest, "invalid_resource", 500011)]
    [InlineData("scope", "https://vault.azure.net/.default https://graph.microsoft.com/.default", HttpStatusCode.BadRequest, "invalid_request", 28000)]
    [InlineData("grant_type", "password", HttpStatusCode.BadRequest, "unsupported_grant_type", 70003)]
    public async Task A_bad_client_credentials_request_is_refused(string field, string value, HttpStatusCode status, string error, int code)
    {
        var answer = await _browser.TokenAsync(("grant_type", "client_credentials"), ("scope", "https://vault.azure.net/.default"), (field, value));
        Assert.Equal((status, error, code), (answer.Status, answer.Error, answer.ErrorCode));
    }

    [Fact]
    public async Task Another_tenant_is_not_found()
    {
        using var http = _sandbox.NewClient();
        using var content = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials" });
        using var answer = await http.PostAsync(new Uri("/11111111-1111-4111-8111-111111111111/oauth2/v2.0/token", UriKind.Relative), content, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("AADSTS90002", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_token_is_given_over_plain_http()
    {
        using var http = _sandbox.NewClient();
        using var content = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials" });
        using var answer = await http.PostAsync(new Uri($"{_sandbox.Host.Addresses.FrontPage}{EntraBrowser.Tenant}/oauth2/v2.0/token"), content, Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task The_code_flow_gives_an_id_token_with_roles_and_groups()
    {
        var answer = await _browser.GetTokensAsync(FenwickCompany.Priya, "openid profile offline_access");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var id = answer.Id;
        Assert.Equal([FenwickCompany.PortalClientId.ToString()], id.Audiences);
        Assert.Equal(_sandbox.Host.Addresses.Authority, id.Issuer);
        Assert.Equal("the-nonce", id.GetClaim("nonce").Value);
        Assert.Equal(FenwickCompany.Priya.ToString(), id.GetClaim("oid").Value);
        Assert.Equal(EntraBrowser.Tenant, id.GetClaim("tid").Value);
        Assert.Equal("2.0", id.GetClaim("ver").Value);
        Assert.Equal("priya@fenwick.example", id.GetClaim("preferred_username").Value);
        Assert.Equal(["Approver", "Requester"], TokenAnswer.Values(id, "roles"));
        Assert.Equal(new[] { FenwickCompany.AllEngineers, FenwickCompany.PaymentsApprovers, FenwickCompany.PaymentsEngineers }.Select(g => g.ToString()).Order(),
            TokenAnswer.Values(id, "groups").Order());
        Assert.NotEqual(id.Subject, FenwickCompany.Priya.ToString());
        Assert.Empty(TokenAnswer.Values(id, "acrs"));

        var info = JsonDocument.Parse(Encoding.UTF8.GetString(Base64UrlEncoder.DecodeBytes(answer.Body.GetProperty("client_info").GetString()))).RootElement;
        Assert.Equal(FenwickCompany.Priya.ToString(), info.GetProperty("uid").GetString());
        Assert.Equal("https://graph.microsoft.com", answer.Access.Audiences.Single());
        Assert.Contains("User.Read", answer.Access.GetClaim("scp").Value, StringComparison.Ordinal);
        Assert.DoesNotContain(answer.Access.Claims, c => c.Type.StartsWith("oi_", StringComparison.Ordinal) || c.Type.StartsWith("sandbox", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_single_role_is_an_array_as_Entra_sends_it()
    {
        var answer = await _browser.GetTokensAsync(FenwickCompany.Ingrid, "openid");
        var payload = JsonDocument.Parse(Base64UrlEncoder.Decode(answer.Id.EncodedPayload)).RootElement;
        Assert.Equal(JsonValueKind.Array, payload.GetProperty("roles").ValueKind);
        Assert.Equal(JsonValueKind.Array, payload.GetProperty("groups").ValueKind);
        Assert.Equal(JsonValueKind.String, payload.GetProperty("aud").ValueKind);
    }

    [Theory]
    [InlineData("https://vault.azure.net/user_impersonation", "https://vault.azure.net", "user_impersonation")]
    [InlineData("https://vault.azure.net/.default", "https://vault.azure.net", "user_impersonation")]
    [InlineData("https://management.azure.com/user_impersonation", "https://management.azure.com", "user_impersonation")]
    [InlineData("https://graph.microsoft.com/User.Read", "https://graph.microsoft.com", "email openid profile User.Read")]
    [InlineData("api://7a11c0de-1111-4000-8000-00000000a001/access_as_user", "7a11c0de-1111-4000-8000-00000000a001", "access_as_user")]
    public async Task A_refresh_token_is_redeemed_for_another_resource(string scope, string audience, string scp)
    {
        var first = await _browser.GetTokensAsync(FenwickCompany.Mira, "openid profile offline_access");
        var answer = await _browser.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", first.RefreshToken), ("scope", $"{scope} openid profile offline_access"), ("client_info", "1"));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(audience, answer.Access.Audiences.Single());
        Assert.Equal(scp, answer.Access.GetClaim("scp").Value);
        Assert.Equal(FenwickCompany.Mira.ToString(), answer.Access.GetClaim("oid").Value);
        Assert.Contains(scope, answer.Body.GetProperty("scope").GetString()!.Split(' '));
        Assert.NotEqual("", answer.RefreshToken);
    }

    [Fact]
    public async Task What_the_company_has_not_consented_to_is_refused()
    {
        var first = await _browser.GetTokensAsync(FenwickCompany.Mira, "openid offline_access");
        var answer = await _browser.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", first.RefreshToken), ("scope", "https://graph.microsoft.com/Mail.Read"));
        Assert.Equal(("invalid_grant", 65001), (answer.Error, answer.ErrorCode));
    }

    [Fact]
    public async Task A_refresh_token_of_one_application_is_worth_nothing_to_another()
    {
        var first = await _browser.GetTokensAsync(FenwickCompany.Mira, "openid offline_access");
        var answer = await _browser.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", first.RefreshToken),
            ("client_id", _sandbox.Host.ExplorerClient.ClientId.ToString()), ("client_secret", _sandbox.Host.ExplorerClient.ClientSecret));
        Assert.Equal("invalid_grant", answer.Error);
    }

    [Fact]
    public async Task A_code_is_redeemed_once()
    {
        var (code, verifier) = await _browser.SignInAsync(FenwickCompany.Mira, "openid");
        Assert.Equal(HttpStatusCode.OK, (await _browser.RedeemAsync(code, verifier)).Status);
        var again = await _browser.RedeemAsync(code, verifier);
        Assert.Equal(("invalid_grant", 54005), (again.Error, again.ErrorCode));
    }

    [Fact]
    public async Task A_code_needs_its_verifier_and_its_redirect_address()
    {
        var (code, verifier) = await _browser.SignInAsync(FenwickCompany.Mira, "openid");
        Assert.Equal("invalid_grant", (await _browser.RedeemAsync(code, EntraBrowser.Pkce().Verifier)).Error);
        Assert.Equal("invalid_grant", (await _browser.RedeemAsync(code, verifier, redirectUri: "http://localhost:9999/signin-oidc")).Error);
        Assert.Equal("invalid_grant", (await _browser.RedeemAsync("garbage", verifier)).Error);
    }

    [Theory]
    [InlineData("""{"id_token":{"acrs":{"essential":true,"value":"c1"}}}""", new[] { "c1" })]
    [InlineData("""{"access_token":{"acrs":{"essential":true,"values":["c2","c3"]}}}""", new[] { "c2", "c3" })]
    [InlineData("""{"id_token":{"acrs":{"value":"c100"}}}""", new string[0])]
    [InlineData("not json", new string[0])]
    [InlineData("""{"id_token":{"acrs":{"value":"\ud800"}}}""", new string[0])]
    [InlineData("""{"id_token":{"\ud800":1,"acrs":{"values":["c1","\udc00"]}}}""", new string[0])]
    public async Task An_authentication_context_is_given_on_demand(string claims, string[] expected)
    {
        var answer = await _browser.GetTokensAsync(FenwickCompany.Mira, "openid offline_access", claims);
        Assert.Equal(expected, TokenAnswer.Values(answer.Id, "acrs"));
        var refreshed = await _browser.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", answer.RefreshToken));
        Assert.Equal(expected, TokenAnswer.Values(refreshed.Access, "acrs"));
    }

    [Fact]
    public async Task A_step_up_that_the_sign_in_did_not_satisfy_asks_for_interaction()
    {
        var first = await _browser.GetTokensAsync(FenwickCompany.Mira, "openid offline_access");
        var answer = await _browser.TokenAsync(("grant_type", "refresh_token"), ("refresh_token", first.RefreshToken),
            ("claims", """{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"""));
        Assert.Equal("interaction_required", answer.Error);
    }
}
