using System.Diagnostics;
using Portal.Benchmarks.World;

namespace Portal.Benchmarks.Engine;

/// <summary>Many grants end in the same second. Beside it, in the same run, as many DELETEs by a bare HTTP client, 64 in flight.</summary>
internal static class ExpiryStorm
{
    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var count = smoke ? 200 : 10_000;
        Report.Row("grants", "bare DELETEs, s", "last one gone, s", "all ended and recorded, s", "ratio gone / bare");
        Report.Row("---", "---", "---", "---", "---");
        for (var run = 0; run < (smoke ? 1 : 3); run++)
        {
            var bare = await BareAsync(count);
            await using var stage = await EngineStage.OpenAsync(subscriptions: 4);
            await stage.StartAsync();
            var end = TimeProvider.System.GetUtcNow().AddSeconds(smoke ? 6 : 90);
            var names = new List<Guid>();
            for (var subscription = 0; subscription < 4; subscription++)
                names.AddRange((await stage.SeedAsync(count / 4, subscription, end)).Select(a => a.Name));
            if (end - TimeProvider.System.GetUtcNow() is var left && left < TimeSpan.Zero)
                throw new InvalidOperationException("Seeding took longer than the grants last.");
            await Task.Delay(left);
            var start = Stopwatch.GetTimestamp();
            var (removed, ended) = await stage.DrainedAsync(names, TimeSpan.FromMinutes(10));
            var gone = Stopwatch.GetElapsedTime(start, removed.Max()).TotalSeconds;
            Report.Row(Report.Text(count), Report.Text(bare), Report.Text(gone), Report.Text(Stopwatch.GetElapsedTime(start, ended).TotalSeconds), Report.Text(gone / bare));
        }
    }

    private static async Task<double> BareAsync(int count)
    {
        await using var stage = await EngineStage.OpenAsync(subscriptions: 4);
        var all = new List<(Guid Name, string Scope)>();
        for (var subscription = 0; subscription < 4; subscription++)
            all.AddRange(await stage.SeedAsync(count / 4, subscription, TimeProvider.System.GetUtcNow().AddHours(1)));
        using var bare = await BareCloud.ConnectAsync(stage.Sandbox);
        var start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (one, _) => await bare.DeleteAsync(one.Scope, one.Name));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
