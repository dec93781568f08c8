using System.Diagnostics;
using Portal.Benchmarks.World;

namespace Portal.Benchmarks.Engine;

/// <summary>The worker starts with many active grants, some of them overdue: how long until the first is taken back.</summary>
internal static class StartOverdue
{
    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var (active, overdue) = smoke ? (1000, 50) : (100_000, 1000);
        Report.Row("active", "overdue", "first taken back, s", "last, s");
        Report.Row("---", "---", "---", "---");
        for (var run = 0; run < (smoke ? 1 : 3); run++)
        {
            await using var stage = await EngineStage.OpenAsync(subscriptions: 1);
            var now = TimeProvider.System.GetUtcNow();
            // Only what is overdue is ever called for.
            await stage.SeedAsync(active, 0, now.AddDays(1), inCloud: false);
            var names = (await stage.SeedAsync(overdue, 0, now.AddMinutes(-5))).Select(a => a.Name).ToList();
            var start = Stopwatch.GetTimestamp();
            await stage.StartAsync();
            var (removed, _) = await stage.DrainedAsync(names, TimeSpan.FromMinutes(10));
            Report.Row(Report.Text(active), Report.Text(overdue), Report.Text(Stopwatch.GetElapsedTime(start, removed.Min()).TotalSeconds), Report.Text(Stopwatch.GetElapsedTime(start, removed.Max()).TotalSeconds));
        }
    }
}
