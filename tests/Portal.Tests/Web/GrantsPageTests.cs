using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Tests.World;
using Portal.Web.Grants;
using Portal.Web.Requests;

namespace Portal.Tests.Web;

/// <summary>Lists that are looked at while they change.</summary>
public sealed class GrantsPageTests : RequestScreen
{
    // A hundred rows and more are drawn anew; on a busy machine that takes more than the second that is waited for otherwise.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task What_ends_between_two_looks_is_shown_once_and_as_ended()
    {
        await using var world = await SeenByAsync(Company.Mira);
        var first = await HeldAsync(world, Company.Stripe);
        var second = await HeldAsync(world, Company.LedgerPassword);
        var page = Render<GrantsPage>();
        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll(".grant-card").Count));

        await EndAsync(world, first);
        // The page reads what has not ended, and then what has: the second ends in between.
        world.DatabaseFaults.Break = sql =>
        {
            if (sql.Contains("FROM \"Grants\"", StringComparison.Ordinal) && sql.Contains("\"State\" = 'Ended'", StringComparison.Ordinal))
                EndMeanwhile(world, second);
            return null;
        };
        Hear();

        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll(".grant-card").Count(card => card.QuerySelector(".grant-when")!.TextContent.Contains("Ended", StringComparison.Ordinal))), Patience);
        Assert.Null(world.DatabaseFaults.Break);
    }

    [Fact]
    public async Task A_change_does_not_shorten_the_lists_of_whoever_has_read_on()
    {
        await using var world = await SeenByAsync(Company.Mira);
        for (var hour = 1; hour <= 125; hour++)
            await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(hour)));
        var grants = Render<GrantsPage>();
        var requests = Render<RequestsPage>();
        await ReadOnAsync(grants, ".grant-card", 120);
        await ReadOnAsync(requests, "tbody tr", 120);

        // Later than the others: those of one millisecond stand in any order, and this has to be among the first.
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        var extra = await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(126)));
        Hear();
        grants.WaitForAssertion(() => Assert.Contains(extra.RequestReference, grants.Markup, StringComparison.Ordinal), Patience);
        Assert.InRange(grants.FindAll(".grant-card").Count, 120, 126);
        requests.WaitForAssertion(() => Assert.Contains(extra.RequestReference, requests.Markup, StringComparison.Ordinal), Patience);
        Assert.InRange(requests.FindAll("tbody tr").Count, 120, 126);
        // And the rest can still be read.
        await ReadOnAsync(grants, ".grant-card", 126);
        await ReadOnAsync(requests, "tbody tr", 126);
    }

    private void Hear() => Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Grant, null, Company.Mira.ObjectId));

    private static async Task ReadOnAsync<TPage>(IRenderedComponent<TPage> page, string rows, int until) where TPage : Microsoft.AspNetCore.Components.IComponent
    {
        page.WaitForElement(rows);
        for (var shown = page.FindAll(rows).Count; shown < until; shown = page.FindAll(rows).Count)
        {
            await page.Find(".load-more button").ClickAsync(new());
            Assert.True(page.FindAll(rows).Count > shown);
        }
    }

    private static async Task<Grant> HeldAsync(PortalWorld world, string scope)
    {
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(scope));
        await world.WorkAsync();
        return promised;
    }

    // Within the page's own reading, so it cannot be awaited there.
    private static void EndMeanwhile(PortalWorld world, Grant grant)
    {
        world.DatabaseFaults.Break = null;
        Task.Run(() => EndAsync(world, grant)).GetAwaiter().GetResult();
    }

    private static async Task EndAsync(PortalWorld world, Grant grant)
    {
        Assert.Empty((await world.ReturnAsync(grant.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }
}
