using System.Text.RegularExpressions;
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
        line.Swallows = true;
        await priya.Page.GetByLabel("Comment").FillAsync("Only until Friday.");
        await priya.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).ClickAsync();
        await line.HasSwallowed.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await line.BreakAsync();
        await Expect(priya.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);

        await new RequestPage(priya).ApproveAsync();
        await Expect(new RequestPage(priya).Main).ToContainTextAsync("Priya Raman approved");
        Assert.Equal("Only until Friday.", await Stage.CommentOnAsync(asked));
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

        // The form is closed again; what was written in it comes back with it.
        await entry.GetByRole(AriaRole.Button, new() { Name = "Deny", Exact = true }).ClickAsync();
        await Expect(entry.GetByLabel("Why not?")).ToHaveValueAsync("Please say which rates.");
        await Expect(new ApprovalsPage(priya).EntryOf(other.Reference).GetByLabel("Why not?")).ToHaveCountAsync(0);
        await entry.GetByRole(AriaRole.Button, new() { Name = "Deny with this comment" }).ClickAsync();
        await Expect(entry).ToContainTextAsync("Denied by you");
        Assert.Equal("Please say which rates.", await Stage.CommentOnAsync(asked));
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

        // Started anew, a portal is not quite there at first.
        mira.Expected = "Failed to load resource";
        await mira.Page.RouteAsync("**" + address, route => route.FulfillAsync(new() { Status = 503, Body = "Not yet." }), new() { Times = 1 });
        await IsNotKnownAnyMoreAsync(mira);
        await Expect(mira.Page.Locator("body")).ToHaveTextAsync("Not yet.");
        await mira.OpenAsync(address);

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

    [Fact]
    public async Task What_is_chosen_while_the_page_is_loaded_again_counts_and_not_what_was_chosen_before()
    {
        var address = $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}";
        var mira = await SignedInAsync(Person.Mira, address);
        var form = new RequestFormPage(mira);
        await form.ChooseLengthAsync("30 min");
        await form.Ticket.FillAsync("INC-9004");
        await Expect(form.Forecast).ToContainTextAsync("30 min");
        var arrives = new TaskCompletionSource();
        await mira.Page.RouteAsync("**/_blazor/negotiate*", async route =>
        {
            await arrives.Task;
            await route.ContinueAsync();
        });
        await IsNotKnownAnyMoreAsync(mira);
        await mira.Page.WaitForLoadStateAsync();
        await form.ChooseLengthAsync("4 h");
        arrives.SetResult();
        await mira.AliveAsync();

        await Expect(form.Ticket).ToHaveValueAsync("INC-9004");
        await Expect(mira.Page.GetByRole(AriaRole.Radio, new() { Name = "4 h" })).ToBeCheckedAsync();
        await Expect(form.Forecast).ToContainTextAsync("4 h");
    }

    [Fact]
    public async Task Whose_sign_in_has_expired_meanwhile_signs_in_again_and_goes_on_writing()
    {
        var address = $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}";
        var mira = await SignedInAsync(Person.Mira);
        var line = await Line.OfAsync(mira.Page);
        await mira.OpenAsync(address);
        await new RequestFormPage(mira).Justification.FillAsync("Written last night.");
        await mira.Context.ClearCookiesAsync();
        await line.BreakAsync(comesBack: false);
        var again = mira.Page.Locator("#components-reconnect-button");
        await Expect(mira.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        // It can be pressed once the browser has given up, which takes longer than anybody would wait here.
        await again.DispatchEventAsync("click");

        await new SandboxSignInPage(mira.Page).ChooseAsync(Person.Mira);
        await mira.AliveAsync();
        await Expect(new RequestFormPage(mira).Justification).ToHaveValueAsync("Written last night.");
        // That it was refused a connection.
        mira.Forget();
    }

    [Fact]
    public async Task Somebody_else_who_signs_in_is_not_given_what_was_written()
    {
        var address = $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}";
        var mira = await SignedInAsync(Person.Mira, address);
        await new RequestFormPage(mira).Ticket.FillAsync("INC-9005");
        await new RequestFormPage(mira).Justification.FillAsync("Mine alone.");
        await mira.Context.ClearCookiesAsync();
        await IsNotKnownAnyMoreAsync(mira);

        await new SandboxSignInPage(mira.Page).ChooseAsync(Person.Priya);
        await mira.AliveAsync();
        await Expect(new RequestFormPage(mira).Justification).ToHaveValueAsync("");
        Assert.Equal(0, await mira.Page.EvaluateAsync<int>("() => sessionStorage.length"));
    }

    [Fact]
    public async Task A_filter_that_goes_somewhere_does_not_go_there_again_when_the_line_breaks()
    {
        var ingrid = await SignedInAsync(Person.Ingrid);
        var line = await Line.OfAsync(ingrid.Page);
        await ingrid.OpenAsync("/audit");
        ingrid.Expected = "Connection disconnected";
        await ingrid.Page.GetByLabel("Day", new() { Exact = true }).FillAsync("2026-01-05");
        await Expect(ingrid.Page).ToHaveURLAsync(new Regex("from="));
        await ingrid.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }).ClickAsync();
        var steps = await StepsAsync();
        await line.BreakAsync();
        await Expect(ingrid.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        // The server answers in order: whatever it may have been told before, it has done by then.
        var more = ingrid.Page.Locator(".audit-more");
        var unfolded = await more.GetAttributeAsync("aria-expanded");
        await more.DispatchEventAsync("click");
        await Expect(more).Not.ToHaveAttributeAsync("aria-expanded", unfolded!);
        Assert.Equal(steps, await StepsAsync());

        Task<int> StepsAsync() => ingrid.Page.EvaluateAsync<int>("() => history.length");
    }

    // As a portal answers that was started anew.
    private static async Task IsNotKnownAnyMoreAsync(Visitor visitor)
    {
        await visitor.Page.EvaluateAsync("async () => { window.before = true; Blazor.resumeCircuit = async () => false; await Blazor.pauseCircuit(); }");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Go on" }).ClickAsync();
        await visitor.Page.WaitForFunctionAsync("() => !window.before");
    }

    /// <summary>The line between a page and the portal.</summary>
    private sealed class Line
    {
        private readonly TaskCompletionSource _swallowed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private IWebSocketRoute? _page;

        /// <summary>Whether what the page sends gets lost, and nobody notices.</summary>
        public bool Swallows { get; set; }

        /// <summary>Done once something got lost.</summary>
        public Task HasSwallowed => _swallowed.Task;

        public static async Task<Line> OfAsync(IPage page)
        {
            var line = new Line();
            await page.RouteWebSocketAsync("**/_blazor?**", line.Connect);
            return line;
        }

        /// <summary>Breaks it.</summary>
        /// <param name="comesBack">Whether to wait until the page has connected again, which it does at once when it may.</param>
        public async Task BreakAsync(bool comesBack = true)
        {
            var page = _page!;
            _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Swallows = false;
            await page.CloseAsync();
            if (!comesBack)
                return;
            await _connected.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        }

        private void Connect(IWebSocketRoute page)
        {
            var portal = page.ConnectToServer();
            _page = page;
            page.OnMessage(frame =>
            {
                if (Swallows)
                    _swallowed.TrySetResult();
                else if (frame.Binary is { } binary)
                    portal.Send(binary);
                else
                    portal.Send(frame.Text!);
            });
            _connected.TrySetResult();
        }
    }
}
