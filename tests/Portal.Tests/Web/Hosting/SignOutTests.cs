using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;

namespace Portal.Tests.Web.Hosting;

/// <summary>Signing out happens whatever else is down.</summary>
[Collection(HostedPortal.Name)]
public sealed class SignOutTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sign_out_that_cannot_be_recorded_happens_all_the_same()
    {
        await using var host = await PortalHost.StartAsync();
        using var mira = await host.SignedInAsync(FenwickCompany.Mira);
        var form = await FormAsync(mira);
        await host.ReadAsync(db => db.Database.ExecuteSqlRawAsync("ALTER TABLE \"People\" RENAME TO \"Elsewhere\"", Ct));
        var copied = mira.SignInCookie!;
        using var done = await mira.PostAsync("/account/signout", PortalVisitor.Html, form);
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
        Assert.Null(mira.SignInCookie);

        // And is recorded for every instance once it can be.
        await host.ReadAsync(db => db.Database.ExecuteSqlRawAsync("ALTER TABLE \"Elsewhere\" RENAME TO \"People\"", Ct));
        await host.UntilAsync("the sign-out is saved", db => db.EndedSignIns.AnyAsync(Ct));
        await host.RestartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, copied));
    }

    [Fact]
    public async Task A_sign_out_asks_the_directory_nothing_and_is_recorded()
    {
        await using var host = await PortalHost.StartAsync();
        using var mira = await host.SignedInAsync(FenwickCompany.Mira);
        var form = await FormAsync(mira);
        var silent = host.Sandbox.Control.Faults.Add("GET", $"/users/{FenwickCompany.Mira}", Fault.Error(503, "ServiceUnavailable"));
        using var done = await mira.PostAsync("/account/signout", PortalVisitor.Html, form);
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
        Assert.Null(mira.SignInCookie);
        Assert.Equal(0, silent.Fired);
        Assert.Equal(1, await host.ReadAsync(db => db.AuditEvents.CountAsync(e => e.Code == "identity.signed_out" && e.ActorObjectId == FenwickCompany.Mira, Ct)));
    }

    [Fact]
    public async Task Who_lost_their_account_meanwhile_signs_out_like_anybody()
    {
        await using var host = await PortalHost.StartAsync();
        using var mira = await host.SignedInAsync(FenwickCompany.Mira);
        var form = await FormAsync(mira);
        host.Sandbox.Control.Directory.SetAccountEnabled(FenwickCompany.Mira, false);
        // What was known of her is forgotten with the process.
        await host.RestartAsync();
        using var done = await mira.PostAsync("/account/signout", PortalVisitor.Html, form);
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
        Assert.Null(mira.SignInCookie);
    }

    [Fact]
    public async Task A_sign_out_that_Entra_cannot_be_told_of_ends_the_sign_in_here()
    {
        await using var host = await PortalHost.StartAsync();
        using var mira = await host.SignedInAsync(FenwickCompany.Mira);
        var form = await FormAsync(mira);
        // What the portal knows of Entra ID's addresses goes with the process.
        await host.RestartAsync();
        host.Sandbox.Control.Faults.Add("GET", "/.well-known/openid-configuration", Fault.Error(503, "ServiceUnavailable"));
        using var done = await mira.PostAsync("/account/signout", PortalVisitor.Html, form);
        Assert.Equal((HttpStatusCode.Redirect, "/account/signed-out"), (done.StatusCode, done.Headers.Location!.OriginalString));
        Assert.Null(mira.SignInCookie);
    }

    [Fact]
    public async Task After_a_sign_out_its_cookie_is_worth_nothing_and_another_sign_in_of_the_same_person_goes_on()
    {
        await using var host = await PortalHost.StartAsync();
        using var mira = await host.SignedInAsync(FenwickCompany.Mira);
        using var elsewhere = await host.SignedInAsync(FenwickCompany.Mira);
        var copied = mira.SignInCookie!;
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, copied));
        using var done = await mira.PostAsync("/account/signout", PortalVisitor.Html, await FormAsync(mira));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, copied));
        // Another process knows it too.
        await host.RestartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, copied));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, elsewhere.SignInCookie!));
    }

    [Fact]
    public async Task Signing_in_again_goes_on_with_the_sign_in_so_that_signing_out_ends_what_was_open_before_it()
    {
        await using var host = await PortalHost.StartAsync();
        using var mira = await host.SignedInAsync(FenwickCompany.Mira);
        var before = mira.SignInCookie!;
        using var again = await mira.SignInAsync(FenwickCompany.Mira);
        Assert.NotEqual(before, mira.SignInCookie);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, before));
        using var done = await mira.PostAsync("/account/signout", PortalVisitor.Html, await FormAsync(mira));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, before));
    }

    [Fact]
    public async Task Somebody_else_who_signs_in_in_the_same_browser_begins_a_sign_in_of_their_own()
    {
        await using var host = await PortalHost.StartAsync();
        using var mira = await host.SignedInAsync(FenwickCompany.Mira);
        var before = mira.SignInCookie!;
        using var again = await mira.SignInAsync(FenwickCompany.Jonas);
        using var done = await mira.PostAsync("/account/signout", PortalVisitor.Html, await FormAsync(mira));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, before));
    }

    private static async Task<HttpStatusCode> AskAsync(PortalHost host, string cookie)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address + "/policies"));
        request.Headers.Add("Cookie", $"portal={cookie}");
        using var answer = await http.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    private static async Task<(string, string)[]> FormAsync(PortalVisitor visitor)
    {
        using var home = await visitor.GetAsync("/");
        return [.. PortalVisitor.FieldsOf(await home.Content.ReadAsStringAsync(Ct)).Where(field => field.Name == "__RequestVerificationToken")];
    }
}
