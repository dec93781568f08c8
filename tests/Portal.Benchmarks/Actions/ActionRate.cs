using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.Audit;
using Portal.Benchmarks.World;
using Portal.Core.Requests;
using Portal.Migrations.Sqlite;

namespace Portal.Benchmarks.Actions;

/// <summary>
/// Actions that are audited, from callers that wait for each before the next. Whole ones: everyone asks for a secret (<see cref="SubmitRequest"/>) and takes it back (<see cref="WithdrawRequest"/>), in turns;
/// each saves the request and its event in one transaction. The smallest: an attempt that is refused before anything is read, and saves its event alone.
/// </summary>
internal static class ActionRate
{
    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var plan = smoke ? (Rounds: 1, Time: TimeSpan.FromMilliseconds(300)) : (Rounds: 3, Time: TimeSpan.FromSeconds(5));
        await OnSqliteAsync(plan.Rounds, plan.Time);
        Report.Line("");
        if (Environment.GetEnvironmentVariable(ExportRate.ServerVariable) is { Length: > 0 } server)
            await PostgreSqlActions.RunAsync(server, plan.Rounds, plan.Time);
        else
            Report.Line($"PostgreSQL is left out: {ExportRate.ServerVariable} is not set.");
    }

    private static async Task OnSqliteAsync(int rounds, TimeSpan time)
    {
        await using var stage = await ActionStage.OnSqliteAsync();
        var portal = stage.Instance();
        await Callers.RunAsync(stage, [portal], 1, time, Callers.CallAsync);
        await Callers.RunAsync(stage, [portal], 16, time, Callers.AttemptAsync);
        Report.Row("SQLite: action", "callers", "sealer", "a sync takes longer by, ms", "floor, syncs/s", "actions/s", "p50 ms", "p99 ms", "processor, ms each", "events per floor sync");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---", "---", "---");
        foreach (var longer in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(4)])
        {
            SqliteDatabase.AroundLogSyncs(stage.ConnectionString!, longer == TimeSpan.Zero ? null : (_, sync) =>
            {
                sync();
                DiskFloor.Wait(longer);
            });
            await MeasureAsync(stage, portal, rounds, time, longer);
        }

        SqliteDatabase.AroundLogSyncs(stage.ConnectionString!, null);
    }

    private static async Task MeasureAsync(ActionStage stage, ServiceProvider portal, int rounds, TimeSpan time, TimeSpan longer)
    {
        foreach (var (name, call, callers, seals) in ((string, Call, int, bool)[])
            [("refused", Callers.AttemptAsync, 1, false), ("refused", Callers.AttemptAsync, 16, false), ("sent, taken back", Callers.CallAsync, 1, false), ("sent, taken back", Callers.CallAsync, 16, false), ("sent, taken back", Callers.CallAsync, 1, true), ("sent, taken back", Callers.CallAsync, 16, true)])
        {
            // What a sealer commits waits for the disk as it is.
            if (seals && longer > TimeSpan.Zero)
                continue;
            var (floors, runs) = (new List<double>(), new List<Outcome>());
            for (var round = 0; round < rounds; round++)
            {
                var before = DiskFloor.Measure(stage.FilesIn, time / 5, longer);
                runs.Add(await Callers.SealedAsync(stage, [portal], callers, time, seals, call));
                floors.Add((before + DiskFloor.Measure(stage.FilesIn, time / 5, longer)) / 2);
            }

            Report.Row(name, $"{callers}", seals ? "beside" : "none", Report.Text(longer.TotalMilliseconds), Report.Text(Report.Median(floors)), Report.Text(Report.Median(runs.Select(r => r.Rate))),
                Report.Text(Report.Median(runs.Select(r => r.Median))), Report.Text(Report.Median(runs.Select(r => r.P99))), Report.Text(Report.Median(runs.Select(r => r.Processor))), Report.Text(Report.Median(runs.Zip(floors, (run, floor) => run.Rate / floor))));
        }
    }
}
