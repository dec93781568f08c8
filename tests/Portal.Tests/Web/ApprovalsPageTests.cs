using Bunit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Catalog;
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

    [Fact]
    public async Task What_waits_still_is_not_called_gone_because_much_that_is_older_waits_for_the_reader_too()
    {
        await using var world = await SeenByAsync(Company.Priya);
        await using (var db = world.OpenDb())
        {
            var vault = await db.Vaults.SingleAsync(v => v.ArmId == Company.LogisticsVault, Ct);
            db.Secrets.AddRange(Enumerable.Range(0, 60).Select(i => new Secret(vault, FakeVaultInventory.Secret($"s-{i:00}"), PortalWorld.Start)));
            await db.SaveChangesAsync(Ct);
        }

        for (var i = 0; i < 60; i++)
            await world.AskAsync(Company.Jonas, PortalWorld.Draft(ArmId.OfSecret(Company.LogisticsVault, $"s-{i:00}"), ticket: "INC-1"));
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await world.AskAsync();
        var page = Render<ApprovalsPage>();
        page.WaitForAssertion(() => Assert.Single(page.FindAll(".entry")));

        world.Directory.Add(Company.Priya with { Groups = [.. Company.Priya.Groups, Company.LogisticsApprovers] });
        // Longer than any answer of the directory is used again.
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        Hear();
        page.WaitForAssertion(() => Assert.Equal(51, page.FindAll(".entry").Count), TimeSpan.FromSeconds(30));
        Assert.Empty(page.FindAll(".entry-fate"));
    }

    [Fact]
    public async Task What_is_decided_elsewhere_says_so_in_its_place()
    {
        await using var world = await SeenByAsync(Company.Priya);
        var asked = await world.AskAsync();
        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var page = Render<ApprovalsPage>();
        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll(".entry").Count));
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        Hear();
        page.WaitForElement(".entry-fate");
        Assert.Equal(2, page.FindAll(".entry").Count);
    }

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    private void Hear() => Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Pause));
}
