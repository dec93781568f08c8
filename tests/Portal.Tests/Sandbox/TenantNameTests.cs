using System.Net;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Portal.Sandbox.Company;

namespace Portal.Tests.Sandbox;

/// <summary>The tenant by its domain's name, as Entra ID takes it in the place of the id.</summary>
public sealed class TenantNameTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("https://localhost")]
    [InlineData("https://login.microsoftonline.com")]
    public async Task The_discovery_document_is_the_one_under_the_id(string host)
    {
        using var http = sandbox.NewClient();
        var port = host.EndsWith("localhost", StringComparison.Ordinal) ? $":{sandbox.Host.Addresses.HttpsPort}" : "";
        var documents = new List<string>();
        foreach (var tenant in new[] { EntraBrowser.Tenant, "fenwick.example", "Fenwick.Example" })
        {
            using var answer = await http.GetAsync(new Uri($"{host}{port}/{tenant}/v2.0/.well-known/openid-configuration"), Ct);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            documents.Add(await answer.Content.ReadAsStringAsync(Ct));
        }

        Assert.Single(documents.Distinct());
        Assert.Equal(sandbox.Host.Addresses.Authority, JsonDocument.Parse(documents[0]).RootElement.GetProperty("issuer").GetString());
    }

    [Fact]
    public async Task The_real_credential_gets_a_token_by_the_name()
    {
        using var http = new HttpClient(sandbox.Handler, disposeHandler: false);
        var credential = new ClientSecretCredential("fenwick.example", sandbox.Host.ExplorerClient.ClientId.ToString(), sandbox.Host.ExplorerClient.ClientSecret,
            new ClientSecretCredentialOptions { Transport = new HttpClientTransport(http) });
        var token = new JsonWebToken((await credential.GetTokenAsync(new TokenRequestContext(["https://vault.azure.net/.default"]), Ct)).Token);
        Assert.Equal((FenwickCompany.ExplorerPrincipal.ToString(), sandbox.Host.Addresses.Authority), (token.GetClaim("oid").Value, token.Issuer));
    }

    [Fact]
    public async Task The_sign_in_page_is_found_by_the_name()
    {
        using var browser = new EntraBrowser(sandbox);
        using var http = sandbox.NewClient();
        var address = browser.AuthorizeAddress.ToString().Replace(EntraBrowser.Tenant, "fenwick.example", StringComparison.Ordinal);
        using var answer = await http.GetAsync(new Uri(QueryHelpers.AddQueryString(address, browser.Request("openid", EntraBrowser.Pkce().Challenge).Where(p => p.Value is not null))), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("Mira Okafor", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_name_counts_at_the_hosts_that_sign_in_and_there_alone()
    {
        using var http = sandbox.NewClient();
        foreach (var host in new[] { "https://management.azure.com", "https://graph.microsoft.com", "https://kv-payments-prod.vault.azure.net" })
        {
            using var answer = await http.GetAsync(new Uri(host + "/fenwick.example/v2.0/.well-known/openid-configuration"), Ct);
            Assert.NotEqual(HttpStatusCode.OK, answer.StatusCode);
        }

        using var content = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials" });
        using var other = await http.PostAsync(new Uri("/other.example/oauth2/v2.0/token", UriKind.Relative), content, Ct);
        Assert.Contains("AADSTS90002", await other.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        // Over plain http no token is given under this name either.
        using var plain = await http.PostAsync(new Uri(sandbox.Host.Addresses.FrontPage + "fenwick.example/oauth2/v2.0/token"), content, Ct);
        Assert.Equal(HttpStatusCode.NotFound, plain.StatusCode);
    }

    [Fact]
    public async Task A_flow_that_is_not_offered_does_not_make_the_tenant_unknown()
    {
        using var http = sandbox.NewClient();
        foreach (var tenant in new[] { EntraBrowser.Tenant, "fenwick.example" })
        {
            using var content = new FormUrlEncodedContent(new Dictionary<string, string> { ["client_id"] = FenwickCompany.ExplorerClientId.ToString(), ["scope"] = "openid" });
            using var answer = await http.PostAsync(new Uri($"/{tenant}/oauth2/v2.0/devicecode", UriKind.Relative), content, Ct);
            var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
            Assert.Equal((HttpStatusCode.BadRequest, "unsupported_grant_type", 70003), (answer.StatusCode, body.GetProperty("error").GetString(), body.GetProperty("error_codes")[0].GetInt32()));
            Assert.Contains("devicecode", body.GetProperty("error_description").GetString(), StringComparison.Ordinal);
        }
    }
}
