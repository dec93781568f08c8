using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.Audit;
using Portal.Benchmarks.World;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Requests;

namespace Portal.Benchmarks.Actions;

/// <summary>
/// Actions that are audited, from callers that wait for each before the next. Whole ones: everyone asks for a secret (<see cref="SubmitRequest"/>) and takes it back (<see cref="WithdrawRequest"/>), in turns;
/// each saves the request and its event in one transaction. The smallest: an attempt that is refused before anything is read, and saves its event alone.
/// </summary>
internal static class ActionRate
{
    private const int CallersPerInstance = 4;

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var plan = smoke ? (Rounds: 1, Time: TimeSpan.FromMilliseconds(300)) : (Rounds: 3, Time: TimeSpan.FromSeconds(5));
        await OnSqliteAsync(plan.Rounds, plan.Time);
        Report.Line("");
        if (Environment.GetEnvironmentVariable(ExportRate.ServerVariable) is { Length: > 0 } server)
            await OnPostgreSqlAsync(server, plan.Rounds, plan.Time);
        else
            Report.Line($"PostgreSQL is left out: {ExportRate.ServerVariable} is not set.");
    }

    private static async Task OnSqliteAsync(int rounds, TimeSpan time)
    {
        await using var stage = await ActionStage.OnSqliteAsync();
        var portal = stage.Instance();
        await RunAsync(stage, [portal], 1, time, CallAsync);
        await RunAsync(stage, [portal], 16, time, AttemptAsync);
        Report.Row("SQLite: action", "callers", "sealer", "floor, syncs/s", "actions/s", "p50 ms", "p99 ms", "processor, ms each", "events per floor sync");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---", "---");
        foreach (var (name, call, callers, seals) in ((string, Call, int, bool)[])
            [("refused", AttemptAsync, 1, false), ("refused", AttemptAsync, 16, false), ("sent, taken back", CallAsync, 1, false), ("sent, taken back", CallAsync, 16, false), ("sent, taken back", CallAsync, 1, true), ("sent, taken back", CallAsync, 16, true)])
        {
            var (floors, runs) = (new List<double>(), new List<Outcome>());
            for (var round = 0; round < rounds; round++)
            {
                var before = DiskFloor.Measure(stage.FilesIn, time / 5);
                runs.Add(await SealedAsync(stage, [portal], callers, time, seals, call));
                floors.Add((before + DiskFloor.Measure(stage.FilesIn, time / 5)) / 2);
            }

            Report.Row(name, $"{callers}", seals ? "beside" : "none", Report.Text(Report.Median(floors)), Report.Text(Report.Median(runs.Select(r => r.Rate))),
                Report.Text(Report.Median(runs.Select(r => r.Median))), Report.Text(Report.Median(runs.Select(r => r.P99))), Report.Text(Report.Median(runs.Select(r => r.Processor))), Report.Text(Report.Median(runs.Zip(floors, (run, floor) => run.Rate / floor))));
        }
    }

    private static async Task OnPostgreSqlAsync(string server, int rounds, TimeSpan time)
    {
        await using var stage = await ActionStage.OnPostgreSqlAsync(server);
        List<ServiceProvider> instances = [.. Enumerable.Range(0, 4).Select(_ => stage.Instance())];
        Report.Line($"PostgreSQL, fsync {await FsyncAsync(instances[0])}; {CallersPerInstance} callers an instance, a sealer in each.");
        await RunAsync(stage, instances, CallersPerInstance, time, CallAsync);
        var (alone, together) = (new List<Outcome>(), new List<Outcome>());
        for (var round = 0; round < rounds; round++)
        {
            alone.Add(await SealedAsync(stage, instances[..1], CallersPerInstance, time, seals: true, CallAsync));
            together.Add(await SealedAsync(stage, instances, CallersPerInstance, time, seals: true, CallAsync));
        }

        Report.Row("PostgreSQL: instances", "actions/s", "of it sent/s", "p50 ms", "p99 ms", "processor, ms each", "all ÷ one", "each ÷ one");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---");
        foreach (var (count, runs) in ((int, List<Outcome>)[])[(1, alone), (instances.Count, together)])
        {
            var share = Report.Median(runs.Zip(alone, (run, one) => run.Rate / one.Rate));
            Report.Row($"{count}", Report.Text(Report.Median(runs.Select(r => r.Rate))), Report.Text(Report.Median(runs.Select(r => r.Sent))), Report.Text(Report.Median(runs.Select(r => r.Median))), Report.Text(Report.Median(runs.Select(r => r.P99))), Report.Text(Report.Median(runs.Select(r => r.Processor))), Report.Text(share), Report.Text(share / count));
        }
    }

    private static async Task<Outcome> SealedAsync(ActionStage stage, IReadOnlyList<ServiceProvider> instances, int callers, TimeSpan time, bool seals, Call call)
    {
        if (!seals)
            return await RunAsync(stage, instances, callers, time, call);
        await using var sealers = await ActionStage.SealAsync(instances);
        return await RunAsync(stage, instances, callers, time, call);
    }

    private static async Task<Outcome> RunAsync(ActionStage stage, IReadOnlyList<ServiceProvider> instances, int callers, TimeSpan time, Call call)
    {
        var (start, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var all = await Task.WhenAll(instances.SelectMany((instance, i) => Enumerable.Range(0, callers).Select(caller => Task.Run(() => call(stage, instance, (i * callers) + caller, start, time)))));
        var took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var times = all.SelectMany(a => a.Times).ToList();
        return new Outcome(times.Count / took, all.Sum(a => a.Sent) / took, Report.Median(times), Report.Percentile(times, 0.99), (Environment.CpuUsage.TotalTime - used).TotalMilliseconds / times.Count);
    }

    private static async Task<(List<double> Times, int Sent)> CallAsync(ActionStage stage, ServiceProvider instance, int caller, long start, TimeSpan time)
    {
        var (times, sent) = (new List<double>(), 0);
        var actor = ActionStage.Caller(caller);
        var draft = Draft(stage);
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            var at = Stopwatch.GetTimestamp();
            var asked = Worked(await instance.GetRequiredService<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), draft), actor with { CorrelationId = Guid.NewGuid().ToString("N") }, CancellationToken.None));
            times.Add(Report.Since(at));
            sent++;
            at = Stopwatch.GetTimestamp();
            Worked(await instance.GetRequiredService<WithdrawRequest>().ExecuteAsync(asked.RequestId, actor with { CorrelationId = Guid.NewGuid().ToString("N") }, CancellationToken.None));
            times.Add(Report.Since(at));
        }

        return (times, sent);
    }

    private static async Task<(List<double> Times, int Sent)> AttemptAsync(ActionStage stage, ServiceProvider instance, int caller, long start, TimeSpan time)
    {
        var times = new List<double>();
        var actor = ActionStage.Caller(caller) with { Confirmed = false };
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            var at = Stopwatch.GetTimestamp();
            var refused = await instance.GetRequiredService<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), Draft(stage)), actor with { CorrelationId = Guid.NewGuid().ToString("N") }, CancellationToken.None);
            if (refused.Succeeded)
                throw new InvalidOperationException("Whom the directory does not confirm was let through.");
            times.Add(Report.Since(at));
        }

        return (times, 0);
    }

    private static RequestDraft Draft(ActionStage stage) =>
        new(stage.Secret, GrantableRole.SecretsUser.DefinitionId, null, TimeSpan.FromMinutes(30), "Checkout declines a card of a customer; comparing the key that the service uses with the one of the provider.", "OPS-4711");

    private static T Worked<T>(Result<T> result) => result.Succeeded ? result.Value : throw new InvalidOperationException($"Refused: {result.Refusals[0].Code}");

    private static async Task<string> FsyncAsync(ServiceProvider instance)
    {
        await using var db = await instance.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        return (await db.Database.SqlQueryRaw<string>("SELECT setting AS \"Value\" FROM pg_settings WHERE name = 'fsync'").ToListAsync())[0];
    }

    /// <summary>One caller until the time is over: how long each action took it in milliseconds, and how many of them were requests that were sent.</summary>
    private delegate Task<(List<double> Times, int Sent)> Call(ActionStage stage, ServiceProvider instance, int caller, long start, TimeSpan time);

    private sealed record Outcome(double Rate, double Sent, double Median, double P99, double Processor);
}
