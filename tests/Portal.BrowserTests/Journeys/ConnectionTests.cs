using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Core.Requests;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>A laptop sleeps, a train enters a tunnel, a portal is started anew: what was written on a page meanwhile is not lost.</summary>
[Collection(World.Journeys.Name)]
public sealed class ConnectionTests(Stage stage) : BrowserTest(stage)
{
    [Fact]
    public async Task What_is_written_while_nothing_reaches_the_portal_counts_once_the_connection_is_back()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Comparing in a tunnel.");
        var priya = await SignedInAsync(Person.Priya);
        var line = await Line.OfAsync(priya.Page);
        await priya.OpenAsync($"/requests/{asked.Reference}");

        priya.Expected = "Connection disconnected";
        line.Dead = true;
        await priya.Page.GetByLabel("Comment").FillAsync("Only until Friday.");
        await priya.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).ClickAsync();
        line.Dead = false;
        await line.CutAsync();
        await Expect(priya.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);

        await new RequestPage(priya).ApproveAsync();
        await Expect(new RequestPage(priya).Main).ToContainTextAsync("Priya Raman approved");
        Assert.Equal("Only until Friday.", await CommentOnAsync(asked));
    }

    [Fact]
    public async Task What_is_written_outlives_a_page_that_goes_on_in_a_new_circuit()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Decided in two goes.");
        var other = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Decided at once.");
        var priya = await SignedInAsync(Person.Priya, "/approvals");
        var entry = new ApprovalsPage(priya).EntryOf(asked.Reference);
        await entry.GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        await entry.GetByLabel("Why not?").PressSequentiallyAsync("Please say which rates.");

        await priya.Page.EvaluateAsync("() => Blazor.pauseCircuit()");
        await priya.Page.GetByRole(AriaRole.Button, new() { Name = "Go on" }).ClickAsync();

        await Expect(entry.GetByLabel("Why not?")).ToHaveValueAsync("Please say which rates.");
        await Expect(new ApprovalsPage(priya).EntryOf(other.Reference).GetByLabel("Why not?")).ToHaveCountAsync(0);
        await entry.GetByRole(AriaRole.Button, new() { Name = "Deny with this comment" }).ClickAsync();
        await Expect(entry).ToContainTextAsync("Denied by you");
        Assert.Equal("Please say which rates.", await CommentOnAsync(asked));
        await new ApprovalsPage(priya).ApproveAsync(other.Reference);
        await Stage.UntilAsync("the other is decided", db => db.AccessRequests.AnyAsync(r => r.Id == other.RequestId && r.State == RequestState.Approved));
    }

    [Fact]
    public async Task What_is_written_and_chosen_outlives_a_portal_that_does_not_know_the_page_any_more()
    {
        var address = $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}";
        var mira = await SignedInAsync(Person.Mira, address);
        var form = new RequestFormPage(mira);
        await form.ChooseLengthAsync("30 min");
        await form.Ticket.FillAsync("INC-9003");
        await form.Justification.FillAsync("Refunds fail since the restart.");
        await Expect(form.Forecast).ToContainTextAsync("30 min");

        // As a portal answers that was started anew.
        await mira.Page.EvaluateAsync("() => { window.before = true; Blazor.resumeCircuit = async () => false; void Blazor.pauseCircuit(); }");
        await mira.Page.GetByRole(AriaRole.Button, new() { Name = "Go on" }).ClickAsync();
        await mira.Page.WaitForFunctionAsync("() => !window.before");
        await mira.AliveAsync();

        await Expect(form.Justification).ToHaveValueAsync("Refunds fail since the restart.");
        await Expect(form.Ticket).ToHaveValueAsync("INC-9003");
        await Expect(form.Forecast).ToContainTextAsync("30 min");
        await form.SendAsync();
        var request = new RequestPage(mira);
        await Expect(request.Main).ToContainTextAsync("Refunds fail since the restart.");
        await Expect(request.Main).ToContainTextAsync("INC-9003");
        await Expect(request.Main).ToContainTextAsync("30 min");

        // Once: the next form for the same is empty.
        Assert.Equal(0, await mira.Page.EvaluateAsync<int>("() => sessionStorage.length"));
    }

    private async Task<string?> CommentOnAsync(SubmittedRequest asked)
    {
        await Stage.UntilAsync("the request is decided", db => db.ApprovalDecisions.AnyAsync(a => a.RequestId == asked.RequestId));
        return await Stage.ReadAsync(db => db.ApprovalDecisions.Where(a => a.RequestId == asked.RequestId).Select(a => a.Comment).SingleAsync());
    }

    /// <summary>The line between a page and the portal.</summary>
    private sealed class Line
    {
        private IWebSocketRoute? _page;
        private IWebSocketRoute? _portal;

        /// <summary>Whether what the page sends gets lost, and nobody notices.</summary>
        public bool Dead { get; set; }

        public static async Task<Line> OfAsync(IPage page)
        {
            var line = new Line();
            await page.RouteWebSocketAsync("**/_blazor?**", line.Connect);
            return line;
        }

        /// <summary>Breaks it. The page connects again at once.</summary>
        public async Task CutAsync()
        {
            await _portal!.CloseAsync();
            await _page!.CloseAsync();
        }

        private void Connect(IWebSocketRoute page)
        {
            _page = page;
            _portal = page.ConnectToServer();
            page.OnMessage(frame =>
            {
                if (Dead)
                    return;
                if (frame.Binary is { } binary)
                    _portal.Send(binary);
                else
                    _portal.Send(frame.Text!);
            });
        }
    }
}
