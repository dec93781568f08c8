using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Grants as schedules that Azure ends by itself.</summary>
public sealed class ScheduledGrantTests
{
    [Theory, BothDatabases]
    public async Task It_ends_in_the_cloud_by_itself_also_while_the_portal_is_away(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.Equal([grant.EndsAt], world.Schedules.Standing.Select(end => end!.Value));

        world.Clock.Advance(TimeSpan.FromHours(3));
        Assert.Empty(world.Schedules.Standing);
        await world.WorkAsync();
        var ended = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Ended, GrantEnding.Expired), (ended.State, ended.Ending));
        Assert.Empty(world.Cloud.Calls);
    }

    [Theory, BothDatabases]
    public async Task The_end_follows_the_latest_grant_both_ways(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        Assert.Equal([second.EndsAt], world.Schedules.Standing.Select(end => end!.Value));

        await world.PassAsync(TimeSpan.FromMinutes(10));
        Assert.Empty((await world.ReturnAsync(second.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        Assert.Equal([first.EndsAt], world.Schedules.Standing.Select(end => end!.Value));
        Assert.Equal((GrantState.Active, GrantState.Ended), ((await world.GrantOfAsync(first.RequestId)).State, (await world.GrantOfAsync(second.RequestId)).State));
        await world.PassAsync(TimeSpan.FromMinutes(20));
        Assert.Empty(world.Schedules.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task What_is_given_back_in_its_first_five_minutes_says_so_and_is_taken_as_soon_as_Azure_lets_go(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Empty((await world.ReturnAsync(grant.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        var waiting = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Revoking, "ActiveDurationTooShort"), (waiting.State, waiting.AttentionCode));
        Assert.Single(world.Schedules.Standing);

        await world.PassAsync(TimeSpan.FromMinutes(4));
        Assert.Empty(world.Schedules.Standing);
        var ended = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Ended, GrantEnding.Revoked, null), (ended.State, ended.Ending, ended.AttentionCode));
        Assert.Equal(2, world.Schedules.Calls.Count(c => c.Verb == CloudVerb.Delete));
    }

    [Theory, BothDatabases]
    public async Task A_licence_that_lapsed_is_found_and_access_still_ends_on_time(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(10));
        world.Schedules.Lapse();
        Assert.Equal(1, (await world.Get<LookAgain>().ExecuteAsync(Actor.System, TestContext.Current.CancellationToken)).Value);
        await world.WorkAsync();
        Assert.Equal("ScheduleTurnedPermanent", (await world.GrantOfAsync(grant.RequestId)).AttentionCode);
        Assert.Contains("grant.needs_attention", await world.CodesAsync(grant.RequestId));
        Assert.Equal([null], world.Schedules.Standing);

        for (var minute = 0; minute < 50; minute += 5)
            await world.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Empty(world.Schedules.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Fact]
    public async Task Who_has_the_role_by_other_means_keeps_it()
    {
        await using var world = await OpenAsync();
        world.Schedules.HeldByAnother = true;
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.DoesNotContain(world.Schedules.Calls, c => c.Verb == CloudVerb.Delete);
    }

    [Theory, BothDatabases]
    public async Task What_is_taken_back_before_it_ever_showed_is_watched_and_taken_when_it_shows(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        world.Schedules.Lags = true;
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        Assert.Equal((GrantState.Active, null), ((await world.GrantOfAsync(grant.RequestId)).State, (await world.GrantOfAsync(grant.RequestId)).SeenAt));
        await world.LiveAsync(TimeSpan.FromMinutes(6), TimeSpan.FromSeconds(5));
        await world.RevokeAsync(grant.Id, Company.Tomas);
        await world.LiveAsync(TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(5));
        // No list showed it, so that there was nothing to take; it stands all the same.
        Assert.Single(world.Schedules.Standing);
        world.Schedules.Lags = false;
        await world.LiveAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(5));
        Assert.Empty(world.Schedules.Standing);
        Assert.Contains("grant.swept", await world.CodesAsync(grant.RequestId));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Fact]
    public async Task When_the_other_means_go_away_the_portals_schedule_takes_their_place()
    {
        await using var world = await OpenAsync();
        world.Schedules.HeldByAnother = true;
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        world.Schedules.HeldByAnother = false;
        Assert.Equal(1, (await world.Get<LookAgain>().ExecuteAsync(Actor.System, TestContext.Current.CancellationToken)).Value);
        await world.WorkAsync();
        Assert.Equal([grant.EndsAt], world.Schedules.Standing.Select(end => end!.Value));
        Assert.False((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        // Whoever asks later who had access by what finds both on the record, each once.
        var codes = await world.CodesAsync(grant.RequestId);
        Assert.Single(codes, "grant.standing_access_found");
        Assert.Single(codes, "grant.standing_access_gone");
    }

    [Fact]
    public async Task Nothing_shorter_than_ten_minutes_can_be_asked_for()
    {
        await using var world = await OpenAsync();
        Assert.Equal([RefusalCode.WindowTooShort], (await world.SubmitAsync(Company.Mira, PortalWorld.Draft(minutes: 9))).Refusals.Select(r => r.Code));
        Assert.Empty((await world.SubmitAsync(Company.Mira, PortalWorld.Draft(minutes: 10))).Refusals);
    }

    [Fact]
    public async Task The_same_role_by_another_way_is_another_row()
    {
        await using var world = await OpenAsync();
        var scheduled = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.LoadPoliciesAsync(Company.Policies);
        var assigned = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        Assert.NotEqual(scheduled.AssignmentId, assigned.AssignmentId);
        Assert.Equal(AssignmentName.Of(assigned.Scope, assigned.PrincipalObjectId, assigned.RoleDefinitionId), assigned.AssignmentId);
        await world.WorkAsync();
        Assert.Single(world.Schedules.Standing);
        Assert.Single(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task A_lost_call_that_lands_when_somebody_elses_has_gone_is_found_after_the_grant_was_returned(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120));
        world.Schedules.FailBefore = _ => new CloudCallException("NoAnswer", "No answer.", null, isTransient: true);
        await world.WorkAsync();
        world.Schedules.FailBefore = null;
        world.Schedules.HeldByAnother = true;
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        Assert.Empty((await world.ReturnAsync(grant.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        world.Schedules.HeldByAnother = false;
        world.Schedules.LandLate(TimeSpan.FromMinutes(9));
        Assert.Single(world.Schedules.Standing);

        world.Clock.Advance(TimeSpan.FromMinutes(6));
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, TestContext.Current.CancellationToken);
        await world.WorkAsync();
        Assert.Empty(world.Schedules.Standing);
        Assert.Contains("grant.swept", await world.CodesAsync(grant.RequestId));
    }

    internal static async Task<PortalWorld> OpenAsync(DatabaseKind kind = DatabaseKind.Sqlite)
    {
        var world = await PortalWorld.OpenAsync(kind);
        await world.LoadPoliciesAsync([Company.Policies[0] with { Provider = GrantProvider.PimSchedule }, .. Company.Policies.Skip(1)]);
        return world;
    }
}
