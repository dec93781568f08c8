using Portal.Core.Approvals;
using Portal.Tests.World;

namespace Portal.Tests.Approvals;

/// <summary>What waits is looked for on every page of an approver. With thousands that wait under other policies it must not walk through those.</summary>
public sealed class InboxPlanTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    // SQLite knows no figures about its tables; PostgreSQL does, and chooses by them.
    [Fact]
    public async Task What_waits_is_found_by_the_index_that_holds_nothing_else()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.AskAsync();
        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var priya = await world.IdentifyAsync(Company.Priya);
        var inbox = world.Get<ListInbox>();
        var first = (await inbox.ExecuteAsync(new InboxQuery(Take: 1), priya, Ct)).Value;
        Assert.NotNull(first.Next);

        // One query for each policy by which she decides.
        Assert.All(
            await PlansAsync(null),
            plan => Assert.EndsWith("USING INDEX IX_AccessRequests_Inbox (PolicyId=? AND State=?)", plan, StringComparison.Ordinal));
        Assert.All(
            await PlansAsync(first.Next),
            plan => Assert.EndsWith("USING INDEX IX_AccessRequests_Inbox (PolicyId=? AND State=? AND Id>?)", plan, StringComparison.Ordinal));

        async Task<IReadOnlyList<string>> PlansAsync(string? after)
        {
            var plans = await QueryPlans.OnAsync("AccessRequests", world, () => inbox.ExecuteAsync(new InboxQuery(after, Take: 1, WithRecords: false), priya, Ct));
            Assert.NotEmpty(plans);
            return plans;
        }
    }
}
