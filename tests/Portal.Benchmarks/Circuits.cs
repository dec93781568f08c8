using Microsoft.Playwright;
using Portal.Benchmarks.World;
using Portal.BrowserTests.World;
using Portal.Sandbox.Company;

namespace Portal.Benchmarks;

/// <summary>What an open tab costs the server: managed heap per circuit, open and paused, of lists of twenty and of a bare page. The tabs are Chromium's; each server is a process of its own.</summary>
internal static class Circuits
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        try
        {
            var count = smoke ? 2 : 20;
            await using var bare = await BareApp.StartAsync(directory);
            await using var portal = await HostProcess.StartAsync();
            using var playwright = await Playwright.CreateAsync();
            await using var browser = await Chromium.StartAsync(playwright);
            var anonymous = await browser.NewContextAsync();
            var signedIn = (await Tabs.SignInAsync(browser, portal.Address, FenwickCompany.Mira)).Context;
            var bareTabs = await OpenAsync(anonymous, count);
            var portalTabs = await OpenAsync(signedIn, count);

            Report.Line($"{count} tabs of each");
            Report.Row("page", "heap KB per circuit", "ratio", "paused KB");
            Report.Row("---", "---", "---", "---");
            var turns = smoke ? 1 : 3;
            var bound = await MedianAsync(turns, bareTabs, bare.Address + "/bare", bare.HeapAsync);
            Tell("bare", bound, bound);
            foreach (var page in (string[])["/requests", "/grants", "/catalog"])
                Tell(page, await MedianAsync(turns, portalTabs, portal.Address + page, portal.HeapAsync), bound);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<List<IPage>> OpenAsync(IBrowserContext context, int count)
    {
        context.SetDefaultTimeout(60_000);
        var tabs = new List<IPage>();
        for (var i = 0; i < count; i++)
            tabs.Add(await context.NewPageAsync());
        return tabs;
    }

    /// <summary>The median of some turns, after one that fills caches and compiles.</summary>
    private static async Task<(double Open, double Paused)> MedianAsync(int turns, List<IPage> tabs, string address, Func<Task<long>> heapAsync)
    {
        await MeasureAsync(tabs, address, heapAsync);
        var all = new List<(double Open, double Paused)>();
        for (var i = 0; i < turns; i++)
            all.Add(await MeasureAsync(tabs, address, heapAsync));
        return (all.Select(m => m.Open).Order().ElementAt(turns / 2), all.Select(m => m.Paused).Order().ElementAt(turns / 2));
    }

    private static async Task<(double Open, double Paused)> MeasureAsync(List<IPage> tabs, string address, Func<Task<long>> heapAsync)
    {
        await LeaveAsync(tabs);
        var before = await heapAsync();
        foreach (var tab in tabs)
            await Tabs.OpenAsync(tab, address);
        await Task.Delay(Settling);
        var open = await heapAsync();
        foreach (var tab in tabs)
            if (!await tab.EvaluateAsync<bool>("() => Blazor.pauseCircuit()"))
                throw new InvalidOperationException("A circuit was not paused.");
        await Task.Delay(Settling);
        var paused = await heapAsync();
        await LeaveAsync(tabs);
        // What the first turn left in caches for good belongs to no tab.
        var after = await heapAsync();
        var rest = Math.Max(before, after);
        return (PerTab(open), PerTab(paused));

        double PerTab(long heap) => (heap - rest) / 1024.0 / tabs.Count;
    }

    // Leaving a page tells the server, which forgets its circuit at once.
    private static async Task LeaveAsync(List<IPage> tabs)
    {
        foreach (var tab in tabs)
            await tab.GotoAsync("about:blank");
        await Task.Delay(Settling);
    }

    private static void Tell(string page, (double Open, double Paused) heap, (double Open, double Paused) bound) =>
        Report.Row($"`{page}`", Report.Text(heap.Open), Report.Text(heap.Open / bound.Open), Report.Text(heap.Paused));
}
