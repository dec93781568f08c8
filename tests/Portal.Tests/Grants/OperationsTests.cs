using System.Diagnostics.Metrics;
using Portal.Core;
using Portal.Core.Grants.Operations;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>What an operator sees and does when something is in the way.</summary>
public sealed class OperationsTests
{
    private static readonly CloudCallException Locked = new("ScopeLocked", "The scope has a lock 'keep'.", 409, isTransient: false, providerCall: new ProviderCall("req-1"));

    [Theory, BothDatabases]
    public async Task When_all_is_done_there_is_nothing_to_see(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        Assert.Equal((1, 0), await CountsAsync(world) is { } before ? (before.Due, before.Late) : default);
        await world.WorkAsync();
        Assert.Equal(new WorkCounts(0, 0, 0, 0, 0, 0, 0, 0, null), await CountsAsync(world));
        foreach (var part in Enum.GetValues<WorkPart>())
            Assert.Empty((await ListAsync(world, new WorkListQuery(part))).Items);
    }

    [Theory, BothDatabases]
    public async Task What_is_taken_up_is_in_flight_and_what_nobody_takes_up_becomes_late(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.ClaimAsync();
        var held = Assert.Single((await ListAsync(world, new WorkListQuery(WorkPart.InFlight))).Items);
        Assert.Equal((promised.RequestReference, false, "Mira Okafor"), (held.RequestReference, held.TakesBack, held.HolderName));
        Assert.Equal((0, 1), await CountsAsync(world) is { } taken ? (taken.Due, taken.InFlight) : default);

        // Its worker died: the lease ends, and a minute after it was due it is late.
        world.Clock.Advance(TimeSpan.FromSeconds(61));
        var counts = await CountsAsync(world);
        Assert.Equal((1, 0, 1), (counts.Due, counts.InFlight, counts.Late));
        Assert.Equal(TimeSpan.FromSeconds(61), counts.OldestOverdue(world.Clock.GetUtcNow()));
        Assert.Single((await ListAsync(world, new WorkListQuery(WorkPart.Late))).Items);
    }

    [Theory, BothDatabases]
    public async Task A_call_that_does_not_go_through_is_shown_with_the_providers_words_and_tried_now_when_asked(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.FailBefore = call => call.Verb == CloudVerb.Delete ? Locked : null;
        await world.PassAsync(TimeSpan.FromMinutes(30));
        for (var i = 0; i < 8; i++)
            await world.PassAsync(TimeSpan.FromMinutes(16));

        var item = Assert.Single((await ListAsync(world, new WorkListQuery())).Items);
        Assert.Equal(("ScopeLocked", "The scope has a lock 'keep'.", true, promised.RequestReference), (item.Code, item.Message, item.TakesBack, item.RequestReference));
        Assert.Equal((promised.EndsAt, promised.EndsAt), (item.AttentionSince, item.FailingSince));
        Assert.True(item.Attempts >= 8, $"{item.Attempts} attempts");
        Assert.True(item.DueAt > world.Clock.GetUtcNow().AddMinutes(5));
        var counts = await CountsAsync(world);
        Assert.Equal((0, 1, 1, 1), (counts.Due, counts.Late, counts.Failing, counts.Attention));
        Assert.Equal(promised.EndsAt, counts.OldestDueAt);

        world.Cloud.FailBefore = null;
        Assert.Equal(0, await world.WorkAsync());
        Assert.Equal(1, (await world.Get<RetryNow>().ExecuteAsync(new RetryInput(item.AssignmentId), await world.IdentifyAsync(Company.Tomas), Ct)).Value);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(0, (await CountsAsync(world)).Attention);
        var asked = Assert.Single(await world.EventsAsync(promised.RequestId), e => e.Code == "grant.retry_asked");
        Assert.Equal((Company.Tomas.ObjectId, Company.Mira.ObjectId), (asked.ActorObjectId, asked.SubjectObjectId));
    }

    [Theory, BothDatabases]
    public async Task All_that_fails_is_tried_now_when_an_administrator_asks_and_by_nobody_else(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        foreach (var scope in new[] { Company.Stripe, Company.LedgerPassword, Company.PaymentsVault })
            await world.PromiseAsync(draft: PortalWorld.Draft(scope));
        world.Cloud.FailBefore = _ => new CloudCallException("AuthorizationFailed", "Not allowed.", 403, isTransient: false);
        await world.WorkAsync();
        var retry = world.Get<RetryNow>();
        Assert.Equal(RefusalCode.RoleMissing, (await retry.ExecuteAsync(new RetryInput(null), await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals[0].Code);
        Assert.Equal(RefusalCode.NothingToRetry, (await retry.ExecuteAsync(new RetryInput(Guid.NewGuid()), await world.IdentifyAsync(Company.Tomas), Ct)).Refusals[0].Code);

        // Two at a time, the longest waiting first, none twice.
        var first = await ListAsync(world, new WorkListQuery(Take: 2));
        var second = await ListAsync(world, new WorkListQuery(After: first.Next, Take: 2));
        Assert.Equal((2, 1, (string?)null), (first.Items.Count, second.Items.Count, second.Next));
        Assert.Equal(3, first.Items.Concat(second.Items).Select(i => i.AssignmentId).Distinct().Count());
        Assert.Equal(RefusalCode.CursorUnreadable, (await world.Get<ListWork>().ExecuteAsync(new WorkListQuery(WorkPart.Due, first.Next), await world.IdentifyAsync(Company.Tomas), Ct)).Refusals[0].Code);

        world.Cloud.FailBefore = null;
        Assert.Equal(3, (await retry.ExecuteAsync(new RetryInput(null), await world.IdentifyAsync(Company.Tomas), Ct)).Value);
        await world.WorkAsync();
        Assert.Equal(3, world.Cloud.Standing.Count);
    }

    [Theory, BothDatabases]
    public async Task Lag_is_counted_from_what_was_promised(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        world.Clock.Advance(TimeSpan.FromSeconds(3));
        await world.WorkAsync();
        var returned = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        await world.WorkAsync();
        await world.ReturnAsync(returned.Id, Company.Mira);
        await world.PassAsync(TimeSpan.FromSeconds(2));
        await world.PassAsync(TimeSpan.FromHours(1));
        var lag = (await world.Get<GetLag>().ExecuteAsync(await world.IdentifyAsync(Company.Ingrid), Ct)).Value;
        Assert.Equal(new Lag(2, TimeSpan.Zero, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3)), lag.Giving);
        Assert.Equal((2, TimeSpan.FromSeconds(2)), (lag.Ending.Count, lag.Ending.Median));
        world.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(0, (await world.Get<GetLag>().ExecuteAsync(await world.IdentifyAsync(Company.Ingrid), Ct)).Value.Ending.Count);
    }

    [Fact]
    public void Percentiles_are_by_nearest_rank()
    {
        Assert.Equal(new Lag(0, null, null, null), Lag.Of([]));
        Assert.Equal(new Lag(100, TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(95), TimeSpan.FromSeconds(100)), Lag.Of(Enumerable.Range(1, 100).Reverse().Select(s => TimeSpan.FromSeconds(s))));
        Assert.Equal(TimeSpan.Zero, Lag.Of([TimeSpan.FromSeconds(-1)]).Longest);
    }

    [Fact]
    public async Task The_gauges_show_what_the_page_shows_and_nothing_when_nothing_is_known()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        await world.PauseAsync(new PauseInput(PauseTarget.Scope, null, Company.LedgerPassword, "Rotation"));
        world.Cloud.FailBefore = _ => Locked;
        await world.WorkAsync();
        world.Clock.Advance(TimeSpan.FromSeconds(90));

        var meter = world.Get<WorkMeter>();
        Assert.Empty(Read(meter));
        await world.Get<MeasureWork>().ExecuteAsync(Actor.System, Ct);
        var shown = Read(meter);
        Assert.Equal(
            ["portal.drift.open=0", "portal.grants.attention=1", "portal.grants.paused=1", "portal.pauses=1", "portal.work.due=1", "portal.work.failing=1", "portal.work.in_flight=0", "portal.work.late=1", "portal.work.oldest_overdue=90"],
            shown.Order(StringComparer.Ordinal));
        meter.Forget();
        Assert.Empty(Read(meter));
    }

    private static List<string> Read(WorkMeter meter)
    {
        var shown = new List<string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter == meter.Meter) l.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => shown.Add(FormattableString.Invariant($"{instrument.Name}={value}")));
        listener.Start();
        listener.RecordObservableInstruments();
        return shown;
    }

    private static async Task<WorkCounts> CountsAsync(PortalWorld world) =>
        (await world.Get<GetOperations>().ExecuteAsync(await world.IdentifyAsync(Company.Tomas), Ct)).Value.Work;

    private static async Task<Portal.Core.Data.Page<WorkItem>> ListAsync(PortalWorld world, WorkListQuery query) =>
        (await world.Get<ListWork>().ExecuteAsync(query, await world.IdentifyAsync(Company.Ingrid), Ct)).Value;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
