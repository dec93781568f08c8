using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;
using Portal.Core.Policies;

namespace Portal.Tests.Web.Hosting;

/// <summary>What a portal answers, and does, before its schema and its policies are looked at.</summary>
[Collection(HostedPortal.Name)]
public sealed class StartTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Until_the_policies_are_loaded_a_portal_says_that_it_lives_and_lets_everything_else_wait()
    {
        var loads = new TaskCompletionSource<IServiceProvider>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var may = new ManualResetEventSlim();
        var starting = Task.Run(() => PortalHost.StartAsync(new HostSetup
        {
            Services = services => services.AddTransient(provider =>
            {
                loads.TrySetResult(provider);
                may.Wait(TimeSpan.FromMinutes(2), Ct);
                return ActivatorUtilities.CreateInstance<LoadPolicies>(provider);
            }),
        }), Ct);
        try
        {
            var portal = await loads.Task.WaitAsync(TimeSpan.FromMinutes(2), Ct);
            using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = await ListeningAsync(portal) };
            Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/alive"));
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "Starting"), await AskAsync("/health"));

            using var asked = new HttpRequestMessage(HttpMethod.Get, "/requests") { Headers = { Accept = { new("text/html") } } };
            var page = http.SendAsync(asked, Ct);
            // Later ones are answered; this one is not.
            Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/alive"));
            Assert.False(page.IsCompleted);
            Assert.Empty(await VaultsAsync(portal));

            may.Set();
            using var answer = await page;
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
            await using var host = await starting;
            Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync("/health"));
            await host.CatalogAsync();

            async Task<(HttpStatusCode, string)> AskAsync(string path)
            {
                using var said = await http.GetAsync(path, Ct);
                return (said.StatusCode, await said.Content.ReadAsStringAsync(Ct));
            }
        }
        finally
        {
            may.Set();
        }
    }

    [Fact]
    public async Task A_portal_whose_policies_cannot_be_loaded_does_not_start()
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => PortalHost.StartAsync(new HostSetup
        {
            Services = services => services.AddTransient<LoadPolicies>(_ => throw new InvalidOperationException("no policies today")),
        }));
        Assert.Contains("no policies today", fault.ToString(), StringComparison.Ordinal);
    }

    private static async Task<Uri> ListeningAsync(IServiceProvider portal)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            if (portal.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is { } address && !address.EndsWith(":0", StringComparison.Ordinal))
                return new UriBuilder(address) { Host = "localhost" }.Uri;
            await tick.WaitForNextTickAsync(Ct);
        }
    }

    private static async Task<List<string>> VaultsAsync(IServiceProvider portal)
    {
        await using var db = await portal.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync(Ct);
        return await db.Vaults.Select(vault => vault.Name).ToListAsync(Ct);
    }
}
