using Bunit;
using Portal.Tests.World;
using Portal.Web.Layout;

namespace Portal.Tests.Web;

/// <summary>Where a page that failed leads.</summary>
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
}
