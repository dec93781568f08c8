using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Requests;

/// <summary>Requests that end without a decision.</summary>
public sealed class WithdrawAndLapseTests
{
    [Theory, BothDatabases]
    public async Task The_requester_takes_it_back(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        Assert.Empty((await WithdrawAsync(world, asked.RequestId, Company.Mira)).Refusals);
        Assert.Equal(RequestState.Withdrawn, (await world.RequestAsync(asked.RequestId)).State);
        Assert.Equal(["request.submitted", "request.withdrawn"], await world.CodesAsync(asked.RequestId));
        Assert.Equal(RefusalCode.AlreadySettled, (await WithdrawAsync(world, asked.RequestId, Company.Mira)).Refusals[0].Code);
        Assert.Equal(RefusalCode.AlreadySettled, (await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals[0].Code);
    }

    [Fact]
    public async Task Nobody_takes_back_the_request_of_another()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        foreach (var other in (TestPerson[])[Company.Jonas, Company.Priya, Company.Tomas, Company.Ingrid])
            Assert.Equal(RefusalCode.NotFound, (await WithdrawAsync(world, asked.RequestId, other)).Refusals[0].Code);
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);
        Assert.Equal(4, (await world.CodesAsync(asked.RequestId)).Count(c => c == "identity.attempt_refused"));
    }

    [Theory, BothDatabases]
    public async Task What_nobody_decides_lapses_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        world.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, await LapseAsync(world));
        world.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await LapseAsync(world));
        Assert.Equal(0, await LapseAsync(world));
        Assert.Equal(["request.submitted", "request.lapsed"], await world.CodesAsync(asked.RequestId));
    }

    [Theory, BothDatabases]
    public async Task By_a_clock_that_is_ahead_nothing_lapses(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        world.DatabaseClock.Ahead = TimeSpan.FromDays(365);
        await world.ClaimAsync();
        Assert.Equal(0, await LapseAsync(world));
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task Nor_before_Azure_has_borne_the_time_out(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        // The machine came up a year ahead, and its database with it.
        world.Clock.Advance(TimeSpan.FromDays(365));
        await world.RestartAsync();
        Assert.Equal(0, (await world.Get<LapseRequests>().ExecuteAsync(Actor.System, TestContext.Current.CancellationToken)).Value);
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);
        world.HearTheCloud();
        Assert.Equal(1, await LapseAsync(world));
    }

    [Theory, BothDatabases]
    public async Task Nor_does_a_new_request_lapse_the_one_before_by_such_a_clock(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.AskAsync();
        world.Clock.Advance(TimeSpan.FromHours(25));
        await world.RestartAsync();
        Assert.Equal(RefusalCode.ClockNotConfirmed, Assert.Single((await world.SubmitAsync(Company.Mira, PortalWorld.Draft())).Refusals).Code);
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(first.RequestId)).State);

        // The database has jumped ahead of Azure.
        world.HearTheCloud();
        world.DatabaseClock.Ahead = TimeSpan.FromHours(1);
        await world.ClaimAsync();
        var refusal = Assert.Single((await world.SubmitAsync(Company.Mira, PortalWorld.Draft())).Refusals);
        Assert.Equal((RefusalCode.ClocksDisagree, 3600.0), (refusal.Code, Assert.Single(refusal.Arguments)));
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(first.RequestId)).State);

        // What nothing stands in the way of is sent all the same.
        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        world.DatabaseClock.Ahead = TimeSpan.Zero;
        await world.RestartAsync();
        world.HearTheCloud();
        await world.AskAsync();
        Assert.Equal(RequestState.Lapsed, (await world.RequestAsync(first.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task A_new_request_lapses_only_the_one_in_its_way_and_tells_of_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var other = await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var first = await world.AskAsync();
        world.Clock.Advance(TimeSpan.FromHours(24));
        world.HearTheCloud();
        var told = new List<PortalChange>();
        using var subscription = world.Get<ChangeFeed>().Subscribe(told.Add);
        var again = await world.AskAsync();
        Assert.Equal((RequestState.Lapsed, RequestState.Pending), ((await world.RequestAsync(first.RequestId)).State, (await world.RequestAsync(other.RequestId)).State));
        Assert.Equal([first.RequestId, again.RequestId], told.Select(c => c.RequestId!.Value));
        Assert.All(told, c => Assert.Equal((ChangeKind.Request, Company.Mira.ObjectId), (c.Kind, c.PrincipalId)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lapsed_request_cannot_be_decided_whether_the_worker_has_noticed_or_not(bool noticed)
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        world.Clock.Advance(TimeSpan.FromHours(24));
        if (noticed)
            await LapseAsync(world);
        Assert.Equal(RefusalCode.Lapsed, (await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals[0].Code);
        Assert.Equal(RefusalCode.Lapsed, (await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, "Too late")).Refusals[0].Code);
        Assert.Equal(RefusalCode.Lapsed, (await WithdrawAsync(world, asked.RequestId, Company.Mira)).Refusals[0].Code);
        Assert.DoesNotContain("grant.scheduled", await world.CodesAsync());
    }

    [Fact]
    public async Task A_request_lapses_when_too_little_is_left_of_its_window()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(1)));
        Assert.Equal(PortalWorld.Start.AddMinutes(85), (await world.RequestAsync(asked.RequestId)).LapsesAt);
        world.Clock.Advance(TimeSpan.FromMinutes(85));
        Assert.Equal(RefusalCode.Lapsed, (await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals[0].Code);
        Assert.Equal(1, await LapseAsync(world));
    }

    [Fact]
    public async Task Azure_takes_no_schedule_of_a_few_minutes_so_it_lapses_earlier()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.LoadPoliciesAsync([Company.Policies[0] with { Provider = GrantProvider.PimSchedule }, .. Company.Policies.Skip(1)]);
        var asked = await world.AskAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(1)));
        Assert.Equal(PortalWorld.Start.AddMinutes(80), (await world.RequestAsync(asked.RequestId)).LapsesAt);
    }

    private static async Task<Result<Done>> WithdrawAsync(PortalWorld world, Guid requestId, TestPerson who) =>
        await world.Get<WithdrawRequest>().ExecuteAsync(requestId, await world.IdentifyAsync(who), TestContext.Current.CancellationToken);

    private static async Task<int> LapseAsync(PortalWorld world)
    {
        world.HearTheCloud();
        return (await world.Get<LapseRequests>().ExecuteAsync(Actor.System, TestContext.Current.CancellationToken)).Value;
    }
}
