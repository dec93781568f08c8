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
}
