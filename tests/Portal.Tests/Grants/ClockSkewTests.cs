using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.Grants.Reconciliation;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Clocks that disagree: nothing is given, everything is taken back, and nothing lasts longer than was approved.</summary>
public sealed class ClockSkewTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases(6, -6)]
    public async Task With_a_database_more_than_five_seconds_off_nothing_is_given_and_it_is_said_why(DatabaseKind kind, int seconds)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        world.DatabaseClock.Ahead = TimeSpan.FromSeconds(seconds);
        await world.PassAsync(Minute);
        var stuck = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Scheduled, "ClockSkew"), (stuck.State, stuck.AttentionCode));
        Assert.Empty(world.Cloud.Calls);

        world.DatabaseClock.Ahead = TimeSpan.Zero;
        world.HearTheCloud();
        await world.PassAsync(Minute);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task With_Resource_Manager_more_than_five_seconds_off_nothing_is_given_either()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Get<ClockWatch>().HearResourceManager(world.Clock.GetUtcNow() + Minute, world.Clock.GetTimestamp());
        await world.WorkAsync();
        Assert.Equal("ClockSkew", (await world.GrantOfAsync(promised.RequestId)).AttentionCode);
        Assert.Empty(world.Cloud.Calls);
    }

    [Theory, BothDatabases(6, -6, 86_400, -86_400)]
    public async Task With_any_skew_what_was_given_is_taken_back_when_the_databases_time_has_come_or_sooner(DatabaseKind kind, int seconds)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);

        // The database's clock jumps: back by more than the tolerance is not followed, ahead is.
        world.DatabaseClock.Ahead = TimeSpan.FromSeconds(seconds);
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task A_machine_whose_clock_is_ahead_takes_back_at_once_what_is_revoked_and_not_when_the_database_gets_there(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.DatabaseClock.Ahead = -Minute * 2;
        await world.ClaimAsync();
        Assert.Empty((await world.RevokeAsync(promised.Id, Company.Tomas)).Refusals);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory, BothDatabases(2, -2)]
    public async Task What_waits_is_shown_by_the_databases_time_whatever_the_machines_clock_says(DatabaseKind kind, int days)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await using (var db = world.OpenDb())
            await world.Get<ClockWatch>().AskAsync(world.Get<IDatabaseClock>(), db, Ct);
        world.Machine.Ahead = TimeSpan.FromDays(days);
        var asked = await world.AskAsync();
        var (priya, mira) = (await world.IdentifyAsync(Company.Priya), await world.IdentifyAsync(Company.Mira));

        Assert.Equal(asked.Reference, Assert.Single((await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(), priya, Ct)).Value.Items).Reference);
        Assert.Equal(1, (await world.Get<CountInbox>().ExecuteAsync(priya, Ct)).Value);
        Assert.Equal(asked.Reference, Assert.Single((await world.Get<BrowseCatalog>().ExecuteAsync(new CatalogQuery(Search: "stripe"), mira, Ct)).Value.Entries.Items).PendingReference);

        // And no longer than it does wait.
        world.Clock.Advance(TimeSpan.FromDays(30));
        Assert.Empty((await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(), priya, Ct)).Value.Items);
        Assert.Equal(0, (await world.Get<CountInbox>().ExecuteAsync(priya, Ct)).Value);
    }

    [Theory, BothDatabases(86_400, -86_400, 3_600, 6)]
    public async Task Nothing_is_approved_by_a_clock_that_is_wrong_and_everything_can_be_denied(DatabaseKind kind, int seconds)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        world.Machine.Ahead = TimeSpan.FromSeconds(seconds);
        var refusal = Assert.Single((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        Assert.Equal(("clock.disagree", (double)Math.Abs(seconds)), (refusal.Code, refusal.Arguments[0]));
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);

        world.Machine.Ahead = TimeSpan.Zero;
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        var grant = await world.GrantOfAsync(asked.RequestId);
        Assert.Equal((PortalWorld.Start, PortalWorld.Start.AddMinutes(30)), (grant.StartsAt, grant.EndsAt));

        var other = await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        world.Machine.Ahead = TimeSpan.FromSeconds(seconds);
        Assert.Empty((await world.DecideAsync(other.RequestId, Company.Priya, Verdict.Denied, "Not now.")).Refusals);
    }

    [Theory, BothDatabases]
    public async Task A_removal_that_failed_while_the_databases_clock_was_a_day_ahead_is_not_put_off_by_a_day(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.DatabaseClock.Ahead = TimeSpan.FromDays(1);
        world.Cloud.FailBefore = _ => new CloudCallException("InternalServerError", "Oops.", 500, isTransient: true);
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);

        // Right again, which is believed once Resource Manager says the same.
        (world.DatabaseClock.Ahead, world.Cloud.FailBefore) = (TimeSpan.Zero, null);
        world.HearTheCloud();
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task A_claim_whose_worker_died_while_the_databases_clock_was_a_day_ahead_is_not_held_for_a_day(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.DatabaseClock.Ahead = TimeSpan.FromDays(1);
        Assert.Single(await world.ClaimAsync());

        world.DatabaseClock.Ahead = TimeSpan.Zero;
        world.HearTheCloud();
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task A_call_that_lands_after_a_removal_by_a_clock_that_was_a_day_ahead_is_found_by_the_next_comparison(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        await world.WorkAsync();
        world.DatabaseClock.Ahead = TimeSpan.FromDays(1);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Empty(world.Cloud.Standing);

        world.DatabaseClock.Ahead = TimeSpan.Zero;
        world.HearTheCloud();
        await world.WorkAsync();
        world.Cloud.LandLate();
        await world.ReconcileAsync();
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task A_removal_that_failed_while_the_databases_clock_was_ahead_is_not_put_off_either_by_a_portal_that_is_started_when_it_is_right(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        // Less than the longest wait that a provider may ask for: nothing but the time of the failure gives it away.
        world.DatabaseClock.Ahead = TimeSpan.FromMinutes(45);
        world.Cloud.FailBefore = _ => new CloudCallException("InternalServerError", "Oops.", 500, isTransient: true);
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);

        (world.DatabaseClock.Ahead, world.Cloud.FailBefore) = (TimeSpan.Zero, null);
        world.Clock.Advance(TimeSpan.FromMinutes(30));
        var clock = new ClockWatch(world.Clock);
        await using (var db = world.OpenDb())
            await new StepBack(clock, new GrantPace()).MendAsync(db, await clock.AskAsync(world.DatabaseClock, db, TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        var row = await world.ReadAsync(d => d.DesiredAssignments.AsNoTracking().SingleAsync(a => a.Id == promised.AssignmentId));
        Assert.Equal(world.Clock.GetUtcNow(), row.DueAt);
    }

    [Theory]
    [InlineData(24)]
    [InlineData(-24)]
    public async Task What_is_left_over_is_found_and_removed_at_once_by_a_machine_whose_clock_is_a_day_off(int hours)
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromHours(2));
        Assert.Empty(world.Cloud.Standing);
        world.Machine.Ahead = TimeSpan.FromHours(hours);
        world.Cloud.LandLate();
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.True((await world.Get<ReconcileAssignments>().ExecuteAsync(Actor.System, TestContext.Current.CancellationToken)).Succeeded);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task A_leap_second_ends_a_grant_at_the_time_that_was_approved(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Clock.Advance(new DateTimeOffset(2026, 12, 31, 23, 50, 0, TimeSpan.Zero) - world.Clock.GetUtcNow());
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(10));
        // 23:59:60: every clock says the same second twice.
        (world.Machine.Ahead, world.DatabaseClock.Ahead) = (TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(-1));
        await world.PassAsync(TimeSpan.FromMinutes(20) + TimeSpan.FromMilliseconds(999));
        Assert.Single(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromMilliseconds(1));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(promised.EndsAt, (await world.GrantOfAsync(promised.RequestId)).EndedAt);
    }

    [Theory]
    [InlineData("Europe/Berlin", 3, 29)]
    [InlineData("Europe/Berlin", 10, 25)]
    [InlineData("Australia/Lord_Howe", 4, 5)]
    public async Task The_night_in_which_the_clocks_change_makes_no_grant_longer_or_shorter(string zone, int month, int day)
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Clock.SetLocalTimeZone(TimeZoneInfo.FindSystemTimeZoneById(zone));
        world.Clock.Advance(new DateTimeOffset(2026, month, day, 0, 30, 0, TimeZoneInfo.FindSystemTimeZoneById(zone).GetUtcOffset(new DateTime(2026, month, day, 0, 30, 0))) - world.Clock.GetUtcNow());
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(240) - TimeSpan.FromMilliseconds(1));
        Assert.Single(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromMilliseconds(1));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(promised.StartsAt.AddHours(4), (await world.GrantOfAsync(promised.RequestId)).EndedAt);
    }
}
