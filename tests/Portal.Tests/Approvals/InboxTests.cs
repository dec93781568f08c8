using Portal.Core.Approvals;
using Portal.Tests.World;

namespace Portal.Tests.Approvals;

/// <summary>What waits for an approver: all of theirs, in order, whatever policy version pinned it.</summary>
public sealed class InboxTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task What_waits_is_listed_and_counted_across_policy_versions_the_longest_waiting_first(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.AskAsync(Company.Mira, PortalWorld.Draft(Company.Stripe));
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.LoadPoliciesAsync([.. Company.Policies.Select(p => p with { LongestWindow = TimeSpan.FromMinutes(45) })]);
        var second = await world.AskAsync(Company.Mira, PortalWorld.Draft(Company.LedgerPassword));
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.AskAsync(Company.Priya, PortalWorld.Draft(Company.Stripe));
        await world.AskAsync(Company.Jonas, PortalWorld.Draft(Company.Carrier, ticket: "T-1"));
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.LoadPoliciesAsync(Company.Policies);
        var third = await world.AskAsync(Company.Mira, PortalWorld.Draft(Company.PaymentsVault));

        // Her own request and another team's are not hers to decide.
        Assert.Equal([first.Reference, second.Reference, third.Reference], await WaitingAsync(world, Company.Priya, take: 20));
        Assert.Equal([first.Reference, second.Reference, third.Reference], await WaitingAsync(world, Company.Priya, take: 1));
        Assert.Equal(3, await CountAsync(world, Company.Priya));
        Assert.Single(await WaitingAsync(world, Company.Tomas, take: 20));
        Assert.Equal(0, await CountAsync(world, Company.Mira));

        // What has lapsed waits for nobody, even before it is swept up.
        world.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromMinutes(3));
        Assert.Equal([second.Reference, third.Reference], await WaitingAsync(world, Company.Priya, take: 2));
        Assert.Equal(2, await CountAsync(world, Company.Priya));
    }

    private static async Task<List<string>> WaitingAsync(PortalWorld world, TestPerson who, int take)
    {
        var found = new List<string>();
        for (string? after = null; ;)
        {
            var page = (await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(after, take), await world.IdentifyAsync(who), Ct)).Value;
            found.AddRange(page.Items.Select(i => i.Reference));
            if ((after = page.Next) is null)
                return found;
        }
    }

    private static async Task<int> CountAsync(PortalWorld world, TestPerson who) =>
        (await world.Get<CountInbox>().ExecuteAsync(await world.IdentifyAsync(who), Ct)).Value;
}
