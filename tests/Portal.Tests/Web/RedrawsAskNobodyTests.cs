using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;
using Portal.Tests.World;
using Portal.Web.Approvals;
using Portal.Web.Grants.Operations;
using Portal.Web.Layout;
using Portal.Web.Requests;

namespace Portal.Tests.Web;

/// <summary>A change is one redraw on every open page of everyone whom it concerns. It must not be as many questions to the directory; a command still is one.</summary>
public sealed class RedrawsAskNobodyTests : RequestScreen
{
    [Fact]
    public async Task What_is_on_screen_is_brought_up_to_date_without_a_question_and_a_command_is_one()
    {
        await using var world = await SeenByAsync(Company.Priya);
        var asked = await world.AskAsync();
        var inbox = Render<ApprovalsPage>();
        Render<InboxWatch>();
        var request = Render<RequestDetailsPage>(p => p.Add(r => r.Reference, asked.Reference));
        inbox.WaitForElement(".entry");
        request.WaitForElement("textarea");

        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var before = world.Directory.Asked;
        Hear(world, ChangeKind.Request);
        inbox.WaitForAssertion(() => Assert.Equal(2, inbox.FindAll(".entry").Count));
        Assert.Equal(2, Services.GetRequiredService<InboxCount>().Value);
        Assert.Equal(before, world.Directory.Asked);

        // She may approve, and so may she who asked still be given it: two questions.
        await inbox.Find("[data-key=a]").ClickAsync(new());
        inbox.WaitForElement(".entry-fate");
        Assert.Equal(before + 2, world.Directory.Asked);
    }

    [Fact]
    public async Task Operations_looks_every_ten_seconds_and_asks_no_more_often_than_an_answer_holds()
    {
        await using var world = await SeenByAsync(Company.Tomas);
        var page = Render<OperationsPage>();
        page.WaitForElement(".ops-verdict");
        var before = world.Directory.Asked;
        for (var tick = 0; tick < 4; tick++)
        {
            var drawn = page.RenderCount;
            world.Clock.Advance(TimeSpan.FromSeconds(10));
            page.WaitForState(() => page.RenderCount > drawn);
        }

        Assert.Equal(before, world.Directory.Asked);
    }

    [Fact]
    public async Task Who_left_the_approvers_is_shown_nothing_more_once_an_answer_no_longer_holds()
    {
        await using var world = await SeenByAsync(Company.Priya);
        await world.AskAsync();
        var inbox = Render<ApprovalsPage>();
        inbox.WaitForElement(".entry");
        world.Directory.Leave(Company.Priya, Company.PaymentsApprovers);
        world.Clock.Advance(TimeSpan.FromSeconds(51));
        Hear(world, ChangeKind.Request);
        inbox.WaitForElement(".entry-fate");
    }

    [Fact]
    public async Task What_a_command_was_told_holds_for_the_page_at_once()
    {
        await using var world = await SeenByAsync(Company.Priya);
        await world.AskAsync();
        var inbox = Render<ApprovalsPage>();
        inbox.WaitForElement(".entry");
        world.Directory.Leave(Company.Priya, Company.PaymentsApprovers);
        await inbox.Find("[data-key=a]").ClickAsync(new());
        inbox.WaitForElement(".entry-fate");
    }

    private void Hear(PortalWorld world, ChangeKind kind)
    {
        world.Clock.Advance(LiveChanges.Quiet);
        Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(kind));
    }
}
