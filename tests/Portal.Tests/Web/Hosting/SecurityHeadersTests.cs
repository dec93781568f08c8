using System.Net;
using System.Text.RegularExpressions;
using Portal.Sandbox.Company;

namespace Portal.Tests.Web.Hosting;

/// <summary>What a browser is told not to do, on every kind of answer.</summary>
[Collection(HostedPortal.Name)]
public sealed partial class SecurityHeadersTests(SharedPortal portal)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/account/signed-out", PortalVisitor.Html, HttpStatusCode.OK)]
    [InlineData("/", PortalVisitor.Html, HttpStatusCode.Redirect)]
    [InlineData("/", PortalVisitor.Json, HttpStatusCode.Unauthorized)]
    [InlineData("/favicon.svg", "*/*", HttpStatusCode.OK)]
    [InlineData("/_framework/blazor.web.js", "*/*", HttpStatusCode.OK)]
    [InlineData("/health", "*/*", HttpStatusCode.OK)]
    [InlineData("/alive", "*/*", HttpStatusCode.OK)]
    [InlineData("/problem/500", PortalVisitor.Html, HttpStatusCode.OK)]
    public async Task Every_answer_to_a_stranger_carries_the_headers(string url, string accept, HttpStatusCode status)
    {
        using var visitor = portal.Host.Visitor();
        using var answer = await visitor.GetAsync(url, accept);
        Assert.Equal(status, answer.StatusCode);
        Hardened(answer);
    }

    [Theory]
    [InlineData("/catalog", PortalVisitor.Html, HttpStatusCode.OK)]
    [InlineData("/no-such-page", PortalVisitor.Html, HttpStatusCode.NotFound)]
    [InlineData("/no-such-page", PortalVisitor.Json, HttpStatusCode.NotFound)]
    [InlineData("/audit/export", PortalVisitor.Json, HttpStatusCode.OK)]
    public async Task And_to_someone_signed_in(string url, string accept, HttpStatusCode status)
    {
        using var visitor = await portal.Host.SignedInAsync(FenwickCompany.Mira);
        using var answer = await visitor.GetAsync(url, accept);
        Assert.Equal(status, answer.StatusCode);
        Hardened(answer);
    }

    [Fact]
    public async Task Every_script_of_a_page_carries_its_nonce_and_no_page_has_that_of_another()
    {
        using var visitor = await portal.Host.SignedInAsync(FenwickCompany.Mira);
        var nonces = new HashSet<string>();
        foreach (var url in (string[])["/", "/catalog", "/account/signed-out", "/no-such-page"])
        {
            using var answer = await visitor.GetAsync(url);
            var nonce = Nonce().Match(answer.Headers.GetValues("Content-Security-Policy").Single()).Groups[1].Value;
            Assert.Equal(16, Convert.FromBase64String(nonce).Length);
            Assert.True(nonces.Add(nonce));
            var html = await answer.Content.ReadAsStringAsync(Ct);
            var scripts = Script().Matches(html);
            Assert.NotEmpty(scripts);
            Assert.All(scripts, script => Assert.Contains($"nonce=\"{nonce}\"", WebUtility.HtmlDecode(script.Value), StringComparison.Ordinal));
            Assert.DoesNotMatch(InlineHandler(), html);
        }
    }

    /// <summary>Asserts what must stand on any answer.</summary>
    internal static void Hardened(HttpResponseMessage answer)
    {
        var directives = answer.Headers.GetValues("Content-Security-Policy").Single().Split(';', StringSplitOptions.TrimEntries)
            .ToDictionary(d => d.Split(' ')[0], d => d.Split(' ').Skip(1).ToArray());
        Assert.Equal(["'none'"], directives["frame-ancestors"]);
        Assert.Equal(["'none'"], directives["object-src"]);
        Assert.Equal(["'self'"], directives["base-uri"]);
        Assert.Equal(["'self'"], directives["default-src"]);
        Assert.Equal(2, directives["script-src"].Length);
        Assert.Equal("'self'", directives["script-src"][0]);
        Assert.StartsWith("'nonce-", directives["script-src"][1], StringComparison.Ordinal);
        Assert.DoesNotContain("*", directives["form-action"]);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("same-origin", answer.Headers.GetValues("Referrer-Policy").Single());
        Assert.Equal("same-origin", answer.Headers.GetValues("Cross-Origin-Opener-Policy").Single());
        Assert.True(answer.Headers.Contains("Permissions-Policy"));
        Assert.False(answer.Headers.Contains("Server"));
        Assert.False(answer.Headers.Contains("X-Powered-By"));
    }

    [GeneratedRegex("'nonce-([^']+)'")]
    private static partial Regex Nonce();

    [GeneratedRegex("<script[^>]*>")]
    private static partial Regex Script();

    [GeneratedRegex("\\son[a-z]+=\"|javascript:", RegexOptions.IgnoreCase)]
    private static partial Regex InlineHandler();
}
