using AngleSharp.Dom;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Tests.World;
using Portal.Web.Grants;
using Portal.Web.Home;
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
        for (var card = 0; card < 2; card++)
            await page.FindAll(".grant-card")[card].QuerySelector(".grant-do button")!.ClickAsync(new());

        await EndAsync(world, first);
        // The page reads what has not ended, and then what is open and was not among it: the second ends in between.
        world.DatabaseFaults.Break = sql =>
        {
            if (sql.Contains("FROM \"Grants\"", StringComparison.Ordinal) && !sql.Contains("\"State\" <> 'Ended'", StringComparison.Ordinal))
                EndMeanwhile(world, second);
            return null;
        };
        Hear();

        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll(".grant-card").Count(card => card.QuerySelector(".grant-when")!.TextContent.Contains("Ended", StringComparison.Ordinal))), Patience);
        Assert.Null(world.DatabaseFaults.Break);
    }

    [Fact]
    public async Task A_card_stays_with_its_reason_when_new_ones_push_it_out_of_what_is_read()
    {
        await using var world = await SeenByAsync(Company.Tomas);
        for (var hour = 1; hour <= 22; hour++)
            await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(hour)));
        var page = Render<GrantsPage>();
        page.WaitForAssertion(() => Assert.Equal(20, page.FindAll(".grant-card").Count));
        var reference = await WriteAsync(page, ".grant-card");

        world.Clock.Advance(TimeSpan.FromSeconds(1));
        for (var hour = 23; hour <= 47; hour++)
            await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(hour)));
        Hear();
        page.WaitForAssertion(() => Assert.Equal(21, page.FindAll(".grant-card").Count), Patience);
        AssertWritten(page, ".grant-card", reference);

        // Those between the new ones and the one that is open are still to come, and none comes twice.
        await ReadOnAsync(page, ".grant-card", 47);
        var references = page.FindAll(".grant-card").Select(ReferenceOf).ToList();
        Assert.Equal(47, references.Distinct().Count());
        AssertWritten(page, ".grant-card", reference);
    }

    [Fact]
    public async Task A_list_of_everyones_does_not_grow_by_itself_with_what_ends_and_what_begins()
    {
        await using var world = await SeenByAsync(Company.Tomas);
        for (var hour = 1; hour <= 30; hour++)
            await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(hour)));
        var page = Render<GrantsPage>();
        page.WaitForAssertion(() => Assert.Equal(20, page.FindAll(".grant-card").Count));
        var reference = await WriteAsync(page, ".grant-card");
        var open = await world.ReadAsync(db => db.Grants.SingleAsync(grant => grant.RequestReference == reference));
        Assert.Empty((await world.RevokeAsync(open.Id, Company.Tomas)).Refusals);

        for (var hour = 31; hour <= 35; hour++)
        {
            // Later than the others: those of one millisecond stand in any order.
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            var begun = await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(hour)));
            await page.InvokeAsync(() => page.FindComponent<GrantCard>().Instance.OnChanged.InvokeAsync());
            Assert.Contains(begun.RequestReference, page.Markup, StringComparison.Ordinal);
            Assert.Equal(21, page.FindAll(".grant-card").Count);
            Assert.Empty((await world.RevokeAsync(begun.Id, Company.Tomas)).Refusals);
        }

        // The one that was opened says that it has ended, in its place.
        Assert.Equal(reference, ReferenceOf(page.FindAll(".grant-card")[^1]));
    }

    [Fact]
    public async Task A_card_that_is_open_stays_at_home_as_well()
    {
        await using var world = await SeenByAsync(Company.Tomas);
        for (var hour = 1; hour <= 10; hour++)
        {
            await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(hour)));
            world.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var page = Render<HomePage>();
        page.WaitForAssertion(() => Assert.Equal(10, page.FindAll(".home-grants .grant-card").Count));
        // The first of those that were made is the first that begins.
        var reference = await WriteAsync(page, ".home-grants .grant-card", last: false);

        for (var hour = 11; hour <= 12; hour++)
            await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(hour)));
        Hear();
        page.WaitForAssertion(() => Assert.Equal(11, page.FindAll(".home-grants .grant-card").Count), Patience);
        AssertWritten(page, ".home-grants .grant-card", reference);
    }

    private static string ReferenceOf(IElement card) => card.QuerySelector("a[data-key]")!.TextContent;

    private static async Task<string> WriteAsync<TPage>(IRenderedComponent<TPage> page, string cards, bool last = true) where TPage : IComponent
    {
        var reference = ReferenceOf(page.FindAll(cards)[last ? ^1 : 0]);
        await page.FindAll(cards)[last ? ^1 : 0].QuerySelector(".grant-do button")!.ClickAsync(new());
        await page.Find(".revoke textarea").ChangeAsync(new() { Value = "Laptop lost" });
        return reference;
    }

    private static void AssertWritten<TPage>(IRenderedComponent<TPage> page, string cards, string reference) where TPage : IComponent =>
        Assert.Equal("Laptop lost", page.FindAll(cards).Single(card => ReferenceOf(card) == reference).QuerySelector(".revoke textarea")?.GetAttribute("value"));

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

    private static async Task ReadOnAsync<TPage>(IRenderedComponent<TPage> page, string rows, int until) where TPage : IComponent
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
