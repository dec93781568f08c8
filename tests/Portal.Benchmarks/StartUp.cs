using System.Diagnostics;
using Portal.Benchmarks.World;

namespace Portal.Benchmarks;

/// <summary>From the start of the process to the first 200, as shipped: Release with ReadyToRun, in Production, the database there already.</summary>
internal static class StartUp
{
    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        try
        {
            // A ReadyToRun build takes minutes.
            var bound = await Published.MakeAsync(BareApp.Project, directory, readyToRun: !smoke);
            var portal = await Published.MakeAsync("src/Portal.Web/Portal.Web.csproj", directory, readyToRun: !smoke);
            var settings = new Dictionary<string, string>
            {
                ["AzureAd__TenantId"] = "0b5e0000-0000-4000-8000-000000000001",
                ["AzureAd__ClientId"] = "0b5e0000-0000-4000-8000-000000000002",
                ["AzureAd__ClientCredentials__0__SourceType"] = "SignedAssertionFromManagedIdentity",
                ["AzureAd__ClientCredentials__0__ManagedIdentityClientId"] = "0b5e0000-0000-4000-8000-000000000003",
                ["Database__Provider"] = "Sqlite",
                ["ConnectionStrings__Portal"] = $"Data Source={Path.Combine(directory, "portal.db")}",
                ["Portal__DataDirectory"] = directory,
                ["Logging__LogLevel__Default"] = "Warning",
            };
            var (few, alive, health) = (new List<double>(), new List<double>(), new List<double>());
            for (var run = -2; run < (smoke ? 1 : 15); run++)
            {
                var one = await TimeAsync(bound, "/alive", null);
                var other = await TimeAsync(portal, "/alive", settings);
                var ready = await TimeAsync(portal, "/health", settings);
                if (run < 0)
                    continue;
                few.Add(one);
                alive.Add(other);
                health.Add(ready);
            }

            Report.Row("start to first 200", "p50 ms", "p95 ms", "ratio at p50");
            Report.Row("---", "---", "---", "---");
            Tell("MudBlazor only, /alive", few, few);
            Tell("portal, /alive", alive, few);
            Tell("portal, /health (asks the database)", health, few);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<double> TimeAsync(Published app, string path, Dictionary<string, string>? settings)
    {
        var port = Published.FreePort();
        using var http = new HttpClient();
        var start = Stopwatch.GetTimestamp();
        using var process = app.Start(port, settings);
        try
        {
            await Published.AnswersAsync(http, $"http://127.0.0.1:{port}{path}", process);
            return Report.Since(start);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static void Tell(string what, List<double> times, List<double> bound) =>
        Report.Row(what, Report.Text(Report.Median(times)), Report.Text(Report.Percentile(times, 0.95)), Report.Text(Report.Median(times) / Report.Median(bound)));
}
