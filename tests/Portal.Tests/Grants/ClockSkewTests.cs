using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Clocks that disagree: nothing is given, everything is taken back, and nothing lasts longer than was approved.</summary>
public sealed class ClockSkewTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory, BothDatabases(6, -6)]
    public async Task With_a_database_more_than_five_seconds_off_nothing_is_given_and_it_is_said_why(DatabaseKind kind, int seconds)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.DatabaseClock.Ahead = TimeSpan.FromSeconds(seconds);
        var promised = await world.PromiseAsync();
        await world.PassAsync(Minute);
        var stuck = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Scheduled, "ClockSkew"), (stuck.State, stuck.AttentionCode));
        Assert.Empty(world.Cloud.Calls);

        world.DatabaseClock.Ahead = TimeSpan.Zero;
        await world.PassAsync(Minute);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task With_Resource_Manager_more_than_five_seconds_off_nothing_is_given_either()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Get<ClockWatch>().HearResourceManager(world.Clock.GetUtcNow() + Minute, world.Clock.GetTimestamp());
        var promised = await world.PromiseAsync();
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
