using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Grants;
using Portal.Sandbox.Company;
using Portal.Tests.World;

namespace Portal.Tests.Web.Hosting;

/// <summary>The portal as it is started, from an empty database on: what only the parts put together can show.</summary>
[Collection(HostedPortal.Name)]
public sealed class JourneyTests
{
    private const string Secret = "stripe-restricted-key";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task From_an_empty_database_to_access_given_and_taken_back(DatabaseKind kind)
    {
        await using var host = await PortalHost.StartAsync(new HostSetup { Database = kind });
        using var visitor = host.Visitor();
        using (var health = await visitor.GetAsync("/health"))
            Assert.Equal((HttpStatusCode.OK, "Healthy"), (health.StatusCode, await health.Content.ReadAsStringAsync(Ct)));
        Assert.Empty(await host.ReadAsync(db => db.Database.GetPendingMigrationsAsync(Ct)));
        await host.CatalogAsync();
        // Quartz made its tables in the same database and keeps every periodic job there.
        var jobs = await host.ReadAsync(db => db.Database.SqlQueryRaw<string>("SELECT TRIGGER_NAME AS \"Value\" FROM QRTZ_TRIGGERS").ToListAsync(Ct));
        Assert.Superset(new HashSet<string> { "sync-catalog", "reconcile-assignments", "uphold-pauses", "lapse-requests" }, jobs.ToHashSet());

        var request = Succeeded(await host.AskAsync(FenwickCompany.Mira, "kv-payments-prod", Secret, TimeSpan.FromMinutes(30)));
        Assert.Empty(AssignmentsOf(host, FenwickCompany.Mira));
        Assert.False((await host.ApproveAsync(FenwickCompany.Mira, request)).Succeeded);
        Succeeded(await host.ApproveAsync(FenwickCompany.Priya, request));
        var grant = await host.GrantReachesAsync(request, GrantState.Active);
        var assignment = Assert.Single(AssignmentsOf(host, FenwickCompany.Mira));
        Assert.EndsWith($"/vaults/kv-payments-prod/secrets/{Secret}", assignment, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(host.Sandbox.Control.Requests.Calls, call => call is { Method: "PUT", Status: 201 } && call.Path.Contains("/roleAssignments/", StringComparison.OrdinalIgnoreCase));

        var actor = await host.ActorAsync(FenwickCompany.Mira);
        Succeeded(await host.UseAsync<ReturnGrant, Result<Done>>(give => give.ExecuteAsync(grant, actor, Ct)));
        await host.GrantReachesAsync(request, GrantState.Ended);
        Assert.Empty(AssignmentsOf(host, FenwickCompany.Mira));
        Assert.Contains(host.Sandbox.Control.Requests.Calls, call => call is { Method: "DELETE", Status: 200 } && call.Path.Contains("/roleAssignments/", StringComparison.OrdinalIgnoreCase));
        // Nobody has searched, and the search keeps up by itself. On PostgreSQL each save keeps it.
        if (kind == DatabaseKind.Sqlite)
            await host.UntilAsync("the search has the end of the grant", db => db.Database.SqlQueryRaw<bool>("""SELECT EXISTS (SELECT 1 FROM "AuditSearch" WHERE "AuditSearch" MATCH '"grant.ended"') AS "Value" """).SingleAsync(Ct));
    }

    private static List<string> AssignmentsOf(PortalHost host, Guid person) =>
        [.. host.Sandbox.Control.Resources.RoleAssignments.Where(a => a.PrincipalId == person).Select(a => a.Scope.Value)];

    private static T Succeeded<T>(Result<T> result)
    {
        Assert.True(result.Succeeded, string.Join(", ", result.Refusals.Select(r => r.Code)));
        return result.Value;
    }
}
