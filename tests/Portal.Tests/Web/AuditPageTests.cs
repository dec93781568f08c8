using Bunit;
using Portal.Tests.Audit;
using Portal.Tests.World;
using Portal.Web.Audit;

namespace Portal.Tests.Web;

/// <summary>The audit page shows what its address says, page by page, both ways.</summary>
public sealed class AuditPageTests : BunitContext
{
    [Fact]
    public async Task Pages_are_addresses_that_lead_to_the_end_and_back()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        await AuditListTests.AddAsync(world, 110, seed: 3);
        this.GoTo("/audit?vault=kv-a");
        var first = Render<AuditPage>();
        var total = await world.ReadAsync(db => Task.FromResult(db.AuditEvents.Count(e => e.VaultName == "kv-a")));
        first.WaitForAssertion(() => Assert.Equal($"{total} events", first.Find(".audit-pager span").TextContent));
        Assert.InRange(total, 51, 99);
        Assert.Equal(["Earlier", "Earliest"], Links(first));

        // The page follows the address: both links are taken while it is the first.
        var (earlier, earliest) = (Link(first, "Earlier"), Link(first, "Earliest"));
        this.GoTo(earlier);
        var second = Render<AuditPage>();
        second.WaitForAssertion(() => Assert.Equal(total - 50, second.FindAll("tr[data-code]").Count));
        Assert.Equal(["Latest", "Later"], Links(second));

        this.GoTo(earliest);
        var last = Render<AuditPage>();
        last.WaitForAssertion(() => Assert.Equal(50, last.FindAll("tr[data-code]").Count));
        Assert.Equal(["Latest", "Later"], Links(last));
        this.GoTo(Link(last, "Later"));
        var back = Render<AuditPage>();
        back.WaitForAssertion(() => Assert.Equal(total - 50, back.FindAll("tr[data-code]").Count));
        Assert.Equal(["Earlier", "Earliest"], Links(back));
    }

    [Fact]
    public async Task What_is_searched_for_stands_in_the_address_and_can_be_kept_under_a_name()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        await AuditListTests.AddAsync(world, 30, seed: 3);
        this.GoTo("/audit");
        var page = Render<AuditPage>();
        page.Find("#filter-text").Change(" 100% \"mira\" ");
        await page.Find("form").SubmitAsync();
        Assert.Equal("/audit?text=100%25%20%22mira%22", this.Address());

        this.GoTo("/audit?text=mira&view=timeline");
        var found = Render<AuditPage>();
        found.WaitForAssertion(() => Assert.NotEmpty(found.FindAll(".timeline-event")));
        found.FindAll("button").Single(b => b.TextContent.Contains("Save this filter", StringComparison.Ordinal)).Click();
        await found.Find(".saved-form").SubmitAsync();
        Assert.Equal("This text is empty, or has only characters that nobody can see. Fill it in.", found.Find("#saved-name-fault").TextContent.Trim());
        Assert.Empty(found.FindAll(".refusal"));
        found.Find("#saved-name").Change("Mira’s");
        found.Find(".saved-form").Submit();
        found.WaitForAssertion(() => Assert.Equal("/audit?text=mira", found.Find(".saved-filter a").GetAttribute("href")));
        Assert.Equal("true", found.Find(".saved-filter a").GetAttribute("aria-current"));
        found.Find(".saved-filter button").Click();
        found.WaitForAssertion(() => Assert.Empty(found.FindAll(".saved-filter")));
    }

    [Fact]
    public async Task Filters_are_folded_until_they_are_wanted_and_when_something_is_wrong_with_them()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        this.GoTo("/audit?vault=kv-a");
        var page = Render<AuditPage>();
        Assert.Equal("false", Unfolded(page));
        page.Find(".audit-more").Click();
        Assert.Equal("true", Unfolded(page));
        Assert.Empty(page.FindAll(".audit-fields.folded"));
        // Applied, they make room for what they found.
        page.Find("#filter-secret").Input("key");
        await page.Find("form").SubmitAsync();
        var found = Render<AuditPage>();
        Assert.Equal("false", Unfolded(found));

        this.GoTo("/audit?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z");
        var wrong = Render<AuditPage>();
        wrong.WaitForAssertion(() => Assert.Equal("true", Unfolded(wrong)));

        static string? Unfolded(IRenderedComponent<AuditPage> page) => page.Find(".audit-more").GetAttribute("aria-expanded");
    }

    [Fact]
    public async Task A_day_leads_to_the_days_beside_it_also_where_clocks_change()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid, "Europe/Berlin");
        // The 29th of March 2026 has 23 hours there.
        this.GoTo("/audit?from=2026-03-28T23:00Z&to=2026-03-29T22:00Z");
        var page = Render<AuditPage>();
        page.WaitForAssertion(() => Assert.Equal("2026-03-29", page.Find(".audit-day input").GetAttribute("value")));
        var days = page.FindAll(".audit-presets a").Where(a => a.TextContent.StartsWith("Day ", StringComparison.Ordinal)).Select(a => a.GetAttribute("href")).ToArray();
        Assert.Equal(["/audit?from=2026-03-27T23%3A00Z&to=2026-03-28T23%3A00Z", "/audit?from=2026-03-29T22%3A00Z&to=2026-03-30T22%3A00Z"], days);
        page.Find(".audit-day input").Change("2026-01-01");
        Assert.Equal("/audit?from=2025-12-31T23%3A00Z&to=2026-01-01T23%3A00Z", this.Address());
    }

    [Theory]
    [InlineData("Europe/Berlin", "Times are in Europe/Berlin.")]
    [InlineData("Mars/Olympus_Mons", "Times are in UTC: this server does not know your time zone, Mars/Olympus_Mons.")]
    public async Task The_zone_in_which_days_and_times_are_meant_is_said_and_one_that_the_server_does_not_know(string zone, string says)
    {
        await using var world = await this.OpenForAsync(Company.Ingrid, zone);
        this.GoTo("/audit");
        var page = Render<AuditPage>();
        page.WaitForAssertion(() => Assert.Equal(says, page.Find(".audit-zone").TextContent));
    }

    [Fact]
    public async Task A_mark_that_is_none_is_said_and_nothing_is_shown()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        this.GoTo("/audit?before=nonsense");
        var page = Render<AuditPage>();
        page.WaitForAssertion(() => Assert.Single(page.FindAll(".refusal")));
        Assert.Empty(page.FindAll("tr[data-code]"));
    }

    private static IEnumerable<string> Links(IRenderedComponent<AuditPage> page) => page.FindAll(".audit-pager")[0].QuerySelectorAll("a").Select(a => a.TextContent);

    private static string Link(IRenderedComponent<AuditPage> page, string text) => page.FindAll(".audit-pager a").First(a => a.TextContent == text).GetAttribute("href")!;
}
