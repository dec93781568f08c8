using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Audit;
using Portal.Core.Grants;
using Portal.Sandbox.Company;
using Portal.Tests.World;
using Portal.Web.Policies;

namespace Portal.Tests.Web.Hosting;

/// <summary>A portal that is started anew while its database can be read and takes no writes.</summary>
[Collection(HostedPortal.Name)]
public sealed class OutageStartTests
{
    // All of them: policies of one's own take the place of the company's.
    private static readonly Dictionary<string, string?> Changed = new(
        new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, CompanyPolicies.FileName)).Build().AsEnumerable().Where(s => s.Value is not null))
    {
        ["AccessPolicies:0:Description"] = "Said in other words.",
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task With_a_changed_policy_it_takes_back_what_is_due_gives_nothing_and_loads_it_when_writes_go_through(DatabaseKind kind)
    {
        await using var host = await PortalHost.StartAsync(new HostSetup { Database = kind });
        await host.CatalogAsync();
        var asked = (await host.AskAsync(FenwickCompany.Mira, "kv-payments-prod", "stripe-restricted-key", TimeSpan.FromMinutes(30))).Value;
        Assert.Empty((await host.ApproveAsync(FenwickCompany.Priya, asked)).Refusals);
        await host.GrantReachesAsync(asked, GrantState.Active);
        var standing = Marked(host);
        Assert.Equal(1, standing);
        await host.StopAsync();

        await using (await RealOutage.BeginAsync(kind, host.ConnectionString))
        {
            await host.RestartAsync(Changed);
            var (status, said) = await HealthAsync(host);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.StartsWith("Degraded", said, StringComparison.Ordinal);
            Assert.Contains("\nPoliciesNotLoaded: ", said, StringComparison.Ordinal);

            // A change in a file is seen while the portal runs; it was not looked at, and is for the next start.
            var configuration = host.Services.GetRequiredService<IConfiguration>();
            configuration["AccessPolicies:0:Description"] = "Changed while it ran.";
            configuration["AccessPolicies:0:LongestWindow"] = "24 hours";

            host.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(31));
            await UntilAsync(() => Marked(host) == 0);
            Assert.Equal(GrantState.Active, await host.ReadAsync(db => db.Grants.Select(g => g.State).SingleAsync(Ct)));
            Assert.DoesNotContain("Said in other words.", await PoliciesAsync(host), StringComparison.Ordinal);
        }

        await host.GrantReachesAsync(asked, GrantState.Ended);
        await host.UntilAsync("the spool is entered", db => db.AuditEvents.AnyAsync(e => e.Code == AuditCode.RemovedInOutage.Value, Ct));
        await UntilAsync(async () => (await PoliciesAsync(host)).Contains("Said in other words.", StringComparison.Ordinal));
        await UntilAsync(async () => !(await HealthAsync(host)).Said.Contains("PoliciesNotLoaded", StringComparison.Ordinal));
    }

    [Theory, BothDatabases]
    public async Task With_a_schema_that_it_does_not_know_it_does_not_start_and_says_why(DatabaseKind kind)
    {
        await using var host = await PortalHost.StartAsync(new HostSetup { Database = kind });
        await host.StopAsync();
        var last = await ForgetLastMigrationAsync(host);
        await using var outage = await RealOutage.BeginAsync(kind, host.ConnectionString);

        var fault = await Assert.ThrowsAnyAsync<Exception>(() => host.RestartAsync());
        var said = fault.ToString();
        Assert.Contains(last, said, StringComparison.Ordinal);
        Assert.Contains("takes nothing back", said, StringComparison.Ordinal);
    }

    private static int Marked(PortalHost host) => host.Sandbox.Control.Resources.RoleAssignments.Count(a => a.Description?.StartsWith(AssignmentMark.Prefix, StringComparison.Ordinal) == true);

    private static Task<string> PoliciesAsync(PortalHost host) =>
        host.ReadAsync(async db => string.Join('\n', await db.AccessPolicies.Where(p => p.RetiredAt == null).Select(p => p.DefinitionJson).ToListAsync(Ct)));

    private static async Task<(HttpStatusCode Status, string Said)> HealthAsync(PortalHost host)
    {
        using var visitor = host.Visitor();
        using var answer = await visitor.GetAsync("/health", "*/*");
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));
    }

    private static Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await holds())
        {
            Assert.False(patience.IsCancellationRequested, "Waited in vain.");
            await tick.WaitForNextTickAsync(Ct);
        }
    }

    // As an older version of the portal left it, as far as the history says.
    private static async Task<string> ForgetLastMigrationAsync(PortalHost host)
    {
        await using var db = host.OpenDb();
        var last = (await db.Database.GetAppliedMigrationsAsync(Ct)).Last();
        Assert.Equal(1, await db.Database.ExecuteSqlAsync($"""DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" = {last}""", Ct));
        return last;
    }
}
