using Portal.Core.Approvals;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>More time is a new request with its own approval. The access has no gap, and nothing else moves an end.</summary>
public sealed class ExtensionTests
{
    [Theory, BothDatabases]
    public async Task More_time_that_is_approved_goes_on_where_the_access_ended_without_a_gap(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(20));
        var more = await world.PromiseAsync(draft: PortalWorld.Draft(start: first.EndsAt));
        Assert.Equal((first.EndsAt, first.EndsAt.AddMinutes(30)), (more.StartsAt, more.EndsAt));

        await world.PassAsync(TimeSpan.FromMinutes(10) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(first.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        await world.PassAsync(TimeSpan.FromMilliseconds(1));
        Assert.Equal(more.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.Equal((GrantState.Ended, first.EndsAt), (await world.GrantOfAsync(first.RequestId)) is var over ? (over.State, over.EndsAt) : default);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(more.RequestId)).State);
        Assert.DoesNotContain(world.Cloud.Calls, c => c.Verb == CloudVerb.Delete);

        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(["request.submitted", "request.approved", "grant.scheduled", "grant.provisioning", "grant.activated", "grant.revoking", "grant.ended"], await world.CodesAsync(more.RequestId));
    }

    [Theory, BothDatabases]
    public async Task More_time_that_is_asked_for_denied_or_not_decided_moves_nothing(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        var denied = await world.AskAsync(draft: PortalWorld.Draft(start: first.EndsAt));
        Assert.Empty((await world.DecideAsync(denied.RequestId, Company.Priya, Verdict.Denied, "Half an hour is enough.")).Refusals);
        await world.AskAsync(draft: PortalWorld.Draft(minutes: 240));

        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal((GrantState.Ended, first.EndsAt), (await world.GrantOfAsync(first.RequestId)) is var over ? (over.State, over.EndsAt) : default);
        Assert.Single(world.Cloud.Calls, c => c.Verb == CloudVerb.Put);
    }

    [Theory, BothDatabases]
    public async Task More_time_that_is_approved_too_late_begins_then_and_ends_when_it_was_to_end(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        var asked = await world.AskAsync(draft: PortalWorld.Draft(start: first.EndsAt));
        await world.PassAsync(TimeSpan.FromMinutes(40));
        Assert.Empty(world.Cloud.Standing);
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        await world.WorkAsync();
        Assert.Equal(first.EndsAt.AddMinutes(30), AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        await world.PassAsync(TimeSpan.FromMinutes(20));
        Assert.Empty(world.Cloud.Standing);
    }

    [Fact]
    public async Task Whoever_decides_is_told_that_more_time_is_asked_for()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        await world.AskAsync(draft: PortalWorld.Draft(start: first.EndsAt));
        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var inbox = await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(), await world.IdentifyAsync(Company.Priya), TestContext.Current.CancellationToken);
        Assert.Equal((first.EndsAt, null), (Until("stripe-api-key"), Until("ledger-db-password")));

        DateTimeOffset? Until(string secret) => inbox.Value.Items.Single(i => i.SecretName == secret).Requester!.HoldsThisUntil;
    }

    [Theory, BothDatabases]
    public async Task Giving_back_what_is_held_leaves_the_time_that_was_approved_after_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        var more = await world.PromiseAsync(draft: PortalWorld.Draft(start: first.EndsAt));
        Assert.Empty((await world.ReturnAsync(first.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(more.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
    }
}
