using Microsoft.Playwright;
using Portal.Benchmarks.World;
using Portal.BrowserTests.World;
using Portal.Sandbox.Company;

namespace Portal.Benchmarks;

/// <summary>From a click to the change of the document, in Chromium, on a list of twenty and on a bare page. Timed inside the page, so that the driver's way is not in it.</summary>
internal static class Clicks
{
    // A click that opens something and one that closes it: both go to the server and come back as a change of the document.
    private const string Click = """
        async ([selector, count]) => {
            const times = [];
            for (let i = 0; i < count; i++) {
                const button = document.querySelector(selector[i % selector.length]);
                const changed = new Promise(done => {
                    const watch = new MutationObserver(() => { watch.disconnect(); done(performance.now()); });
                    watch.observe(document.querySelector("[data-clicks]") ?? document.body, { childList: true, subtree: true });
                });
                const start = performance.now();
                button.click();
                times.push(await changed - start);
                await new Promise(done => setTimeout(done, 20));
            }
            return times;
        }
        """;

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        try
        {
            await using var bare = await BareApp.StartAsync(directory);
            await using var portal = await HostProcess.StartAsync();
            using var playwright = await Playwright.CreateAsync();
            await using var browser = await Chromium.StartAsync(playwright);
            var bound = await browser.NewPageAsync();
            await Tabs.OpenAsync(bound, bare.Address + "/bare");
            var list = await Tabs.SignInAsync(browser, portal.Address, FenwickCompany.Mira);
            await Tabs.OpenAsync(list, portal.Address + "/grants");
            // The countdowns of the list change by themselves; only the place that is clicked is watched.
            await list.EvaluateAsync("() => document.querySelector('.grant-do').setAttribute('data-clicks', '')");
            string[] ask = ["[data-click]"];
            string[] open = ["[data-clicks] button", "[data-clicks] .end-buttons button:last-child"];

            var (few, many) = (new List<double>(), new List<double>());
            await ClickAsync(bound, ask, 20);
            await ClickAsync(list, open, 20);
            for (var round = 0; round < (smoke ? 1 : 20); round++)
            {
                few.AddRange(await ClickAsync(bound, ask, 20));
                many.AddRange(await ClickAsync(list, open, 20));
            }

            Report.Row("click to document", "p50 ms", "p95 ms", "ratio at p50", "ratio at p95");
            Report.Row("---", "---", "---", "---", "---");
            Tell("bare page", few, few);
            Tell("`/grants`, 20 rows", many, few);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<double[]> ClickAsync(IPage page, string[] selectors, int count) =>
        await page.EvaluateAsync<double[]>(Click, new object[] { selectors, count });

    private static void Tell(string what, List<double> times, List<double> bound) => Report.Row(what, Report.Text(Report.Median(times)), Report.Text(Report.Percentile(times, 0.95)),
        Report.Text(Report.Median(times) / Report.Median(bound)), Report.Text(Report.Percentile(times, 0.95) / Report.Percentile(bound, 0.95)));
}
