using Portal.Core;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>What was written is not believed until it is seen, neither when it is given nor when it is taken back.</summary>
public sealed class ReadBackTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory, BothDatabases]
    public async Task A_grant_is_written_and_seen_and_later_gone_and_seen_gone(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        var active = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Active, PortalWorld.Start, PortalWorld.Start), (active.State, active.ActivatedAt!.Value, active.SeenAt!.Value));

        await world.PassAsync(TimeSpan.FromMinutes(30));
        var ended = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, promised.EndsAt, promised.EndsAt), (ended.State, ended.EndedAt!.Value, ended.GoneSeenAt!.Value));
    }

    [Theory, BothDatabases]
    public async Task What_Azure_shows_late_is_active_at_once_and_seen_when_it_shows(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Cloud.ReadLag = TimeSpan.FromSeconds(40);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        var active = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Active, (DateTimeOffset?)null, (string?)null), (active.State, active.SeenAt, active.AttentionCode));

        await world.LiveAsync(TimeSpan.FromMinutes(2), Second);
        var seen = await world.GrantOfAsync(promised.RequestId);
        Assert.InRange(seen.SeenAt!.Value - PortalWorld.Start, TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(80));
        // At 0, 1, 2, 4, 8, 16, 32 and 64 seconds.
        Assert.Equal(8, world.Cloud.Reads);
        Assert.Single(world.Cloud.Calls);
    }

    [Fact]
    public async Task What_still_shows_ten_minutes_after_its_end_is_over_and_not_seen_gone_until_it_is()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.ReadLag = TimeSpan.FromMinutes(9);
        await world.PassAsync(TimeSpan.FromMinutes(30));
        var over = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, (DateTimeOffset?)null), (over.State, over.GoneSeenAt));

        await world.LiveAsync(TimeSpan.FromMinutes(11), Second);
        var gone = await world.GrantOfAsync(promised.RequestId);
        Assert.InRange(gone.GoneSeenAt!.Value - promised.EndsAt, TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
        Assert.Null(gone.AttentionCode);
        Assert.Single(world.Cloud.Calls, c => c.Verb == CloudVerb.Delete);
        Assert.True(world.Cloud.Reads < 30, $"{world.Cloud.Reads} reads");
    }

    [Fact]
    public async Task What_is_not_seen_within_ten_minutes_is_written_again_and_needs_attention_until_it_shows()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Cloud.ReadLag = TimeSpan.FromDays(1);
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        await world.LiveAsync(TimeSpan.FromMinutes(9), Second);
        Assert.Null((await world.GrantOfAsync(promised.RequestId)).AttentionCode);
        await world.LiveAsync(TimeSpan.FromMinutes(2), Second);
        var unseen = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Active, "NotSeenInProvider"), (unseen.State, unseen.AttentionCode));
        Assert.Equal(2, world.Cloud.Calls.Count(c => c.Verb == CloudVerb.Put));
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.needs_attention");
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.activated");

        world.Cloud.ReadLag = TimeSpan.Zero;
        await world.LiveAsync(TimeSpan.FromMinutes(2), Second);
        var seen = await world.GrantOfAsync(promised.RequestId);
        Assert.Null(seen.AttentionCode);
        Assert.NotNull(seen.SeenAt);
    }

    [Fact]
    public async Task What_does_not_go_away_is_removed_again_and_the_ended_grant_says_so()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.ReadLag = TimeSpan.FromDays(1);
        world.Cloud.LandLate();
        world.Clock.Advance(TimeSpan.FromDays(1));
        await world.WorkAsync();
        await world.LiveAsync(TimeSpan.FromMinutes(11), Second);
        Assert.Equal(2, world.Cloud.Calls.Count(c => c.Verb == CloudVerb.Delete));
        var shown = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, "NotSeenInProvider"), (shown.State, shown.AttentionCode));

        world.Cloud.ReadLag = TimeSpan.Zero;
        await world.LiveAsync(TimeSpan.FromMinutes(2), Second);
        var gone = await world.GrantOfAsync(promised.RequestId);
        Assert.Null(gone.AttentionCode);
        Assert.NotNull(gone.GoneSeenAt);
    }

    [Fact]
    public async Task A_read_that_fails_holds_nothing_up_and_is_said_after_ten_minutes_with_the_providers_code()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Cloud.FailRead = () => new CloudCallException("AuthorizationFailed", "You may not read here.", 403, isTransient: false);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        await world.LiveAsync(TimeSpan.FromMinutes(11), Second);
        Assert.Equal("AuthorizationFailed", (await world.GrantOfAsync(promised.RequestId)).AttentionCode);

        await world.LiveAsync(TimeSpan.FromMinutes(20), TimeSpan.FromSeconds(10));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Empty(world.Cloud.Standing);
    }

    [Fact]
    public async Task The_end_is_confirmed_by_one_more_look_and_then_nothing_is_due()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Equal(1, world.Cloud.Reads);
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(2, world.Cloud.Reads);
        await world.LiveAsync(TimeSpan.FromMinutes(2), Second);
        Assert.Equal(3, world.Cloud.Reads);
        Assert.Null((await world.AssignmentAsync(promised.AssignmentId)).DueAt);
    }

    [Fact]
    public async Task The_second_grant_on_what_stands_already_is_seen_too()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(1));
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        Assert.Single(world.Cloud.Calls);
        Assert.NotNull((await world.GrantOfAsync(second.RequestId)).SeenAt);

        await world.PassAsync(TimeSpan.FromMinutes(30));
        var ended = await world.GrantOfAsync(second.RequestId);
        Assert.Equal((GrantState.Ended, (DateTimeOffset?)null), (ended.State, ended.GoneSeenAt));
    }
}
