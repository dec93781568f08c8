using System.Net;
using Portal.Sandbox.Company;

namespace Portal.Tests.Web.Hosting;

/// <summary>Signing in and out over HTTP: cookies, forged forms, and addresses that someone else wrote.</summary>
[Collection(HostedPortal.Name)]
public sealed class AccountTests(SharedPortal portal)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("///evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("/%09/evil.example", "/%09/evil.example")]
    [InlineData("/\t/evil.example")]
    [InlineData("/\n/evil.example")]
    [InlineData("https://evil.example/")]
    [InlineData("http:evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("@evil.example")]
    [InlineData(".evil.example")]
    [InlineData(" //evil.example")]
    [InlineData("/catalog?q=a&show=all", "/catalog?q=a&show=all")]
    public async Task After_a_sign_in_nobody_is_led_out_of_the_portal(string returnUrl, string expected = "/")
    {
        using var visitor = portal.Host.Visitor();
        using var answer = await visitor.SignInAsync(FenwickCompany.Jonas, "/account/signin?returnUrl=" + Uri.EscapeDataString(returnUrl));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.NotNull(visitor.SignInCookie);
        var location = answer.Headers.Location!.OriginalString;
        Assert.Equal(expected, location.StartsWith(portal.Host.Address, StringComparison.Ordinal) ? location[portal.Host.Address.Length..] : location);
    }

    [Fact]
    public async Task A_page_asked_for_before_the_sign_in_is_where_it_leads()
    {
        using var visitor = portal.Host.Visitor();
        using var answer = await visitor.SignInAsync(FenwickCompany.Jonas, "/catalog?q=carrier");
        Assert.Equal("/catalog?q=carrier", new Uri(new Uri(portal.Host.Address), answer.Headers.Location!).PathAndQuery);
    }

    [Fact]
    public async Task A_page_is_told_whether_its_reader_is_still_signed_in()
    {
        using var visitor = await portal.Host.SignedInAsync(FenwickCompany.Mira);
        using var there = await visitor.GetAsync("/account/session");
        Assert.Equal((HttpStatusCode.NoContent, true), (there.StatusCode, there.Headers.CacheControl?.NoStore));
        using var stranger = portal.Host.Visitor();
        using var led = await stranger.GetAsync("/account/session");
        Assert.Equal(HttpStatusCode.Redirect, led.StatusCode);
    }

    [Fact]
    public async Task No_cookie_is_for_scripts_or_for_other_sites()
    {
        using var visitor = portal.Host.Visitor();
        using var challenge = await visitor.GetAsync("/account/signin");
        using var signedIn = await visitor.SignInAsync(FenwickCompany.Mira);
        using var home = await visitor.GetAsync("/");
        var cookies = new[] { challenge, signedIn, home }.SelectMany(answer => answer.Headers.TryGetValues("Set-Cookie", out var set) ? set : []).ToList();
        foreach (var name in (string[])["portal=", ".AspNetCore.Antiforgery.", ".AspNetCore.Correlation.", ".AspNetCore.OpenIdConnect.Nonce."])
            Assert.Contains(cookies, cookie => cookie.StartsWith(name, StringComparison.Ordinal));
        Assert.All(cookies, cookie =>
        {
            Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Matches("(?i); samesite=(lax|strict)", cookie);
        });
    }

    [Fact]
    public async Task Signing_out_takes_a_form_of_this_very_sign_in()
    {
        using var visitor = await portal.Host.SignedInAsync(FenwickCompany.Mira);
        var form = PortalVisitor.FieldsOf(await (await visitor.GetAsync("/")).Content.ReadAsStringAsync(Ct)).Where(field => field.Name == "__RequestVerificationToken").ToArray();
        Assert.Single(form);
        using var other = await portal.Host.SignedInAsync(FenwickCompany.Jonas);
        var others = PortalVisitor.FieldsOf(await (await other.GetAsync("/")).Content.ReadAsStringAsync(Ct)).Where(field => field.Name == "__RequestVerificationToken").ToArray();
        Assert.Single(others);

        (string, string)[][] forged = [[], [("__RequestVerificationToken", "CfDJ8stale")], [(form[0].Name, form[0].Value[..^4] + "AAAA")], others];
        foreach (var fields in forged)
        {
            using var refused = await visitor.PostAsync("/account/signout", PortalVisitor.Html, fields);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        using (var still = await visitor.GetAsync("/catalog"))
            Assert.Equal(HttpStatusCode.OK, still.StatusCode);
        using var done = await visitor.PostAsync("/account/signout", PortalVisitor.Html, form);
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
        Assert.Equal(portal.Host.Sandbox.Addresses.HttpPort, done.Headers.Location!.Port);
        Assert.Null(visitor.SignInCookie);
    }

    [Fact]
    public async Task A_sign_in_that_was_not_begun_here_is_not_finished_here()
    {
        using var visitor = portal.Host.Visitor();
        using var answer = await visitor.PostAsync("/signin-oidc", PortalVisitor.Html, ("code", "stolen"), ("state", "made-up"));
        Assert.Equal("/account/sign-in-failed", answer.Headers.Location?.OriginalString);
        Assert.Null(visitor.SignInCookie);
    }
}
