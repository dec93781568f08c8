using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Tests.Grants.Reconciliation;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>When something happened is said by the database's clock, whatever the portal's host says.</summary>
public sealed class EventTimeTests
{
    // Within what the portal takes for the same time: it grants as ever.
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task Every_event_is_of_the_databases_time(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        world.DatabaseClock.Ahead = Ahead;
        // The host's clock is as far off the other way.
        world.Machine.Ahead = -Ahead;
        await world.LoadPoliciesAsync(Company.Policies);
        await world.SyncAsync();
        await world.Get<RecordSignIn>().ExecuteAsync(SignInStep.In, await world.IdentifyAsync(Company.Mira), Ct);
        var withdrawn = await world.AskAsync();
        await world.Get<GetRequest>().ExecuteAsync(withdrawn.Reference, await world.IdentifyAsync(Company.Jonas), Ct);
        Assert.True((await world.Get<Portal.Core.Requests.WithdrawRequest>().ExecuteAsync(withdrawn.RequestId, await world.IdentifyAsync(Company.Mira), Ct)).Succeeded);
        var returned = await world.PromiseAsync();
        await world.WorkAsync();
        await world.Get<TestAccess>().ExecuteAsync(new AccessTest(returned.Id, new NoTokens()), await world.IdentifyAsync(Company.Mira), Ct);
        Assert.Empty((await world.ReturnAsync(returned.Id, Company.Mira)).Refusals);
        var revoked = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        await world.WorkAsync();
        Assert.Empty((await world.RevokeAsync(revoked.Id, Company.Tomas)).Refusals);
        await world.WorkAsync();
        var pause = await world.PauseAsync(new PauseInput(PauseTarget.Everything, null, null, "Incident", TakeBack: true));
        Assert.NotNull(pause);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        Assert.True((await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(new AuditFilter()), auditor, Ct)).Succeeded);
        Assert.True((await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter()), auditor, Ct)).Succeeded);
        Assert.True((await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct)).Succeeded);
        world.Cloud.Plant(Reconciling.Marked(ArmId.OfSecret(Company.PaymentsVault, "left"), Company.Jonas, world.Clock.GetUtcNow()));
        await world.Get<SweepAssignments>().ExecuteAsync(new SweepOptions { Apply = true, PerSecond = 1_000_000 }, _ => { }, Actor.System, Ct);

        var events = await world.ReadAsync(db => Task.FromResult(db.AuditEvents.Select(e => new { e.Code, e.At }).ToList()));
        Assert.InRange(events.Select(e => e.Code).Distinct().Count(), 17, AuditCode.All.Count);
        Assert.All(events, e => Assert.Equal((e.Code, PortalWorld.Start + Ahead), (e.Code, e.At)));
    }

    [Fact]
    public async Task Before_the_database_was_asked_a_clock_of_its_own_is_not_taken_for_its_time_once_it_is_known()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        world.DatabaseClock.Ahead = Ahead;
        var mira = await world.IdentifyAsync(Company.Mira);
        await world.Get<RecordSignIn>().ExecuteAsync(SignInStep.In, mira, Ct);
        // What has the worker and the sealer do something asks.
        await world.ClaimAsync();
        await world.Get<RecordSignIn>().ExecuteAsync(SignInStep.Out, mira, Ct);
        Assert.Equal([PortalWorld.Start, PortalWorld.Start + Ahead], (await world.EventsAsync()).Select(e => e.At));
    }
}
