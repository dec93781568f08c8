using System.Diagnostics;
using Portal.Benchmarks.World;
using Portal.Sandbox.Control;

namespace Portal.Benchmarks.Engine;

/// <summary>Grants end in four subscriptions at once, one of which swallows every call. Beside it the same run in which that one answers, and the same in which nothing ends there.</summary>
internal static class BlackHole
{
    private const int Subscriptions = 4;

    private enum First
    {
        Answers,
        HasNothing,
        Swallows,
    }

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var each = smoke ? 40 : 500;
        Report.Row("the first of four subscriptions", "p50 of the others, s", "p99 of the others, s", "last, s");
        Report.Row("---", "---", "---", "---");
        for (var run = 0; run < (smoke ? 1 : 3); run++)
            foreach (var first in Enum.GetValues<First>())
            {
                await using var stage = await EngineStage.OpenAsync(Subscriptions);
                var never = new TaskCompletionSource();
                if (first == First.Swallows)
                    stage.Sandbox.Control.Faults.Add("DELETE", "/vaults/kv-bench-0/", Fault.HoldUntil(never.Task));
                var end = TimeProvider.System.GetUtcNow().AddSeconds(-1);
                if (first != First.HasNothing)
                    await stage.SeedAsync(each, 0, end);
                var others = new List<Guid>();
                for (var subscription = 1; subscription < Subscriptions; subscription++)
                    others.AddRange((await stage.SeedAsync(each, subscription, end)).Select(a => a.Name));

                var start = Stopwatch.GetTimestamp();
                await stage.StartAsync();
                var (removed, _) = await stage.DrainedAsync(others, TimeSpan.FromMinutes(5));
                var times = removed.Select(at => Stopwatch.GetElapsedTime(start, at).TotalSeconds).ToList();
                never.SetResult();
                var what = first switch
                {
                    First.Answers => "answers",
                    First.HasNothing => "has nothing to end",
                    First.Swallows => "swallows every call",
                };
                Report.Row(what, Report.Text(Report.Median(times)), Report.Text(Report.Percentile(times, 0.99)), Report.Text(times.Max()));
            }
    }
}
