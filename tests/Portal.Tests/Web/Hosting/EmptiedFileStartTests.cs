using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Web.Hosting;

/// <summary>A portal whose checkpoint file somebody emptied while it did not run.</summary>
[Collection(HostedPortal.Name)]
public sealed class EmptiedFileStartTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task It_says_so_and_leaves_the_file_as_it_is_until_an_operator_accepts_it_and_then_goes_on_by_itself(DatabaseKind kind)
    {
        await using var host = await PortalHost.StartAsync(new HostSetup { Database = kind });
        var file = Path.Combine(host.DataDirectory, "audit-checkpoints");
        await host.UntilAsync("a checkpoint is remembered of the file", db => db.AuditStores.AnyAsync(s => s.Host == Dns.GetHostName() && s.Size > 0, Ct));
        await host.StopAsync();
        await File.WriteAllTextAsync(file, "", Ct);
        // Nobody else seals, so there is no lease to wait for.
        await using (var db = host.OpenDb())
            await db.AuditSealers.ExecuteUpdateAsync(s => s.SetProperty(x => x.Until, (DateTimeOffset?)null), Ct);

        await host.RestartAsync();
        await UntilHealthAsync(host, said => said.Contains("AuditNotSealed (StoreForgets)", StringComparison.Ordinal));
        Assert.StartsWith($"{file} held a checkpoint of", host.Services.GetRequiredService<AuditHealth>().Fault!.Message, StringComparison.Ordinal);
        Assert.Equal(0, new FileInfo(file).Length);
        var accepted = await host.UseAsync((AcceptStore use) => use.ExecuteAsync(new StoreAcceptance(Accepts: true), Actor.System, Ct));
        Assert.True(accepted.Value.Single().Accepted);
        await UntilHealthAsync(host, said => !said.Contains("AuditNotSealed", StringComparison.Ordinal));
        Assert.NotEqual(0, new FileInfo(file).Length);
    }

    private static async Task UntilHealthAsync(PortalHost host, Func<string, bool> says)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var said = "";
        do
        {
            Assert.False(patience.IsCancellationRequested, $"Waited in vain; /health says: {said}");
            await tick.WaitForNextTickAsync(Ct);
            using var visitor = host.Visitor();
            using var answer = await visitor.GetAsync("/health", "*/*");
            said = await answer.Content.ReadAsStringAsync(Ct);
        }
        while (!says(said));
    }
}
