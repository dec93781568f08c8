using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Sandbox.ResourceManager;
using Portal.Tests.Commands;
using Portal.Tests.World;
using Portal.Web.Commands;
using Portal.Web.Hosting;

namespace Portal.Tests.Web.Hosting;

/// <summary>Reconciliation as it runs: the whole portal with its workers, the real SDKs, and the sandbox as the judge of what is in the cloud.</summary>
[Collection(HostedPortal.Name)]
public sealed class ReconciliationTests
{
    private const string Vault = "kv-payments-prod";
    private const string Secret = "stripe-restricted-key";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task What_others_do_to_the_portals_assignments_is_found_and_put_right_and_what_is_theirs_stays(DatabaseKind kind)
    {
        await using var host = await PortalHost.StartAsync(new HostSetup { Database = kind, Settings = new Dictionary<string, string?> { ["Cloud:CallTimeout"] = "00:00:05" } });
        await ComparedAsync(host);
        var resources = host.Sandbox.Control.Resources;
        var request = await AskedAndGivenAsync(host);
        var name = await host.ReadAsync(db => db.Grants.Select(g => g.AssignmentId).SingleAsync(Ct));
        var ours = resources.FindAssignment(name)!;
        var foreign = resources.Assign(FenwickEstate.SecretScope(Vault, "stripe-webhook-secret"), BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Jonas, "User");
        host.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(11));
        var before = resources.RoleAssignments.Count;

        // Deleted by hand.
        resources.RemoveAssignment(name);
        Assert.Equal(1, (await ReconcileAsync(host)).Missing);
        await UntilAsync("it is put back", () => resources.FindAssignment(name) is not null);
        await host.GrantReachesAsync(request, GrantState.Active);

        // Changed by hand.
        await SettledAsync(host, name);
        resources.Put(resources.FindAssignment(name)! with { Description = "mine now", Condition = "@Resource[Microsoft.KeyVault/vaults:name] StringEquals 'x'", ConditionVersion = "2.0" });
        Assert.Equal((1, 1), Altered(await ReconcileAsync(host)));
        await UntilAsync("it is put right", () => resources.FindAssignment(name) is { Condition: null } a && a.Description == ours.Description);

        // Given back, and then a put that was on its way all the time arrives: nobody hears its answer any more.
        await SettledAsync(host, name);
        var release = new TaskCompletionSource();
        host.Sandbox.Control.Faults.Add("PUT", name.ToString(), Fault.HoldUntil(release.Task)).Times(1);
        var late = new AssignmentOrder(ArmId.Normalise(ours.Scope.Value), name, FenwickCompany.Mira, PrincipalKind.User, ours.RoleDefinitionId, ours.Description!);
        var given = await Assert.ThrowsAsync<CloudCallException>(() => host.Services.GetRequiredService<IRoleAssignments>().PutAsync(late, Ct));
        Assert.Equal("NoAnswer", given.Code);
        var holder = await host.ActorAsync(FenwickCompany.Mira);
        var grant = await host.GrantReachesAsync(request, GrantState.Active);
        Assert.True((await host.UseAsync<ReturnGrant, Result<Done>>(r => r.ExecuteAsync(grant, holder, Ct))).Succeeded);
        await host.GrantReachesAsync(request, GrantState.Ended);
        await UntilAsync("it is gone", () => resources.FindAssignment(name) is null);
        await SettledAsync(host, name);
        release.SetResult();
        await UntilAsync("the late put has landed", () => resources.FindAssignment(name) is not null);
        Assert.Equal(1, (await ReconcileAsync(host)).Unexpected);
        await UntilAsync("it is swept", () => resources.FindAssignment(name) is null);

        Assert.NotNull(resources.FindAssignment(foreign.Name));
        Assert.Equal(before - 1, resources.RoleAssignments.Count);

        static (int, int) Altered(ReconciliationOutcome outcome) => (outcome.Altered, outcome.Resolved);
    }

    [Fact]
    public async Task Ten_thousand_assignments_over_many_pages_and_one_vault_that_answers_500()
    {
        await using var host = await PortalHost.StartAsync();
        await ComparedAsync(host);
        var resources = host.Sandbox.Control.Resources;
        resources.AssignmentLimit = 20_000;
        var vault = FenwickEstate.VaultScope(Vault);
        var marked = new List<Guid>();
        for (var i = 0; i < 10_000; i++)
        {
            var principal = new Guid($"00000000-0000-4000-8000-{i:x12}");
            var scope = vault.Child("secrets", $"made-up-{i % 50}");
            var isOurs = i % 500 == 499;
            var name = isOurs ? AssignmentName.Of(scope.Value, principal, BuiltInRoles.KeyVaultSecretsUser) : Guid.NewGuid();
            Assert.Equal(PutOutcome.Created, resources.Put(new RoleAssignment(name, scope, BuiltInRoles.KeyVaultSecretsUser, principal, "User") { Description = isOurs ? AssignmentMark.For(PortalWorld.Start) : "made by hand" }).Outcome);
            if (isOurs)
                marked.Add(name);
        }

        var others = resources.RoleAssignments.Count - marked.Count;
        host.Sandbox.Control.Faults.Add("GET", "/vaults/kv-logistics-prod/providers/Microsoft.Authorization/roleAssignments", Fault.Error(500, "InternalServerError", "Oops."));

        var outcome = await ReconcileAsync(host);

        Assert.Equal(marked.Count, outcome.Unexpected);
        Assert.Equal([new VaultFailure("kv-logistics-prod", "InternalServerError", "Oops.")], outcome.Failures);
        Assert.Equal(5, outcome.Vaults);
        Assert.True(host.Sandbox.Control.Requests.Calls.Count(c => c.Query.Contains("$skipToken", StringComparison.Ordinal)) >= 100);
        await UntilAsync("all of the portal's are gone", () => !resources.RoleAssignments.Any(a => AssignmentMark.IsOurs(a.Description)));
        Assert.Equal(others, resources.RoleAssignments.Count);
    }

    [Theory, BothDatabases]
    public async Task A_sweep_beside_a_running_portal_spares_what_its_live_grants_explain_and_records_the_rest(DatabaseKind kind)
    {
        await using var host = await PortalHost.StartAsync(new HostSetup { Database = kind });
        await ComparedAsync(host);
        await AskedAndGivenAsync(host);
        var kept = await host.ReadAsync(db => db.Grants.Select(g => g.AssignmentId).SingleAsync(Ct));
        var scope = FenwickEstate.SecretScope("kv-logistics-test", "made-up");
        var left = host.Sandbox.Control.Resources.Put(new RoleAssignment(Guid.NewGuid(), scope, BuiltInRoles.KeyVaultSecretsUser, FenwickCompany.Jonas, "User") { Description = AssignmentMark.For(PortalWorld.Start) }).Result!;
        SandboxLink.Leave(host.Sandbox, host.Services.GetRequiredService<IConfiguration>());

        var swept = await PortalProcess.RunAsync(host.DataDirectory, "sweep", "--apply");

        Assert.True(swept.Code == ExitCode.Done, swept.Error);
        Assert.Contains("1 left for live grants; 1 removed, 0 could not be removed.", swept.Out, StringComparison.Ordinal);
        Assert.NotNull(host.Sandbox.Control.Resources.FindAssignment(kept));
        Assert.Null(host.Sandbox.Control.Resources.FindAssignment(left.Name));
        var recorded = await host.ReadAsync(db => db.AuditEvents.SingleAsync(e => e.Code == "drift.swept", Ct));
        Assert.Equal((ActorKind.System, "portal sweep", FenwickCompany.Jonas, "kv-logistics-test"), (recorded.ActorKind, recorded.ActorName, recorded.SubjectObjectId, recorded.VaultName));
    }

    private static Task<ReconciliationOutcome> ReconcileAsync(PortalHost host) =>
        host.UseAsync<ReconcileAssignments, ReconciliationOutcome>(async reconcile => (await reconcile.ExecuteAsync(Actor.System, Ct)).Value);

    // A portal compares by itself as soon as it knows its vaults: what a test leaves behind must not be found by that one instead of the test's own.
    private static async Task ComparedAsync(PortalHost host)
    {
        await host.CatalogAsync();
        var vaults = host.Sandbox.Control.Resources.Vaults.Count;
        await host.UntilAsync("all vaults have been compared", db => db.ReconciliationRuns.AnyAsync(r => r.Vaults + r.FailedVaults == vaults, Ct));
    }

    private static async Task<SubmittedRequest> AskedAndGivenAsync(PortalHost host)
    {
        var request = (await host.AskAsync(FenwickCompany.Mira, Vault, Secret, TimeSpan.FromHours(4))).Value;
        Assert.True((await host.ApproveAsync(FenwickCompany.Priya, request)).Succeeded);
        await host.GrantReachesAsync(request, GrantState.Active);
        return request;
    }

    /// <summary>What was written is confirmed, and so long ago that a list would show it.</summary>
    private static async Task SettledAsync(PortalHost host, Guid name)
    {
        await host.UntilAsync("the row is at rest", db => db.DesiredAssignments.AnyAsync(a => a.Id == name && a.SeenAt != null && a.LeaseUntil == null && a.Intent == AssignmentIntent.None, Ct));
        host.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(11));
        var now = host.Sandbox.Control.Clock.GetUtcNow();
        await host.UntilAsync("nothing is due", db => db.DesiredAssignments.AnyAsync(a => a.Id == name && a.LeaseUntil == null && (a.DueAt == null || a.DueAt > now), Ct));
    }

    private static async Task UntilAsync(string what, Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!holds())
            if (patience.IsCancellationRequested)
                Assert.Fail($"Waited in vain until {what}.");
            else
                await tick.WaitForNextTickAsync(Ct);
    }
}
