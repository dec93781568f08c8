using Bunit;
using Portal.Tests.World;
using Portal.Web.Catalog;
using Portal.Web.Components;
using Portal.Web.Layout;
using Portal.Web.Requests;

namespace Portal.Tests.Web;

/// <summary>Where the focus and the way back stand.</summary>
public sealed class LayoutTests : BunitContext
{
    [Theory]
    [InlineData("/audit?request=R-AAAAAAA&view=timeline")]
    [InlineData("/catalog/kv-payments-prod")]
    public async Task A_page_that_failed_is_loaded_again_at_its_own_address(string address)
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        this.GoTo(address);
        var again = Render<PageFailed>().Find("a.button");
        Assert.Equal(address, again.GetAttribute("href"));
        // Without this it would be another page of the same circuit, and not the same page loaded again.
        Assert.Equal("_top", again.GetAttribute("target"));
    }

    [Fact]
    public async Task The_heading_of_a_request_stays_the_same_whatever_is_found_under_it()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var asked = await world.AskAsync();
        var page = Render<RequestDetailsPage>(p => p.Add(r => r.Reference, asked.Reference));
        page.WaitForElement(".request");
        var heading = page.FindComponent<PageHeading>().Instance;
        page.Render(p => p.Add(r => r.Reference, "R-NOWHERE"));
        page.WaitForElement(".empty-state");
        Assert.Same(heading, page.FindComponent<PageHeading>().Instance);
        Assert.Single(page.FindAll("h1"));
    }

    [Fact]
    public async Task The_heading_of_the_catalog_stays_the_same_for_all_of_it_and_for_a_vault()
    {
        await using var world = await this.OpenForAsync(Company.Mira);
        var page = Render<CatalogBrowser>();
        page.WaitForElement(".catalog");
        var heading = page.FindComponent<PageHeading>().Instance;
        page.Render(p => p.Add(b => b.VaultName, "kv-payments-prod"));
        page.WaitForAssertion(() => Assert.Equal("kv-payments-prod", page.Find("h1").TextContent.Trim()));
        Assert.Same(heading, page.FindComponent<PageHeading>().Instance);
        Assert.Single(page.FindAll(".page-above a"));
    }
}
