using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.World;

namespace Portal.Benchmarks.Actions;

/// <summary>
/// The same actions on PostgreSQL, from one instance of the portal and from four, in turns. Once as fast as the processor goes, which all of them and the server share; and once where what is waited
/// for is the disk, so that the processor has time left and only a lock could hold an instance up for the sake of another.
/// </summary>
internal static class PostgreSqlActions
{
    private const int Instances = 4;

    /// <summary>Measures.</summary>
    public static async Task RunAsync(string server, int rounds, TimeSpan time)
    {
        await using var stage = await ActionStage.OnPostgreSqlAsync(server);
        List<ServiceProvider> instances = [.. Enumerable.Range(0, Instances).Select(_ => stage.Instance())];
        var database = new PostgreSqlServer(stage.Server!);
        Report.Line($"PostgreSQL {await database.SettingsAsync()}; a sealer in each instance.");
        Report.Row("PostgreSQL: commit waits", "instances", "callers of each", "floor, commits/s", "actions/s", "of it sent/s", "p50 ms", "p99 ms", "processor, ms each", "processors busy", "all ÷ one", "each ÷ one");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---", "---", "---", "---", "---");
        var waits = new List<string> { await MeasureAsync(stage, database, instances, TimeSpan.Zero, 4, rounds, time) };
        if (await database.CannotDelayAsync() is { } why)
            Report.Line($"A disk that is waited for is left out: {why}.");
        else
            foreach (var (delay, callers) in ((double, int)[])[(10, 1), (50, 4)])
                waits.Add(await MeasureAsync(stage, database, instances, TimeSpan.FromMilliseconds(delay), callers, rounds, time));
        Report.Line("");
        waits.ForEach(Report.Line);
    }

    private static async Task<string> MeasureAsync(ActionStage stage, PostgreSqlServer database, List<ServiceProvider> instances, TimeSpan delay, int callers, int rounds, TimeSpan time)
    {
        await database.DelayCommitsAsync(delay);
        await Callers.RunAsync(stage, instances, callers, time, Callers.CallAsync);
        var (alone, together, floors, sampled) = (new List<(Outcome Came, double Busy)>(), new List<(Outcome Came, double Busy)>(), new List<double>(), new List<string>());
        for (var round = 0; round < rounds; round++)
        {
            floors.Add(await database.FloorAsync(time / 5));
            alone.Add(await RoundAsync(1));
            using var enough = new CancellationTokenSource();
            var sampling = database.SampleWaitsAsync(sampled, enough.Token);
            together.Add(await RoundAsync(instances.Count));
            await enough.CancelAsync();
            await sampling;
        }

        var wait = delay > TimeSpan.Zero ? $"{delay.TotalMilliseconds:0} ms" : "as long as its disk takes";
        foreach (var (count, runs) in ((int, List<(Outcome Came, double Busy)>)[])[(1, alone), (instances.Count, together)])
        {
            var share = Report.Median(runs.Zip(alone, (run, one) => run.Came.Rate / one.Came.Rate));
            Report.Row(wait, $"{count}", $"{callers}", Of(floors), Of(runs.Select(r => r.Came.Rate)), Of(runs.Select(r => r.Came.Sent)), Of(runs.Select(r => r.Came.Median)), Of(runs.Select(r => r.Came.P99)), Of(runs.Select(r => r.Came.Processor)), Of(runs.Select(r => r.Busy)), Report.Text(share), Report.Text(share / count));
        }

        return $"Sessions of {instances.Count} instances, a commit waits {wait}: {string.Join(", ", sampled.CountBy(w => w).OrderByDescending(w => w.Value).Take(8).Select(w => $"{w.Key} {100.0 * w.Value / sampled.Count:0.0} %"))}.";

        async Task<(Outcome Came, double Busy)> RoundAsync(int count)
        {
            var before = await database.ProcessorAsync() + Environment.CpuUsage.TotalTime;
            var start = TimeProvider.System.GetTimestamp();
            var came = await Callers.SealedAsync(stage, instances[..count], callers, time, seals: true, Callers.CallAsync);
            var used = await database.ProcessorAsync() + Environment.CpuUsage.TotalTime - before;
            return (came, used / TimeProvider.System.GetElapsedTime(start));
        }
    }

    private static string Of(IEnumerable<double> samples) => Report.Text(Report.Median(samples));
}
