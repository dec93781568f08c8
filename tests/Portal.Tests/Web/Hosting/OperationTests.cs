using System.Net;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;
using Portal.Migrations.Sqlite;
using Portal.Sandbox.Company;
using Portal.Web.Hosting;

namespace Portal.Tests.Web.Hosting;

/// <summary>Hosts that are in trouble or flooded, and one that is not in Development.</summary>
[Collection(HostedPortal.Name)]
public sealed class OperationTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Health_is_about_the_database_and_says_no_more()
    {
        await using var host = await PortalHost.StartAsync();
        using var visitor = host.Visitor();
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/health"));
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/alive"));

        File.Move(host.SqliteFile, host.SqliteFile + ".away");
        SqliteConnection.ClearAllPools();
        try
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), await AskAsync("/health"));
            Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/alive"));
            Assert.False(File.Exists(host.SqliteFile), "An empty database took the place of the one that went away.");
        }
        finally
        {
            File.Move(host.SqliteFile + ".away", host.SqliteFile, overwrite: true);
        }

        Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/health"));

        async Task<(HttpStatusCode, string)> AskAsync(string url)
        {
            host.Sandbox.Control.Clock.Advance(Readiness.Kept);
            using var answer = await visitor.GetAsync(url, "*/*");
            Assert.True(answer.Headers.CacheControl?.NoStore);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));
        }
    }

    [Fact]
    public async Task However_often_strangers_ask_for_health_it_is_looked_at_once_a_second()
    {
        var looks = 0;
        var clock = new FakeTimeProvider();
        await using var host = await PortalHost.StartAsync(new HostSetup
        {
            Services = services =>
            {
                services.AddSingleton(provider => new Readiness(provider.GetRequiredService<HealthCheckService>(), clock));
                services.AddHealthChecks().AddCheck("counted", () => HealthCheckResult.Degraded($"Look {Interlocked.Increment(ref looks)}"), tags: [Operations.ReadyTag]);
            },
        });
        using var visitor = host.Visitor();
        for (var time = 0; time < 20; time++)
            Assert.Equal("Degraded\nLook 1", await AskAsync());
        clock.Advance(Readiness.Kept);
        Assert.Equal("Degraded\nLook 2", await AskAsync());

        async Task<string> AskAsync()
        {
            using var answer = await visitor.GetAsync("/health", "*/*");
            return await answer.Content.ReadAsStringAsync(Ct);
        }
    }

    [Fact]
    public async Task Health_says_that_the_disk_has_failed_until_the_portal_is_started_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Saves wait for the disk together on Linux only.");
        await using var host = await PortalHost.StartAsync();
        await host.CatalogAsync();
        using var visitor = host.Visitor();
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/health"));
        var database = Portal.Web.Hosting.PortalDatabase.ConnectionStringOf(host.Services.GetRequiredService<IConfiguration>());
        SqliteDatabase.AroundLogSyncs(database, (_, _) => throw new IOException("canary: Input/output error"));
        await Assert.ThrowsAnyAsync<Exception>(() => host.AskAsync(FenwickCompany.Mira, "kv-payments-prod", "stripe-api-key", TimeSpan.FromMinutes(30)));
        // The disk says nothing of it any more.
        SqliteDatabase.AroundLogSyncs(database, null);

        for (var time = 0; time < 2; time++)
        {
            var (status, said) = await AskAsync("/health");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.StartsWith("Unhealthy", said, StringComparison.Ordinal);
            Assert.Contains("\nDurabilityLost: the disk did not take what was written", said, StringComparison.Ordinal);
            Assert.DoesNotContain("canary", said, StringComparison.Ordinal);
            Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/alive"));
        }

        async Task<(HttpStatusCode, string)> AskAsync(string url)
        {
            host.Sandbox.Control.Clock.Advance(Readiness.Kept);
            using var answer = await visitor.GetAsync(url, "*/*");
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));
        }
    }

    [Fact]
    public async Task A_new_installation_compares_its_vaults_as_soon_as_it_knows_them()
    {
        await using var host = await PortalHost.StartAsync();
        // The first comparison by the clock comes with the start, when the catalog knows none; the second only after five minutes.
        await host.UntilAsync("a comparison looked at every vault", db => db.ReconciliationRuns.AnyAsync(run => run.Vaults == host.Sandbox.Control.Resources.Vaults.Count, Ct));
    }

    [Fact]
    public async Task A_portal_whose_database_is_away_still_stops_when_told_to()
    {
        var host = await PortalHost.StartAsync();
        await host.CatalogAsync();
        File.Move(host.SqliteFile, host.SqliteFile + ".away");
        SqliteConnection.ClearAllPools();
        // Patience only so that a portal that hangs fails this test instead of the run.
        await host.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2), Ct);
    }

    [Fact]
    public async Task Too_many_sign_ins_from_one_address_wait()
    {
        await using var host = await PortalHost.StartAsync();
        using var visitor = host.Visitor();
        using var refused = await FloodAsync(visitor, "/account/signin", PortalVisitor.Json, 400);
        await ProblemTests.IsProblemAsync(refused, 429);
        using var page = await FloodAsync(visitor, "/account/signin", PortalVisitor.Html, 400);
        Assert.Contains("Too many requests", await page.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        // Other addresses of the portal still answer.
        using var other = await visitor.GetAsync("/account/signed-out");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Too_many_calls_of_any_kind_wait_and_a_person_reads_why()
    {
        await using var host = await PortalHost.StartAsync();
        using var visitor = host.Visitor();
        using var refused = await FloodAsync(visitor, "/no-such-page", PortalVisitor.Json, 3000);
        await ProblemTests.IsProblemAsync(refused, 429);
        using var page = await FloodAsync(visitor, "/no-such-page", PortalVisitor.Html, 3000);
        Assert.Contains("Too many requests", await page.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        SecurityHeadersTests.Hardened(page);
        // Whoever watches the portal, and the files of the page, are not counted.
        foreach (var url in (string[])["/health", "/alive", "/favicon.svg"])
        {
            using var answer = await visitor.GetAsync(url, "*/*");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_person_takes_a_few_exports_a_minute()
    {
        await using var host = await PortalHost.StartAsync();
        using var visitor = await host.SignedInAsync(FenwickCompany.Ingrid);
        using var first = await visitor.GetAsync("/audit/export", "text/csv");
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal("text/csv; charset=utf-8", first.Content.Headers.ContentType!.ToString());
        Assert.StartsWith("attachment; filename=audit-", first.Content.Headers.ContentDisposition!.ToString(), StringComparison.Ordinal);
        Assert.True(first.Headers.CacheControl!.NoStore);
        SecurityHeadersTests.Hardened(first);
        using var refused = await FloodAsync(visitor, "/audit/export", PortalVisitor.Json, 100);
        await ProblemTests.IsProblemAsync(refused, 429);
    }

    [Fact]
    public async Task Outside_Development_everything_is_for_https_only()
    {
        await using var host = await PortalHost.StartAsync(new HostSetup
        {
            Kestrel = false,
            Environment = "Production",
            Settings = new Dictionary<string, string?> { ["AzureAd:ClientSecret"] = "", ["AzureAd:ClientCredentials:0:SourceType"] = "SignedAssertionFilePath", ["Cloud:Credential"] = "ManagedIdentity", ["HTTPS_PORT"] = "443" },
        });
        using var http = host.ClientAt("http://portal.fenwick.example");
        using var plain = await http.GetAsync(new Uri("/account/signed-out", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.TemporaryRedirect, plain.StatusCode);
        Assert.Equal("https://portal.fenwick.example/account/signed-out", plain.Headers.Location!.ToString());

        using var https = host.ClientAt("https://portal.fenwick.example");
        https.DefaultRequestHeaders.Add("Accept", PortalVisitor.Html);
        using var page = await https.GetAsync(new Uri("/account/signed-out", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("max-age=31536000", page.Headers.GetValues("Strict-Transport-Security").Single());
        SecurityHeadersTests.Hardened(page);

        using var challenge = await https.GetAsync(new Uri("/account/signin", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.Redirect, challenge.StatusCode);
        foreach (var cookie in challenge.Headers.GetValues("Set-Cookie"))
        {
            Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        }

        var options = Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<Microsoft.Extensions.Options.IOptions<Microsoft.AspNetCore.Antiforgery.AntiforgeryOptions>>(host.Services);
        Assert.Equal(Microsoft.AspNetCore.Http.CookieSecurePolicy.Always, options.Value.Cookie.SecurePolicy);
    }

    /// <summary>Calls until it is refused.</summary>
    private static async Task<HttpResponseMessage> FloodAsync(PortalVisitor visitor, string url, string accept, int most)
    {
        for (var call = 0; call < most; call += 20)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => visitor.GetAsync(url, accept)));
            if (answers.FirstOrDefault(answer => answer.StatusCode == HttpStatusCode.TooManyRequests) is not { } refused)
                continue;
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
            return refused;
        }

        Assert.Fail($"{most} calls of {url} were answered.");
        return null!;
    }
}
