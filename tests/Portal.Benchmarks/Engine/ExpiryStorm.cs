using System.Diagnostics;
using Portal.Benchmarks.World;

namespace Portal.Benchmarks.Engine;

/// <summary>Many grants end in the same second. Beside it, in the same run, as many DELETEs by a bare HTTP client, 64 in flight. The sandbox's own share is in both.</summary>
internal static class ExpiryStorm
{
    private const int Subscriptions = 4;

    /// <summary>Measures.</summary>
    public static Task RunAsync(bool smoke) => smoke ? RunAsync(200, TimeSpan.FromSeconds(6), 1) : RunAsync(10_000, TimeSpan.FromSeconds(90), 3);

    /// <summary>The same with fewer grants: enough to see where the time goes.</summary>
    public static Task RunSmallAsync(bool smoke) => smoke ? RunAsync(smoke) : RunAsync(4_000, TimeSpan.FromSeconds(40), 2);

    private static async Task RunAsync(int count, TimeSpan until, int runs)
    {
        Report.Row("grants", "bare DELETEs, s", "last one gone, s", "all ended and recorded, s", "ratio gone / bare", "processor, ms each: bare", "storm", "ratio storm / bare");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---");
        for (var run = 0; run < runs; run++)
        {
            var (bare, bareProcessor) = await BareAsync(count);
            await using var stage = await EngineStage.OpenAsync(Subscriptions);
            await stage.StartAsync();
            var end = TimeProvider.System.GetUtcNow() + until;
            var names = new List<Guid>();
            for (var subscription = 0; subscription < Subscriptions; subscription++)
                names.AddRange((await stage.SeedAsync(count / Subscriptions, subscription, end)).Select(a => a.Name));
            if (end - TimeProvider.System.GetUtcNow() is var left && left < TimeSpan.Zero)
                throw new InvalidOperationException("Seeding took longer than the grants last.");
            await Task.Delay(left);
            var start = Stopwatch.GetTimestamp();
            var processor = Environment.CpuUsage.TotalTime;
            var (removed, ended) = await stage.DrainedAsync(names, TimeSpan.FromMinutes(10));
            var stormProcessor = (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds / count;
            var gone = Stopwatch.GetElapsedTime(start, removed.Max()).TotalSeconds;
            Report.Row(Report.Text(count), Report.Text(bare), Report.Text(gone), Report.Text(Stopwatch.GetElapsedTime(start, ended).TotalSeconds), Report.Text(gone / bare),
                Report.Text(bareProcessor), Report.Text(stormProcessor), Report.Text(stormProcessor / bareProcessor));
        }
    }

    /// <returns>Seconds for all, and milliseconds of processor for each.</returns>
    private static async Task<(double Seconds, double Processor)> BareAsync(int count)
    {
        await using var stage = await EngineStage.OpenAsync(Subscriptions);
        var all = new List<(Guid Name, string Scope)>();
        for (var subscription = 0; subscription < Subscriptions; subscription++)
            all.AddRange(await stage.SeedAsync(count / Subscriptions, subscription, TimeProvider.System.GetUtcNow().AddHours(1)));
        using var bare = await BareCloud.ConnectAsync(stage.Sandbox);
        var start = Stopwatch.GetTimestamp();
        var processor = Environment.CpuUsage.TotalTime;
        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (one, _) => await bare.DeleteAsync(one.Scope, one.Name));
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds / count);
    }
}
