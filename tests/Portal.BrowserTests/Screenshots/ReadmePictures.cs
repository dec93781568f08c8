using Microsoft.Playwright;
using Portal.BrowserTests.Accessibility;
using Portal.BrowserTests.Pages;
using Portal.BrowserTests.World;
using static Microsoft.Playwright.Assertions;

namespace Portal.BrowserTests.Screenshots;

/// <summary>Takes the pictures of the README. Not a test: <c>bash tests/screenshots</c> runs it, and nothing else does.</summary>
public sealed class ReadmePictures(LooksStage stage) : BrowserTest(stage)
{
    /// <summary>The environment variable that names the directory of the pictures.</summary>
    public const string Directory = "SCREENSHOTS";

    private static readonly (int Width, int Height) Desk = (1280, 800);
    private static readonly (int Width, int Height) TallDesk = (1280, 1300);
    private static readonly (int Width, int Height) Phone = (390, 844);

    [Fact(Explicit = true)]
    public async Task Take_them()
    {
        var world = await ScreenWorld.MakeAsync(Stage);
        // Not everything happens at the same moment.
        Stage.Clock.Advance(TimeSpan.FromMinutes(17));
        await Stage.AskAsync(Person.Mira, "kv-payments-prod", "sepa-gateway-password", TimeSpan.FromHours(1), "The SEPA gateway locks our account after each retry; resetting the password together with the bank.", "INC-7740");
        Stage.Clock.Advance(TimeSpan.FromMinutes(4));

        var mira = await SignedInAsync(Person.Mira);
        await TakeAsync(mira, "home", "/", "paypal-client-secret", Desk);
        await TakeAsync(mira, "catalog", "/catalog", "kv-payments-prod", Desk);
        var request = new RequestPage(mira);
        await request.OpenAsync(world.Active.Reference);
        await request.Test.ClickAsync();
        await Expect(mira.Page.GetByText("The secret is open to you.")).ToBeVisibleAsync();
        await TakeAsync(mira, "request", null, "The secret is open to you.", TallDesk);

        var priya = await SignedInAsync(Person.Priya);
        await TakeAsync(priya, "approvals", "/approvals", world.Waiting.Reference, Desk);
        await TakeAsync(await SignedInAsync(Person.Priya, phone: true), "approvals-phone", "/approvals", world.Waiting.Reference, Phone);

        var ingrid = await SignedInAsync(Person.Ingrid);
        await TakeAsync(ingrid, "audit", "/audit", world.Waiting.Reference, Desk);
    }

    /// <summary>One picture in light and one in dark.</summary>
    private static async Task TakeAsync(Visitor visitor, string name, string? url, string text, (int Width, int Height) size)
    {
        var page = visitor.Page;
        await page.SetViewportSizeAsync(size.Width, size.Height);
        if (url is not null)
            await visitor.OpenAsync(url);
        await Expect(page.GetByRole(AriaRole.Main).GetByText(text).First).ToBeVisibleAsync();
        await page.EvaluateAsync("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }");
        foreach (var (scheme, ending) in ((ColorScheme, string)[])[(ColorScheme.Light, ""), (ColorScheme.Dark, "-dark")])
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            await page.ScreenshotAsync(new() { Path = Path.Combine(Environment.GetEnvironmentVariable(Directory)!, $"{name}{ending}.png"), Animations = ScreenshotAnimations.Disabled });
        }
    }
}
