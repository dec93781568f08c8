using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;
using Portal.Core.Grants.Pauses;
using Portal.Tests.World;
using Portal.Web.Approvals;
using Portal.Web.Layout;

namespace Portal.Tests.Web;

public sealed class ApprovalsPageTests : RequestScreen
{
    private static readonly PauseInput Everything = new(PauseTarget.Everything, null, null, "A breach is looked into", false);

    [Fact]
    public async Task A_pause_that_is_set_or_lifted_meanwhile_shows_at_what_waits()
    {
        await using var world = await SeenByAsync(Company.Priya);
        await world.AskAsync();
        var page = Render<ApprovalsPage>();
        page.WaitForAssertion(() => Assert.False(page.Find("[data-key=a]").HasAttribute("disabled")));

        var pause = await world.PauseAsync(Everything);
        Hear();
        page.WaitForAssertion(() => Assert.True(page.Find("[data-key=a]").HasAttribute("disabled")));
        Assert.NotEmpty(page.FindAll(".decision-why"));

        Assert.Empty((await world.ResumeAsync(pause.PauseId)).Refusals);
        world.Clock.Advance(LiveChanges.Quiet);
        Hear();
        page.WaitForAssertion(() => Assert.False(page.Find("[data-key=a]").HasAttribute("disabled")));
        Assert.Empty(page.FindAll(".decision-why"));
    }

    [Fact]
    public async Task What_is_typed_stays_when_the_rest_of_an_entry_changes()
    {
        await using var world = await SeenByAsync(Company.Priya);
        await world.AskAsync();
        var page = Render<ApprovalsPage>();
        await page.WaitForElement("[data-key=d]").ClickAsync(new());
        await page.Find("textarea").ChangeAsync(new() { Value = "Use the test vault." });

        await world.PauseAsync(Everything);
        Hear();
        page.WaitForElement(".decision-why");
        Assert.Equal("Use the test vault.", page.Find("textarea").GetAttribute("value"));
    }

    private void Hear() => Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Pause));
}
