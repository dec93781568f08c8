using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using Portal.Core.Audit;
using Portal.Sandbox.Company;

namespace Portal.Tests.Web.Hosting;

/// <summary>Id tokens that are not what Entra ID would issue to this portal, put in place of the real one on its way to the portal.</summary>
[Collection(HostedPortal.Name)]
public sealed class SignInTokenTests(SharedPortal portal) : IClassFixture<SharedPortal>, IDisposable
{
    private static readonly Guid Stranger = new("6a51cfa7-83b6-41d3-9f62-b45a0372e10c");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private PortalHost Host => portal.Host;

    public void Dispose() => Host.Tap.Forge = null;

    [Theory]
    [InlineData("another application's")]
    [InlineData("another tenant's")]
    [InlineData("another tenant's, under this issuer")]
    [InlineData("another issuer's")]
    [InlineData("no issuer's")]
    [InlineData("expired")]
    [InlineData("not valid yet")]
    [InlineData("without an end")]
    [InlineData("without a nonce")]
    [InlineData("with the nonce of another sign-in")]
    [InlineData("unsigned")]
    [InlineData("with an empty signature")]
    [InlineData("signed with the public key as a shared secret")]
    [InlineData("signed by somebody else")]
    [InlineData("changed after signing")]
    [InlineData("no token at all")]
    public async Task A_token_that_is_not_for_this_sign_in_signs_nobody_in(string what)
    {
        var before = await SignInsAsync();
        Host.Tap.Forge = Forger(what, await PublicKeyAsync());
        using var visitor = Host.Visitor();
        using var answer = await visitor.SignInAsync(FenwickCompany.Tomas);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("/account/sign-in-failed", answer.Headers.Location!.OriginalString);
        Assert.Null(visitor.SignInCookie);
        Assert.Contains("The sign-in did not work", await visitor.TextAsync("/account/sign-in-failed"), StringComparison.Ordinal);
        using var export = await visitor.GetAsync("/policies", PortalVisitor.Json);
        Assert.Equal(HttpStatusCode.Unauthorized, export.StatusCode);
        Assert.Equal(before, await SignInsAsync());
    }

    [Fact]
    public async Task The_same_token_signed_anew_with_the_right_key_does()
    {
        // What shows that the tokens above are refused for what was changed in them, not for having been made anew.
        var before = await SignInsAsync();
        Host.Tap.Forge = token => Host.Sandbox.Control.Tokens.Sign(ClaimsOf(token));
        using var visitor = await Host.SignedInAsync(FenwickCompany.Tomas);
        Assert.Contains("Herrera", await visitor.TextAsync("/"), StringComparison.Ordinal);
        Assert.Equal(before + 1, await SignInsAsync());
    }

    [Fact]
    public async Task Roles_that_a_token_claims_and_the_directory_does_not_know_give_nothing()
    {
        Host.Tap.Forge = token =>
        {
            var claims = ClaimsOf(token);
            claims["roles"] = (string[])["Requester", "Approver", "Administrator", "Auditor"];
            return Host.Sandbox.Control.Tokens.Sign(claims);
        };
        using var visitor = Host.Visitor();
        using var signedIn = await visitor.SignInAsync(FenwickCompany.Mira);
        using var export = await visitor.GetAsync("/audit/export", PortalVisitor.Json);
        Assert.Contains(export.StatusCode, new[] { HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized });
    }

    [Fact]
    public async Task Somebody_without_a_role_is_told_so_and_can_do_nothing()
    {
        await Host.CatalogAsync();
        using var visitor = await Host.SignedInAsync(Stranger);
        foreach (var url in (string[])["/", "/catalog", "/requests", "/approvals", "/grants", "/policies", "/audit"])
        {
            using var page = await visitor.GetAsync(url);
            var html = WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync(Ct));
            Assert.Contains(page.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.Redirect, HttpStatusCode.Forbidden });
            Assert.DoesNotContain("stripe-restricted-key", html, StringComparison.Ordinal);
            Assert.DoesNotContain("kv-payments-prod", html, StringComparison.Ordinal);
            Assert.DoesNotContain("okafor", html, StringComparison.OrdinalIgnoreCase);
        }

        using var export = await visitor.GetAsync("/audit/export", PortalVisitor.Json);
        Assert.Equal(HttpStatusCode.Forbidden, export.StatusCode);
        var asked = await Host.AskAsync(Stranger, "kv-payments-prod", "stripe-restricted-key", TimeSpan.FromMinutes(30));
        Assert.StartsWith("identity.", Assert.Single(asked.Refusals).Code, StringComparison.Ordinal);
    }

    private Func<string, string> Forger(string what, RSA publicKey) => token =>
    {
        var claims = ClaimsOf(token);
        var tenant = FenwickCompany.TenantId.ToString();
        var other = "0f0e0d0c-0b0a-4908-8706-050403020100";
        var now = TimeProvider.System.GetUtcNow();
        switch (what)
        {
            case "another application's": claims["aud"] = FenwickCompany.ExplorerClientId.ToString(); break;
            case "another tenant's": claims["iss"] = Host.Sandbox.Addresses.Authority.Replace(tenant, other, StringComparison.Ordinal); claims["tid"] = other; break;
            case "another tenant's, under this issuer": claims["tid"] = other; break;
            case "another issuer's": claims["iss"] = $"https://login.evil.example/{tenant}/v2.0"; break;
            case "no issuer's": claims.Remove("iss"); break;
            case "expired": Times(-120, -120, -60); break;
            case "not valid yet": Times(0, 60, 120); break;
            case "without an end": claims.Remove("exp"); break;
            case "without a nonce": claims.Remove("nonce"); break;
            case "with the nonce of another sign-in": claims["nonce"] = "638000000000000000.bm9uY2U"; break;
            case "unsigned": return Part("""{"alg":"none","typ":"JWT"}""") + "." + token.Split('.')[1] + ".";
            case "with an empty signature": return string.Join('.', token.Split('.')[..2]) + ".";
            case "signed with the public key as a shared secret": return WithHmac(token, Encoding.ASCII.GetBytes(publicKey.ExportSubjectPublicKeyInfoPem()));
            case "signed by somebody else": return ByStranger(token);
            case "changed after signing": return Changed(token, claims);
            case "no token at all": return "eyJhbGciOiJSUzI1NiJ9.e30.e30";
            default: throw new ArgumentException(what, nameof(what));
        }

        return Host.Sandbox.Control.Tokens.Sign(claims);

        void Times(int issued, int from, int until)
        {
            claims["iat"] = now.AddMinutes(issued).ToUnixTimeSeconds();
            claims["nbf"] = now.AddMinutes(from).ToUnixTimeSeconds();
            claims["exp"] = now.AddMinutes(until).ToUnixTimeSeconds();
        }
    };

    private static string Changed(string token, Dictionary<string, object> claims)
    {
        claims["oid"] = FenwickCompany.Ingrid.ToString();
        var parts = token.Split('.');
        return $"{parts[0]}.{Part(JsonSerializer.Serialize(claims))}.{parts[2]}";
    }

    private static string WithHmac(string token, byte[] key)
    {
        var content = Part("""{"alg":"HS256","typ":"JWT"}""") + "." + token.Split('.')[1];
        return $"{content}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(content)))}";
    }

    private static string ByStranger(string token)
    {
        using var key = RSA.Create(2048);
        var content = string.Join('.', token.Split('.')[..2]);
        return $"{content}.{Base64UrlEncoder.Encode(key.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private static string Part(string json) => Base64UrlEncoder.Encode(json);

    private static Dictionary<string, object> ClaimsOf(string token) =>
        JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(Base64UrlEncoder.Decode(token.Split('.')[1]))!.ToDictionary(claim => claim.Key, claim => (object)claim.Value);

    private async Task<RSA> PublicKeyAsync()
    {
        using var http = new HttpClient(Host.Sandbox.CreateHandler());
        var keys = await http.GetStringAsync(new Uri($"{Host.Sandbox.Addresses.Instance}{FenwickCompany.TenantId}/discovery/v2.0/keys"), Ct);
        var key = new JsonWebKeySet(keys).Keys.Single();
        return RSA.Create(new RSAParameters { Modulus = Base64UrlEncoder.DecodeBytes(key.N), Exponent = Base64UrlEncoder.DecodeBytes(key.E) });
    }

    private Task<int> SignInsAsync() => Host.ReadAsync(db => db.AuditEvents.CountAsync(e => e.Code == AuditCode.SignedIn.Value, Ct));
}
