using Microsoft.Playwright;

namespace Portal.Benchmarks.World;

/// <summary>Tabs of a browser in which somebody is signed in.</summary>
internal static class Tabs
{
    /// <summary>Opens a browser context and signs somebody in.</summary>
    public static async Task<IPage> SignInAsync(IBrowser browser, string portal, Guid person)
    {
        var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 }, Locale = "en-GB", ReducedMotion = ReducedMotion.Reduce });
        context.SetDefaultTimeout(60_000);
        var page = await context.NewPageAsync();
        await page.GotoAsync(portal + "/");
        await page.Locator($"button[value='{person}']").ClickAsync();
        await AliveAsync(page);
        return page;
    }

    /// <summary>Opens an address and waits for its circuit.</summary>
    public static async Task OpenAsync(IPage page, string address)
    {
        await page.GotoAsync(address);
        await AliveAsync(page);
    }

    private static Task AliveAsync(IPage page) => page.Locator("[data-interactive]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
}
