using Microsoft.Playwright;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Core.Approvals;
using Portal.Core.Requests;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>Keys are for people in a hurry: none of them decides what was not meant.</summary>
[Collection(World.Journeys.Name)]
public sealed class KeyboardTests(Stage stage) : BrowserTest(stage)
{
    [Fact]
    public async Task Going_to_the_approvals_slowly_approves_nothing()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Reading the settings.");
        var priya = await SignedInAsync(Person.Priya, $"/requests/{asked.Reference}");
        await Expect(Approve(priya.Page)).ToBeEnabledAsync();
        var now = new DateTime(2026, 3, 2, 9, 0, 0, DateTimeKind.Utc);
        await priya.Page.Clock.SetFixedTimeAsync(now);
        await priya.Page.Keyboard.PressAsync("g");
        await priya.Page.Clock.SetFixedTimeAsync(now.AddSeconds(5));
        await priya.Page.Keyboard.PressAsync("a");
        await Expect(priya.Page).ToHaveURLAsync(Stage.Address + "/approvals");
        Assert.Equal(RequestState.Pending, await Stage.StateOfAsync(asked));
    }

    [Fact]
    public async Task Whoever_begins_to_go_and_thinks_better_of_it_goes_nowhere_and_decides_nothing()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Reading the limits.");
        var priya = await SignedInAsync(Person.Priya, "/approvals");
        var entry = new ApprovalsPage(priya).EntryOf(asked.Reference);
        await entry.FocusAsync();
        // After g a letter is where to go, whether there is such a place or not.
        await priya.Page.Keyboard.PressAsync("g");
        await priya.Page.Keyboard.PressAsync("d");
        await Expect(entry.GetByLabel("Why not?")).ToHaveCountAsync(0);
        await priya.Page.Keyboard.PressAsync("g");
        await priya.Page.Keyboard.PressAsync("Escape");
        await priya.Page.Keyboard.PressAsync("d");
        await Expect(entry.GetByLabel("Why not?")).ToBeFocusedAsync();
        await Expect(priya.Page).ToHaveURLAsync(Stage.Address + "/approvals");
        await Stage.DecideAsync(Person.Priya, asked, Verdict.Approved);
    }

    [Fact]
    public async Task On_the_page_of_a_request_a_letter_leads_to_the_button_and_does_not_press_it()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Reading the fees.");
        var priya = await SignedInAsync(Person.Priya, $"/requests/{asked.Reference}");
        await Expect(Approve(priya.Page)).ToBeEnabledAsync();
        // A page that was just opened puts the focus on its heading, and would take it away from what a key led to before.
        await Expect(priya.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeFocusedAsync();
        await priya.Page.Keyboard.PressAsync("d");
        await Expect(priya.Page.GetByRole(AriaRole.Button, new() { Name = "Deny" })).ToBeFocusedAsync();
        await Expect(priya.Page.GetByText("A denial needs a comment.")).ToHaveCountAsync(0);
        await priya.Page.Keyboard.PressAsync("a");
        await Expect(Approve(priya.Page)).ToBeFocusedAsync();
        Assert.Equal(RequestState.Pending, await Stage.StateOfAsync(asked));
        await priya.Page.Keyboard.PressAsync("Enter");
        await Expect(new RequestPage(priya).Main).ToContainTextAsync("Priya Raman approved");
        Assert.Equal(RequestState.Approved, await Stage.StateOfAsync(asked));
    }

    [Fact]
    public async Task In_a_list_a_letter_decides_the_item_that_is_marked()
    {
        var asked = await Stage.AskAsync(Person.Mira, Stage.Vault, Stage.OwnSecret(), TimeSpan.FromMinutes(30), "Reading the rates.");
        var priya = await SignedInAsync(Person.Priya, "/approvals");
        var entry = new ApprovalsPage(priya).EntryOf(asked.Reference);
        await entry.FocusAsync();
        await priya.Page.Keyboard.PressAsync("a");
        await Expect(entry).ToContainTextAsync("Approved by you");
        Assert.Equal(RequestState.Approved, await Stage.StateOfAsync(asked));
    }

    private static ILocator Approve(IPage page) => page.GetByRole(AriaRole.Button, new() { Name = "Approve" });
}
