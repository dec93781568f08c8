using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core;
using Portal.Core.Data;
using Portal.Tests.World;
using Portal.Web.Approvals;
using Portal.Web.Catalog;
using Portal.Web.Home;
using Portal.Web.Layout;
using Portal.Web.Requests;

namespace Portal.Tests.Web;

/// <summary>While the directory cannot be asked a page keeps what it shows and says so; it goes on by itself afterwards.</summary>
public sealed class UnknownStandingPagesTests : RequestScreen
{
    private const string Unknown = "could not confirm your roles and groups";

    // Longer than any answer of the directory is used again.
    private static readonly TimeSpan Later = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task The_inbox_keeps_what_waits_and_goes_on_by_itself()
    {
        await using var world = await SeenByAsync(Company.Priya);
        await world.AskAsync();
        var page = Render<ApprovalsPage>();
        page.WaitForElement(".entry");

        Silence(world);
        Hear();
        page.WaitForAssertion(() => Assert.Contains(Unknown, page.Find(".refusal").TextContent, StringComparison.Ordinal));
        Assert.Single(page.FindAll(".entry"));
        Assert.Empty(page.FindAll(".entry-fate"));
        Assert.False(page.Find("[data-key=a]").HasAttribute("disabled"));

        world.Directory.Fault = null;
        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        world.Clock.Advance(Later);
        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll(".entry").Count));
        Assert.Empty(page.FindAll(".refusal"));
        Assert.Empty(page.FindAll(".entry-fate"));
    }

    [Fact]
    public async Task An_inbox_that_opens_meanwhile_is_not_called_empty()
    {
        await using var world = await SeenByAsync(Company.Priya);
        await world.AskAsync();
        Silence(world);
        var page = Render<ApprovalsPage>();
        page.WaitForAssertion(() => Assert.Contains(Unknown, page.Find(".refusal").TextContent, StringComparison.Ordinal));
        Assert.Empty(page.FindAll(".empty-state"));

        world.Directory.Fault = null;
        world.Clock.Advance(Later);
        page.WaitForElement(".entry");
        Assert.Empty(page.FindAll(".refusal"));
    }

    [Fact]
    public async Task The_number_beside_the_word_stays()
    {
        await using var world = await SeenByAsync(Company.Priya);
        await world.AskAsync();
        Render<InboxWatch>();
        var count = Services.GetRequiredService<InboxCount>();
        Assert.Equal(1, count.Value);
        Silence(world);
        Hear();
        Assert.Equal(1, count.Value);
    }

    [Fact]
    public async Task A_request_keeps_its_decision_and_the_comment_that_is_typed()
    {
        await using var world = await SeenByAsync(Company.Priya);
        var asked = await world.AskAsync();
        var page = Render<RequestDetailsPage>(p => p.Add(r => r.Reference, asked.Reference));
        await page.WaitForElement("textarea").ChangeAsync(new() { Value = "Use the test vault." });

        Silence(world);
        Hear();
        page.WaitForAssertion(() => Assert.Contains(Unknown, page.Find(".refusal").TextContent, StringComparison.Ordinal));
        Assert.Equal("Use the test vault.", page.Find("textarea").GetAttribute("value"));
        Assert.DoesNotContain("identity.attempt_refused", await world.CodesAsync());
    }

    [Fact]
    public async Task The_home_page_says_it_and_shows_the_rest()
    {
        await using var world = await SeenByAsync(Company.Priya);
        await world.AskAsync();
        await world.AskAsync(Company.Priya);
        Silence(world);
        var page = Render<HomePage>();
        page.WaitForElement("#home-asked");
        Assert.Contains(Unknown, page.Find(".refusal").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll(".home-calm"));
    }

    [Fact]
    public async Task A_catalog_does_not_take_what_was_shown_before_for_what_the_reader_may_ask_for()
    {
        await using var world = await SeenByAsync(Company.Mira);
        var navigation = Services.GetRequiredService<NavigationManager>();
        navigation.NavigateTo("/catalog?show=all");
        var page = Render<CatalogBrowser>();
        page.WaitForAssertion(() => Assert.Equal(6, page.FindAll("tbody tr").Count));

        Silence(world);
        navigation.NavigateTo("/catalog?show=mine");
        page.WaitForAssertion(() => Assert.Contains(Unknown, page.Find(".refusal").TextContent, StringComparison.Ordinal));
        Assert.Empty(page.FindAll("tbody tr, .empty-state"));

        world.Directory.Fault = null;
        world.Clock.Advance(Later);
        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll("tbody tr").Count));
        Assert.Empty(page.FindAll(".refusal"));
    }

    private static void Silence(PortalWorld world)
    {
        world.Clock.Advance(Later);
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
    }

    private void Hear() => Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Request));
}
