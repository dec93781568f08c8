using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Two grants of the same role at the same scope to the same person share one assignment.</summary>
public sealed class OverlapTests
{
    [Theory, BothDatabases]
    public async Task The_first_to_end_takes_nothing_from_the_other(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        Assert.Equal(first.AssignmentId, second.AssignmentId);
        await world.WorkAsync();
        Assert.Equal(second.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));

        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(second.RequestId)).State);
        Assert.Single(world.Cloud.Standing);
        Assert.DoesNotContain(world.Cloud.Calls, c => c.Verb == CloudVerb.Delete);

        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Single(world.Cloud.Calls, c => c.Verb == CloudVerb.Delete);
    }

    [Fact]
    public async Task The_description_follows_the_latest_end_both_ways()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.WorkAsync();
        Assert.Equal(first.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));

        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        Assert.Equal(second.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));

        Assert.Empty((await world.ReturnAsync(second.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        Assert.Equal(first.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(second.RequestId)).State);
        Assert.Equal(first.EndsAt, (await world.GrantOfAsync(first.RequestId)).EndsAt);
    }

    [Fact]
    public async Task Other_secrets_other_people_and_other_roles_have_assignments_of_their_own()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        await world.PromiseAsync(draft: PortalWorld.Draft(role: Portal.Core.Catalog.GrantableRole.SecretsOfficer));
        await world.WorkAsync();
        Assert.Equal(3, world.Cloud.Standing.Select(a => a.Name).Distinct().Count());
    }
}
