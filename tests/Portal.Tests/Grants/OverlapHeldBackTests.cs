using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>A grant that may not be given keeps nothing standing for itself.</summary>
public sealed class OverlapHeldBackTests
{
    [Theory, BothDatabases]
    public async Task The_end_of_the_one_takes_the_role_although_another_that_is_held_back_would_want_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120));
        world.Inventory.SetModel(Company.PaymentsVault, Core.Catalog.PermissionModel.AccessPolicies);
        await world.WorkAsync();
        Assert.Equal(first.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.Equal("VaultUsesAccessPolicies", (await world.GrantOfAsync(second.RequestId)).AttentionCode);

        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
        Assert.Equal(GrantState.Scheduled, (await world.GrantOfAsync(second.RequestId)).State);

        world.Inventory.SetModel(Company.PaymentsVault, Core.Catalog.PermissionModel.RoleAssignments);
        await world.PassAsync(TimeSpan.FromMinutes(16));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(second.RequestId)).State);
        Assert.Equal(second.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
    }

    [Fact]
    public async Task An_end_is_tried_again_in_seconds_however_long_another_could_not_be_looked_at()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120));
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true);
        await world.LiveAsync(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(5));
        Assert.InRange((await world.AssignmentAsync(first.AssignmentId)).Attempts, 7, 12);

        var refused = 0;
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Delete && refused++ == 0 ? new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true) : null;
        // An end waits half a minute for an answer about the other, and then a first failure's two seconds.
        await world.LiveAsync(PortalWorld.Lease + TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));
        Assert.Equal(2, refused);
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task Whoever_begins_while_another_is_looked_at_keeps_the_role_that_still_stands(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90, start: PortalWorld.Start.AddMinutes(31)));
        var begins = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120, start: PortalWorld.Start.AddMinutes(35)));

        // The portal was away: what the first had still stands, and the second cannot be looked at while the third begins.
        world.Clock.Advance(TimeSpan.FromMinutes(35) - TimeSpan.FromSeconds(1));
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true);
        world.Get<DriveSteps>().Reached += reached =>
        {
            if (reached.Step != DriveStep.Checked || world.Directory.Fault is null)
                return;
            world.Directory.Fault = null;
            world.Clock.Advance(TimeSpan.FromSeconds(2));
        };
        await world.WorkAsync();
        Assert.Equal(begins.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.DoesNotContain(world.Cloud.Calls, call => call.Verb == CloudVerb.Delete);
    }

    [Fact]
    public async Task What_may_have_been_given_is_taken_back_when_it_may_not_be_given_any_more()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Cloud.FailAfter = _ => new CloudCallException("NoAnswer", "No answer.", null, isTransient: true);
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
        world.Cloud.FailAfter = null;
        world.Directory.Disable(Company.Mira);
        await world.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Empty(world.Cloud.Standing);
        var held = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Provisioning, "PrincipalDisabled"), (held.State, held.AttentionCode));
    }

    [Fact]
    public async Task A_removal_after_a_call_that_was_turned_down_is_recorded_before_it_is_made()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Put ? new CloudCallException("AuthorizationFailed", "No.", 403, isTransient: false) : null;
        await world.WorkAsync();
        world.Directory.Disable(Company.Mira);
        await world.PassAsync(TimeSpan.FromMinutes(16));
        Assert.Single(world.Cloud.Calls, c => c.Verb == CloudVerb.Delete);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.swept");
    }

    [Fact]
    public async Task What_may_have_been_given_stays_while_it_only_cannot_be_asked_whether_it_may()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Cloud.FailAfter = _ => new CloudCallException("NoAnswer", "No answer.", null, isTransient: true);
        await world.WorkAsync();
        world.Cloud.FailAfter = null;
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true);
        await world.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Single(world.Cloud.Standing);
        world.Directory.Fault = null;
        await world.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task The_end_of_the_one_does_not_take_the_role_from_under_another_that_only_cannot_be_asked_about(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90, start: PortalWorld.Start.AddMinutes(30)));
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true);
        await world.PassAsync(TimeSpan.FromMinutes(30));
        await world.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Single(world.Cloud.Standing);
        world.Directory.Fault = null;
        await world.PassAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((GrantState.Ended, GrantState.Active), ((await world.GrantOfAsync(first.RequestId)).State, (await world.GrantOfAsync(second.RequestId)).State));
        Assert.Equal(second.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.DoesNotContain(world.Cloud.Calls, call => call.Verb == CloudVerb.Delete);
    }

    [Theory, BothDatabases]
    public async Task An_end_waits_no_longer_than_half_a_minute_for_an_answer_about_another(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90, start: PortalWorld.Start.AddMinutes(30)));
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true);
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Single(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal((GrantState.Ended, GrantState.Scheduled), ((await world.GrantOfAsync(first.RequestId)).State, (await world.GrantOfAsync(second.RequestId)).State));
        world.Directory.Fault = null;
        await world.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(second.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
    }

    [Theory, BothDatabases]
    public async Task An_end_that_came_while_the_portal_was_away_waits_for_the_first_answers_as_well(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90, start: PortalWorld.Start.AddMinutes(30)));

        // Nobody is there when the one ends and the other begins, nor for a while afterwards; and the first question is not answered.
        world.Clock.Advance(TimeSpan.FromMinutes(32));
        await world.RestartAsync();
        world.Directory.Fault = new CloudCallException("NoAnswer", "No answer.", null, isTransient: true);
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
        world.Directory.Fault = null;
        await world.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(second.RequestId)).State);
        Assert.DoesNotContain(world.Cloud.Calls, call => call.Verb == CloudVerb.Delete);
    }

    [Theory, BothDatabases]
    public async Task But_no_longer_than_half_a_minute_from_the_first_question(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90, start: PortalWorld.Start.AddMinutes(30)));
        world.Clock.Advance(TimeSpan.FromMinutes(32));
        await world.RestartAsync();
        // A new start meanwhile does not make it longer, nor does a removal that fails.
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromSeconds(20));
        await world.RestartAsync();
        await world.PassAsync(TimeSpan.FromSeconds(9));
        Assert.Single(world.Cloud.Standing);
        world.Cloud.FailBefore = _ => new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        await world.PassAsync(TimeSpan.FromSeconds(1));
        world.Cloud.FailBefore = null;
        Assert.Equal(CloudVerb.Delete, world.Cloud.Calls[^1].Verb);
        await world.PassAsync(TimeSpan.FromSeconds(4));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
    }

    [Fact]
    public async Task Nor_longer_because_the_question_took_its_time()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90, start: PortalWorld.Start.AddMinutes(30)));
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true);
        // Somebody was there at the end, and asked for half a minute until it was given up.
        world.Get<DriveSteps>().Reached += reached =>
        {
            if (reached.Step == DriveStep.Checked)
                world.Clock.Advance(TimeSpan.FromSeconds(30));
        };
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(PortalWorld.Start.AddMinutes(30).AddSeconds(30), world.Cloud.Calls[^1].At);
    }

    [Theory, BothDatabases]
    public async Task The_end_of_another_that_waited_too_does_not_make_the_first_wait_longer(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 5, start: PortalWorld.Start.AddMinutes(25).AddSeconds(25)));
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90, start: PortalWorld.Start.AddMinutes(30)));
        // The next try is put off for an hour: no end waits for that.
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true, retryAfter: TimeSpan.FromHours(1));
        foreach (var seconds in (int[])[1525, 275, 25])
            await world.PassAsync(TimeSpan.FromSeconds(seconds));
        Assert.Single(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task An_end_that_came_while_the_portal_was_away_waits_for_the_first_answers_also_where_a_read_had_failed_before_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90, start: PortalWorld.Start.AddMinutes(30)));
        await world.PassAsync(TimeSpan.FromMinutes(29));
        world.Cloud.FailRead = () => new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        await using (var db = world.OpenDb())
        {
            // As reconciliation does that sees a difference.
            (await db.DesiredAssignments.SingleAsync(a => a.Id == first.AssignmentId, TestContext.Current.CancellationToken)).Doubt(world.Clock.Now());
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        await world.WorkAsync();
        Assert.Equal(world.Clock.Now(), (await world.AssignmentAsync(first.AssignmentId)).FailingSince);

        world.Clock.Advance(TimeSpan.FromMinutes(3));
        await world.RestartAsync();
        world.Cloud.FailRead = null;
        world.Directory.Fault = new CloudCallException("NoAnswer", "No answer.", null, isTransient: true);
        await world.WorkAsync();
        world.Directory.Fault = null;
        await world.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(second.RequestId)).State);
        Assert.DoesNotContain(world.Cloud.Calls, call => call.Verb == CloudVerb.Delete);
    }

    [Theory]
    [InlineData("AuthorizationFailed", 403)]
    [InlineData("NoAnswer", null)]
    public async Task Where_the_end_was_recorded_and_the_next_ones_call_failed_the_role_does_not_stand_for_as_long_as_nobody_answers(string code, int? status)
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120, start: PortalWorld.Start.AddMinutes(30)));
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Put ? new CloudCallException(code, "No.", status, isTransient: true) : null;
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);

        // However long its call fails, it is looked at again each time.
        await world.LiveAsync(TimeSpan.FromMinutes(25), TimeSpan.FromSeconds(5));
        Assert.Single(world.Cloud.Standing);

        // From the first question that gets no answer it keeps the role for ten minutes.
        world.Cloud.FailBefore = null;
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true);
        var attempts = (await world.AssignmentAsync(first.AssignmentId)).Attempts;
        while ((await world.AssignmentAsync(first.AssignmentId)).Attempts == attempts)
            await world.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Single(world.Cloud.Standing);
        await world.LiveAsync(TimeSpan.FromMinutes(9), TimeSpan.FromSeconds(5));
        Assert.Single(world.Cloud.Standing);
        await world.LiveAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(5));
        Assert.Empty(world.Cloud.Standing);
        Assert.Single(world.Cloud.Calls, call => call.Verb == CloudVerb.Delete);
        Assert.Single((string[])[.. await world.CodesAsync(first.RequestId), .. await world.CodesAsync(second.RequestId)], "grant.swept");
        Assert.Equal("TooManyRequests", (await world.GrantOfAsync(second.RequestId)).AttentionCode);

        world.Directory.Fault = null;
        await world.PassAsync(TimeSpan.FromMinutes(6));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(second.RequestId)).State);
        Assert.Equal(second.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
    }

    [Fact]
    public async Task An_end_does_not_wait_for_a_question_that_is_never_answered()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        for (var i = 0; i < 2; i++)
            await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90 + i, start: PortalWorld.Start.AddMinutes(30)));
        var asked = new TaskCompletionSource();
        world.Directory.Takes = ct =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, ct);
        };
        world.Clock.Advance(TimeSpan.FromMinutes(30));
        var turn = world.DriveAsync(Assert.Single(await world.ClaimAsync()));
        await asked.Task;

        world.Clock.Advance(2 * PortalWorld.Lease);
        Assert.True(await turn.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));

        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task A_pause_does_not_make_a_give_of_an_end_that_waits_for_an_answer(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120));
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 180));
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        await world.WorkAsync();
        world.Directory.Fault = null;
        Assert.Empty((await world.ReturnAsync(first.Id, Company.Mira)).Refusals);
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        await world.WorkAsync();
        Assert.True((await world.AssignmentAsync(first.AssignmentId)) is { DueToEnd: true, FailingSince: not null } waits && waits.DueAt > world.Clock.GetUtcNow());

        world.Directory.Fault = null;
        await world.PauseAsync(new PauseInput(PauseTarget.Everything, null, null, "Incident 42"));

        Assert.True((await world.AssignmentAsync(first.AssignmentId)).DueToEnd);
    }

    [Fact]
    public async Task An_end_by_a_clock_that_was_ahead_waits_half_a_minute_and_not_until_its_time_comes_round()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 300, start: PortalWorld.Start.AddMinutes(61)));
        world.HearTheCloud();
        world.DatabaseClock.Ahead = TimeSpan.FromMinutes(62);
        await world.ClaimAsync();
        Assert.Empty((await world.ReturnAsync(first.Id, Company.Mira)).Refusals);
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);

        world.DatabaseClock.Ahead = TimeSpan.Zero;
        world.HearTheCloud();
        await world.LiveAsync(PortalWorld.Lease + TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));

        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
    }
}
