using Microsoft.Playwright;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Core.Grants;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>The work takes longer than the access lasts.</summary>
[Collection(World.Journeys.Name)]
public sealed class MoreTimeTests(Stage stage) : BrowserTest(stage)
{
    [Fact]
    public async Task More_time_is_asked_for_on_the_access_itself_approved_anew_and_leaves_no_gap()
    {
        var secret = Stage.OwnSecret();
        var held = await Stage.HoldsAsync(Person.Mira, Person.Priya, Stage.Vault, secret, TimeSpan.FromMinutes(30), "Rotating the tokenizer key, INC-8102.");
        var mira = await SignedInAsync(Person.Mira, $"/requests/{held.Reference}");
        await Expect(mira.Page.GetByRole(AriaRole.Main)).ToContainTextAsync("role assignment");
        await mira.Page.GetByRole(AriaRole.Link, new() { Name = "Ask for more time" }).ClickAsync();

        // The form begins with what is held: the same role, words and length, from where the access ends.
        var form = new RequestFormPage(mira);
        await Expect(mira.Page.GetByText("You ask for more time.")).ToBeVisibleAsync();
        await Expect(mira.Page.GetByRole(AriaRole.Radio, new() { Name = "At a set time" })).ToBeCheckedAsync();
        await Expect(form.Justification).ToHaveValueAsync("Rotating the tokenizer key, INC-8102.");
        await form.Justification.FillAsync("Two of three hosts done, the third needs a restart. INC-8102.");
        await Expect(form.Forecast).ToContainTextAsync("This goes on from there.");
        var more = await form.SendAsync();
        await Expect(new RequestPage(mira).Main).ToContainTextAsync("Waiting for approval");

        var priya = await SignedInAsync(Person.Priya, $"/requests/{more}");
        await new RequestPage(priya).ApproveAsync();
        await Expect(new RequestPage(mira).CurrentStep).ToContainTextAsync("Scheduled");
        Stage.Clock.Advance(TimeSpan.FromMinutes(31));
        await Expect(new RequestPage(mira).CurrentStep).ToContainTextAsync("Active");
        await Stage.GrantReachesAsync(held, GrantState.Ended);

        var reader = new SandboxReaderPage(await VisitorAsync());
        await reader.OpenAsync();
        await reader.ReadAsync(Person.Mira, Stage.Vault, secret);
        await Expect(reader.Verdict).ToContainTextAsync("canary");
    }
}
