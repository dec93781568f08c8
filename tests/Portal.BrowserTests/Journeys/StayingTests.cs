using Microsoft.Playwright;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Core.Approvals;
using Portal.Core.Requests;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>What leads to another place of a page stays on it, and what was typed stays with it.</summary>
[Collection(World.Journeys.Name)]
public sealed class StayingTests(Stage stage) : BrowserTest(stage)
{
    [Fact]
    public async Task Skipping_to_the_content_leaves_a_form_as_it_was_filled_in()
    {
        var address = $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}";
        var mira = await SignedInAsync(Person.Mira, address);
        var form = new RequestFormPage(mira);
        await form.Justification.FillAsync("Half of a sentence");
        await mira.Page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" }).FocusAsync();
        await mira.Page.Keyboard.PressAsync("Enter");
        await Expect(new RequestPage(mira).Main).ToBeFocusedAsync();
        await Expect(mira.Page).ToHaveURLAsync(Stage.Address + address);
        await Expect(form.Justification).ToHaveValueAsync("Half of a sentence");
    }

    [Fact]
    public async Task Showing_what_arrived_stays_in_the_inbox()
    {
        var first = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Here before.");
        var priya = await SignedInAsync(Person.Priya, "/approvals");
        var inbox = new ApprovalsPage(priya);
        await Expect(inbox.EntryOf(first.Reference)).ToBeVisibleAsync();
        var second = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Arrived meanwhile.");
        var show = priya.Page.GetByRole(AriaRole.Link, new() { Name = "Show" });
        await show.ClickAsync();
        await Expect(inbox.EntryOf(second.Reference)).ToBeFocusedAsync();
        await Expect(priya.Page).ToHaveURLAsync(Stage.Address + "/approvals");
        await Expect(show).ToHaveCountAsync(0);
        foreach (var asked in (SubmittedRequest[])[first, second])
            await Stage.DecideAsync(Person.Priya, asked, Verdict.Approved);
    }

    [Fact]
    public async Task The_heading_of_a_request_keeps_the_focus_when_the_rest_arrives()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Opened from the list.");
        var mira = await SignedInAsync(Person.Mira, "/requests");
        await mira.Page.GetByRole(AriaRole.Link, new() { Name = asked.Reference }).ClickAsync();
        await Expect(new RequestPage(mira).Timeline.First).ToBeVisibleAsync();
        await Expect(mira.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeFocusedAsync();
        await Stage.DecideAsync(Person.Priya, asked, Verdict.Approved);
    }

    [Fact]
    public async Task What_is_typed_outlives_a_tab_that_is_hidden_for_long()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Decided after lunch.");
        var priya = await MayHideAsync($"/requests/{asked.Reference}");
        var request = new RequestPage(priya);
        var comment = priya.Page.GetByLabel("Comment");
        await comment.PressSequentiallyAsync("Only until");

        await HideAsync(priya.Page, hidden: true);
        foreach (var _ in Enumerable.Range(0, 4))
            Assert.Equal(0, await PausesAfterLongAsync(priya.Page));
        await HideAsync(priya.Page, hidden: false);

        await Expect(comment).ToHaveValueAsync("Only until");
        await comment.PressSequentiallyAsync(" Friday.");
        await request.ApproveAsync();
        await Expect(request.Main).ToContainTextAsync("Only until Friday.");
    }

    [Fact]
    public async Task A_tab_that_is_hidden_for_long_with_nothing_typed_lets_go_and_goes_on_when_it_is_seen()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Left open.");
        var priya = await MayHideAsync($"/requests/{asked.Reference}");
        await HideAsync(priya.Page, hidden: true);
        Assert.Equal(1, await PausesAfterLongAsync(priya.Page));
        await HideAsync(priya.Page, hidden: false);

        var request = new RequestPage(priya);
        await Expect(priya.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await request.ApproveAsync();
        await Expect(request.Main).ToContainTextAsync("Priya Raman approved");
    }

    // Minutes go by when the test says so. Not by a clock of the browser's: the connection would miss its pings.
    private async Task<Visitor> MayHideAsync(string url)
    {
        var priya = await SignedInAsync(Person.Priya);
        await priya.Page.AddInitScriptAsync("""
            window.afterLong = [];
            const timeout = window.setTimeout;
            window.setTimeout = (call, ms, ...rest) => ms === 5 * 60 * 1000 ? (afterLong.push(call), 0) : timeout(call, ms, ...rest);
            """);
        await priya.OpenAsync(url);
        await Expect(priya.Page.GetByRole(AriaRole.Button, new() { Name = "Approve" })).ToBeEnabledAsync();
        await priya.Page.EvaluateAsync("""
            () => {
                const pause = Blazor.pauseCircuit;
                window.pauses = 0;
                Blazor.pauseCircuit = async () => await pause() && Boolean(++pauses);
            }
            """);
        return priya;
    }

    private static Task<int> PausesAfterLongAsync(IPage page) => page.EvaluateAsync<int>("async () => { for (const call of afterLong.splice(0)) await call(); return pauses; }");

    // No tab of a test is ever really hidden.
    private static Task HideAsync(IPage page, bool hidden) => page.EvaluateAsync("""
        hidden => {
            Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event('visibilitychange'));
        }
        """, hidden);
}
