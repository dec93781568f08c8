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

        // One query for the policy versions under which anything waits, and one for each of those by which she decides.
        const string policies = "SCAN a", waits = "SEARCH a0 EXISTS USING COVERING INDEX IX_AccessRequests_Inbox (PolicyId=? AND State=?)";
        Assert.Equal(
            [policies, waits, "SEARCH a USING INDEX IX_AccessRequests_Inbox (PolicyId=? AND State=?)"],
            await PlansAsync(null));
        Assert.Equal(
            [policies, waits, "SEARCH a USING INDEX IX_AccessRequests_Inbox (PolicyId=? AND State=? AND Id>?)"],
            await PlansAsync(first.Next));

        // What those hold and held who ask is found by who they are and what they ask for.
        var held = await QueryPlans.OnAsync("Grants", world, () => inbox.ExecuteAsync(new InboxQuery(), priya, Ct));
        Assert.Equal(
            ["SEARCH g USING INDEX IX_Grants_HeldNow (PrincipalObjectId=?)", "SEARCH g USING INDEX IX_Grants_Scope_PrincipalObjectId_Id (Scope=? AND PrincipalObjectId=?)"],
            held.Where(step => step.Contains(" g ", StringComparison.Ordinal)));

        async Task<IReadOnlyList<string>> PlansAsync(string? after)
        {
            var plans = await QueryPlans.OnAsync("AccessRequests", world, () => inbox.ExecuteAsync(new InboxQuery(after, Take: 1, WithRecords: false), priya, Ct));
            Assert.NotEmpty(plans);
            return plans;
        }
    }
}
