using Microsoft.Playwright;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Sandbox.Company;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>A role that is taken away, or a sign-in that is ended, while a page of its holder is open. It waits for a minute of the real clock, so it has a stage of its own.</summary>
public sealed class LostRoleTests(Stage stage) : BrowserTest(stage), IClassFixture<Stage>
{
    private const string Role = "Requester";

    [Fact]
    public async Task It_is_gone_at_the_next_command_and_closes_the_page_within_a_minute()
    {
        const string why = "The label printer has forgotten its password.";
        var jonas = await SignedInAsync(Person.Jonas, "/catalog/kv-logistics-prod/label-printer-admin-password");
        var form = new RequestFormPage(jonas);
        await form.Justification.FillAsync(why);
        var directory = Stage.Sandbox.Control.Directory;
        var application = directory.FindApplication(FenwickCompany.PortalClientId)!;
        Assert.True(directory.RemoveAppRole(Person.Jonas.Id, application, Role));
        await form.Send.ClickAsync();
        await Expect(jonas.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Your account may not use the portal any more.");
        await Expect(form.Justification).ToHaveValueAsync(why);
        Assert.Equal(0, await Stage.RequestsWithAsync(why));

        // The promise is a minute; the page looks again by the real clock.
        await Expect(jonas.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Signed out because your access changed", new() { Timeout = 60_000 });
    }

    [Fact]
    public async Task Signing_out_in_one_tab_ends_the_others_within_a_minute()
    {
        var mira = await SignedInAsync(Person.Mira, "/requests");
        var other = await mira.Context.NewPageAsync();
        await other.GotoAsync(Stage.Address + "/catalog");
        await Expect(other.Locator(".catalog")).ToBeVisibleAsync();
        await mira.Page.Locator(".account-button").ClickAsync();
        await mira.Page.Locator("form[action='/account/signout'] button").ClickAsync();
        // The promise is a minute; the page looks again by the real clock.
        await Expect(other.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("You are signed out", new() { Timeout = 60_000 });
    }
}
