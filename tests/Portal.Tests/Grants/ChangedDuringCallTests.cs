using Portal.Core;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>What changes while a call is under way that then fails does not wait for that call's next try.</summary>
public sealed class ChangedDuringCallTests
{
    private static readonly CloudCallException AnHour = new("TooManyRequests", "Slow down.", 429, isTransient: true, retryAfter: TimeSpan.FromHours(1));

    [Theory, BothDatabases]
    public async Task Access_that_is_ended_while_a_call_to_lengthen_it_is_turned_down_is_gone_at_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        var longer = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        world.Cloud.FailBefore = call => call.Verb == CloudVerb.Put ? AnHour : null;
        AtTheCall(world, AssignmentIntent.Put, async () =>
        {
            Assert.Empty((await world.RevokeAsync(first.Id, Company.Tomas)).Refusals);
            Assert.Empty((await world.RevokeAsync(longer.Id, Company.Tomas)).Refusals);
        });

        await world.WorkAsync();

        Assert.Empty(world.Cloud.Standing);
        Assert.Equal((GrantState.Ended, GrantState.Ended), ((await world.GrantOfAsync(first.RequestId)).State, (await world.GrantOfAsync(longer.RequestId)).State));
    }

    [Theory, BothDatabases]
    public async Task Access_that_is_over_when_its_call_gets_no_answer_once_more_is_taken_away_at_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 480));
        world.Cloud.FailAfter = call => call.Verb == CloudVerb.Put ? new CloudCallException("NoAnswer", "No answer.", null, isTransient: true) : null;
        await world.LiveAsync(TimeSpan.FromMinutes(475), TimeSpan.FromSeconds(30));
        Assert.Single(world.Cloud.Standing);
        Assert.InRange((await world.AssignmentAsync(grant.AssignmentId)).Attempts, 9, 100);
        // The portal's next call is under way when the time is over.
        await using (var db = world.OpenDb())
        {
            (await db.DesiredAssignments.FindAsync([grant.AssignmentId], TestContext.Current.CancellationToken))!.LookAt(world.Clock.GetUtcNow());
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        AtTheCall(world, AssignmentIntent.Put, () =>
        {
            world.Clock.Advance(TimeSpan.FromMinutes(6));
            return Task.CompletedTask;
        });
        await world.WorkAsync();

        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Fact]
    public async Task Access_that_is_approved_while_a_removal_is_turned_down_is_given_at_once()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        Grant? next = null;
        world.Cloud.FailBefore = call => call.Verb == CloudVerb.Delete ? AnHour : null;
        AtTheCall(world, AssignmentIntent.Delete, async () => next = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120)));

        Assert.Empty((await world.ReturnAsync(first.Id, Company.Mira)).Refusals);
        await world.WorkAsync();

        Assert.Equal(next!.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(next.RequestId)).State);
    }

    [Fact]
    public async Task A_removal_that_follows_a_give_that_was_turned_down_for_hours_is_tried_again_as_soon_as_any()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 480));
        var puts = new CloudCallException("InternalServerError", "Oops.", 500, isTransient: true);
        world.Cloud.FailBefore = call => call.Verb == CloudVerb.Put ? puts : null;
        await world.LiveAsync(TimeSpan.FromMinutes(120), TimeSpan.FromSeconds(30));
        // The last of them is turned down, and all that needs the role is over during it.
        puts = AnHour;
        var failed = 0;
        world.Cloud.FailBefore = call => call.Verb == CloudVerb.Put ? puts : failed++ == 0 ? new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true) : null;
        AtTheCall(world, AssignmentIntent.Put, async () => await world.PauseAsync(new PauseInput(PauseTarget.Everything, null, null, "Stop all of it.", TakeBack: true)));
        await world.LiveAsync(TimeSpan.FromMinutes(16), TimeSpan.FromSeconds(1));

        var deletes = world.Cloud.Calls.Where(c => c.Verb == CloudVerb.Delete).Select(c => c.At).ToList();
        Assert.InRange(deletes[1] - deletes[0], TimeSpan.Zero, TimeSpan.FromSeconds(3));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
    }

    // Once, when the provider has answered and nothing of that is saved.
    private static void AtTheCall(PortalWorld world, AssignmentIntent call, Func<Task> happens)
    {
        var steps = world.Get<DriveSteps>();
        steps.Reached += Meanwhile;

        void Meanwhile(DriveStepReached reached)
        {
            if (reached.Step != DriveStep.Called || reached.Call != call)
                return;
            steps.Reached -= Meanwhile;
            Task.Run(happens, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        }
    }
}
