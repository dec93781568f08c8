using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>The life of one grant, from the promise to its end.</summary>
public sealed class GrantLifeTests
{
    [Theory, BothDatabases]
    public async Task A_grant_is_scheduled_then_active_then_expired(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        Assert.Equal(GrantState.Scheduled, promised.State);
        Assert.Empty(world.Cloud.Standing);

        await world.WorkAsync();
        var active = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal(GrantState.Active, active.State);
        var assignment = Assert.Single(world.Cloud.Standing);
        Assert.Equal(Company.Stripe, assignment.Scope);
        Assert.Equal(Company.Mira.ObjectId, assignment.PrincipalId);
        Assert.Equal(promised.EndsAt, AssignmentMark.UntilOf(assignment.Description));

        await world.PassAsync(TimeSpan.FromMinutes(30) - TimeSpan.FromMilliseconds(1));
        Assert.Single(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromMilliseconds(1));
        var ended = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, GrantEnding.Expired, promised.EndsAt), (ended.State, ended.Ending, ended.EndsAt));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(
            ["request.submitted", "request.approved", "grant.scheduled", "grant.provisioning", "grant.activated", "grant.revoking", "grant.ended"],
            await world.CodesAsync(promised.RequestId));
    }

    [Fact]
    public async Task The_announcement_is_durable_before_the_call()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        GrantState? seen = null;
        AssignmentIntent? intent = null;
        world.Cloud.FailBefore = call =>
        {
            using var db = world.OpenDb();
            seen = db.Grants.Single(g => g.Id == promised.Id).State;
            intent = db.DesiredAssignments.Single(a => a.Id == call.Name).Intent;
            return null;
        };
        await world.WorkAsync();
        Assert.Equal(GrantState.Provisioning, seen);
        Assert.Equal(AssignmentIntent.Put, intent);
    }

    [Fact]
    public async Task A_grant_for_later_is_given_when_its_time_comes_and_not_before()
    {
        await using var world = await PortalWorld.OpenAsync();
        var start = PortalWorld.Start.AddHours(2);
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(start: start));
        Assert.Equal((start, start.AddMinutes(30)), (promised.StartsAt, promised.EndsAt));

        Assert.Equal(0, await world.PassAsync(TimeSpan.FromHours(2) - TimeSpan.FromMilliseconds(1)));
        Assert.Empty(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromMilliseconds(1));
        Assert.Single(world.Cloud.Standing);
    }

    [Fact]
    public async Task A_grant_whose_whole_time_passed_unseen_ends_without_ever_being_given()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.PassAsync(TimeSpan.FromHours(3));
        Assert.Empty(world.Cloud.Standing);
        Assert.DoesNotContain(world.Cloud.Calls, c => c.Verb == CloudVerb.Put);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
    }
}
