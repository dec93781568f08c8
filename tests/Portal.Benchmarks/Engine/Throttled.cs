using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.World;
using Portal.Core.Grants.Pacing;
using Portal.Sandbox.Control;

namespace Portal.Benchmarks.Engine;

/// <summary>Many grants end at once under Azure's token buckets. The bound is arithmetic: 200 at once, then ten a second in each subscription.</summary>
internal static class Throttled
{
    /// <summary>All in one subscription.</summary>
    public static Task OneSubscriptionAsync(bool smoke) => RunAsync(smoke ? 240 : 1000, subscriptions: 1, failing: 0, runs: smoke ? 1 : 3);

    /// <summary>Over three subscriptions, with one call in twenty answered by a 503.</summary>
    public static Task ThreeSubscriptionsAsync(bool smoke) => RunAsync(smoke ? 720 : 9999, subscriptions: 3, failing: 0.05, runs: smoke ? 1 : 3);

    private static async Task RunAsync(int count, int subscriptions, double failing, int runs)
    {
        var bound = Math.Max(0, ((count / subscriptions) - 200) / 10.0);
        Report.Row("grants", "subscriptions", "bound, s", "p50 s", "p99 s", "last s", "last / bound", "any 429");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---");
        for (var run = 0; run < runs; run++)
        {
            await using var stage = await EngineStage.OpenAsync(subscriptions);
            stage.Sandbox.Control.Throttle.ResourceManager = true;
            if (failing > 0)
                stage.Sandbox.Control.Faults.Add("DELETE", "/roleAssignments/", Fault.Error(503, "ServiceUnavailable")).Share(failing);
            var end = TimeProvider.System.GetUtcNow().AddSeconds(-1);
            var names = new List<Guid>();
            for (var subscription = 0; subscription < subscriptions; subscription++)
                names.AddRange((await stage.SeedAsync(count / subscriptions, subscription, end)).Select(a => a.Name));
            var start = Stopwatch.GetTimestamp();
            await stage.StartAsync();
            var (removed, _) = await stage.DrainedAsync(names, TimeSpan.FromMinutes(15));
            var times = removed.Select(at => Stopwatch.GetElapsedTime(start, at).TotalSeconds).ToList();
            var refused = stage.Services.GetRequiredService<CallPacing>().Snapshot().Any(s => s.Deletes.LastThrottledAt is not null || s.Reads.LastThrottledAt is not null || s.Writes.LastThrottledAt is not null);
            Report.Row(Report.Text(count), Report.Text(subscriptions), Report.Text(bound), Report.Text(Report.Median(times)), Report.Text(Report.Percentile(times, 0.99)), Report.Text(times.Max()),
                bound > 0 ? Report.Text(times.Max() / bound) : "–", refused ? "yes" : "none");
        }
    }
}
