using Portal.Core;
using Portal.Core.Grants;
using Portal.Core.Policies;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>A portal that was started with policies which the database has not taken yet.</summary>
public sealed class PoliciesNotLoadedTests
{
    [Theory, BothDatabases]
    public async Task Nothing_is_given_by_those_of_before_what_was_given_ends_and_the_rest_is_given_once_they_are_loaded(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var ending = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword, minutes: 30));
        await world.WorkAsync();
        var waiting = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        world.Get<PoliciesInForce>().NotLoaded();

        await world.LiveAsync(TimeSpan.FromMinutes(31), TimeSpan.FromMinutes(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(ending.RequestId)).State);
        var held = await world.GrantOfAsync(waiting.RequestId);
        Assert.Equal((GrantState.Scheduled, AttentionCode.PoliciesNotLoaded), (held.State, held.AttentionCode));
        Assert.Empty(world.Cloud.Standing);

        world.Get<PoliciesInForce>().Loaded();
        await world.LiveAsync(TimeSpan.FromMinutes(16), TimeSpan.FromMinutes(1));
        var given = await world.GrantOfAsync(waiting.RequestId);
        Assert.Equal((GrantState.Active, null), (given.State, given.AttentionCode));
    }
}
