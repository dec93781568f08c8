using Bunit;
using Portal.Tests.World;
using Portal.Web.Home;

namespace Portal.Tests.Web;

/// <summary>What somebody sees who came for a secret.</summary>
public sealed class HomePageTests : BunitContext
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_open_comes_before_what_begins_later_and_what_closes_first_before_all(bool everyones)
    {
        await using var world = await this.OpenForAsync(everyones ? Company.Tomas : Company.Mira);
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.Stripe, minutes: 60));
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword, minutes: 30));
        await world.WorkAsync();
        // The latest of all: by the order in which they were made it would come first.
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.Stripe, start: world.Clock.GetUtcNow().AddHours(3)));

        var page = Render<HomePage>();
        page.WaitForElement(everyones ? "#home-everyones" : "#home-held");
        var cards = page.FindAll(".home-grants > *").Select(card => card.TextContent).ToList();
        Assert.Equal(3, cards.Count);
        Assert.Contains("ledger", cards[0], StringComparison.Ordinal);
        Assert.Contains("stripe", cards[1], StringComparison.Ordinal);
        Assert.Contains("Scheduled", cards[2], StringComparison.Ordinal);
    }
}
