using Portal.Core;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Grants that are asked for by their keys are those that one may see, and no others.</summary>
public sealed class ListGrantsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task What_is_named_is_given_ended_or_not_to_whom_it_concerns(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var ended = await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Empty((await world.ReturnAsync(ended.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        // Those of one second stand in any order.
        world.Clock.Advance(TimeSpan.FromSeconds(2));
        var live = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var other = await world.PromiseAsync(draft: PortalWorld.Draft(Company.Stripe));
        var named = new GrantQuery(Only: [ended.Id, live.Id, Guid.NewGuid()]);

        Assert.Equal([live.Id, ended.Id], await KeysAsync(world, named, Company.Mira));
        Assert.Equal([live.Id, ended.Id], await KeysAsync(world, named with { Audience = GrantAudience.Everyone }, Company.Ingrid));
        Assert.Empty(await KeysAsync(world, named, Company.Jonas));
        Assert.Empty(await KeysAsync(world, named with { Only = [] }, Company.Mira));
        Assert.DoesNotContain(other.Id, await KeysAsync(world, named, Company.Mira));
        var refused = await world.Get<ListGrants>().ExecuteAsync(named with { Audience = GrantAudience.Everyone }, await world.IdentifyAsync(Company.Mira), Ct);
        Assert.Equal([RefusalCode.RoleMissing], refused.Refusals.Select(refusal => refusal.Code));
    }

    private static async Task<IEnumerable<Guid>> KeysAsync(PortalWorld world, GrantQuery query, TestPerson reader) =>
        (await world.Get<ListGrants>().ExecuteAsync(query, await world.IdentifyAsync(reader), Ct)).Value.Items.Select(grant => grant.Id);
}
