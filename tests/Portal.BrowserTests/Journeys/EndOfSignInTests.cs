using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using Portal.Web.SignIn;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Journeys;

/// <summary>A sign-in that runs out in time while something is written on a page. The cloud's clock leaps, so it has a stage of its own.</summary>
public sealed class EndOfSignInTests(Stage stage) : BrowserTest(stage), IClassFixture<Stage>
{
    [Fact]
    public async Task What_is_written_is_there_again_once_its_writer_has_signed_in_anew()
    {
        var mira = await ShortlyBeforeTheEndAsync();
        var address = $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}";
        await mira.OpenAsync(address);
        await AssertKeptAsync(mira, address);
    }

    [Fact]
    public async Task So_it_is_on_a_page_that_came_after_one_that_said_what_went_wrong()
    {
        var mira = await ShortlyBeforeTheEndAsync();
        var address = $"/catalog/{Stage.Vault}/{Stage.OwnSecret()}";
        await mira.Page.GotoAsync("/problem/404");
        await mira.Page.Locator("main a.button").ClickAsync();
        await mira.AliveAsync();
        await mira.Page.EvaluateAsync("address => Blazor.navigateTo(address)", address);
        await AssertKeptAsync(mira, address);
    }

    private async Task<Visitor> ShortlyBeforeTheEndAsync()
    {
        var mira = await SignedInAsync(Person.Mira);
        Stage.Clock.Advance(OpenSignIns.Longest - TimeSpan.FromSeconds(30));
        return mira;
    }

    private async Task AssertKeptAsync(Visitor mira, string address)
    {
        const string why = "Written for an hour, until three in the morning.";
        var form = new RequestFormPage(mira);
        await form.Justification.FillAsync(why);
        await Expect(form.Justification).ToHaveValueAsync(why);

        // By the browser's own clock. The page asks first whether there is a server to load it anew from.
        mira.Expected = "status of 401";
        await mira.Page.WaitForURLAsync(url => !url.StartsWith(Stage.Address, StringComparison.Ordinal), new() { Timeout = 120_000 });
        await new SandboxSignInPage(mira.Page).ChooseAsync(Person.Mira);
        await mira.AliveAsync();
        await Expect(mira.Page).ToHaveURLAsync(Stage.Address + address);
        await Expect(form.Justification).ToHaveValueAsync(why);
    }
}
