using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Benchmarks.World;
using Portal.Core.Data;
using Portal.Web.Workers;

namespace Portal.Benchmarks.Audit;

/// <summary>Events that keep coming at a rate beside the worker that seals, a hundred times a second, since no transaction of the portal's holds more than some two hundred; and how long after its commit the last event of each such piece has its place.</summary>
internal static class SealingLag
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(10);

    /// <summary>How many events have to be there that have no place and do not wait for one, for <see cref="OfWrittenAsync"/>.</summary>
    public static int Written(bool smoke) => (int)(Time(smoke).TotalSeconds * Rates(smoke)[^1]);

    /// <summary>Events that SQL writes at a few rates, as far as the database takes them in.</summary>
    /// <param name="stage">The database, all of whose events are sealed.</param>
    /// <param name="sqlite">Which kind it is.</param>
    /// <param name="events">How many events it has.</param>
    /// <param name="smoke">True for a short form.</param>
    public static async Task MeasureAsync(AuditStage stage, bool sqlite, long events, bool smoke)
    {
        Head("written");
        foreach (var rate in Rates(smoke))
            events = await MeasureAsync(stage, sqlite, events, rate, smoke, EventSql.Now);
    }

    /// <summary>Events that were written before and come to wait at the highest rate: the sealer's own part, whatever the database's is.</summary>
    /// <param name="stage">The database.</param>
    /// <param name="sqlite">Which kind it is.</param>
    /// <param name="sealedSoFar">How many of its events are sealed; <see cref="Written"/> more follow them.</param>
    /// <param name="smoke">True for a short form.</param>
    public static async Task OfWrittenAsync(AuditStage stage, bool sqlite, long sealedSoFar, bool smoke)
    {
        Head("came to wait");
        await MeasureAsync(stage, sqlite, sealedSoFar, Rates(smoke)[^1], smoke, EventSql.Wait);
    }

    private static int[] Rates(bool smoke) => smoke ? [1_000] : [1_000, 5_000, 10_000, 20_000];

    private static TimeSpan Time(bool smoke) => TimeSpan.FromSeconds(smoke ? 1 : 15);

    private static void Head(string came)
    {
        Report.Row("database", "events/s wanted", came, "lag p50 ms", "p99", "most");
        Report.Row("---", "---", "---", "---", "---", "---");
    }

    /// <returns>How many events there are then.</returns>
    private static async Task<long> MeasureAsync(AuditStage stage, bool sqlite, long events, int rate, bool smoke, Func<bool, long, long, string> come)
    {
        var time = Time(smoke);
        using var worker = ActivatorUtilities.CreateInstance<SealWorker>(stage.Services, NullLogger<SealWorker>.Instance);
        await worker.StartAsync(CancellationToken.None);
        var written = new List<(long Size, long At)>();
        var start = Stopwatch.GetTimestamp();
        var lags = WatchAsync(stage, written, (long)(time.TotalSeconds * rate) + events);
        for (var piece = 0; Every * piece < time; piece++)
        {
            var ahead = (Every * piece) - Stopwatch.GetElapsedTime(start);
            if (ahead > TimeSpan.Zero)
                await Task.Delay(ahead);
            var count = (int)(Every.TotalSeconds * rate);
            await stage.RunAsync(come(sqlite, events + 1, count));
            stage.Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Request));
            events += count;
            lock (written)
                written.Add((events, Stopwatch.GetTimestamp()));
        }

        var reached = written.Count * Every.TotalSeconds * rate / Stopwatch.GetElapsedTime(start).TotalSeconds;
        var seen = await lags;
        await worker.StopAsync(CancellationToken.None);
        Report.Row(sqlite ? "SQLite" : "PostgreSQL", $"{rate}", Report.Text(reached), Report.Text(Report.Median(seen)), Report.Text(Report.Percentile(seen, 0.99)), Report.Text(seen.Max()));
        return events;
    }

    /// <summary>Looks every ten milliseconds how far the log is.</summary>
    private static async Task<List<double>> WatchAsync(AuditStage stage, List<(long Size, long At)> written, long last)
    {
        await using var db = await stage.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await db.Database.OpenConnectionAsync();
        var lags = new List<double>();
        for (var size = 0L; size < last; await Task.Delay(10))
        {
            size = (await db.AuditLeaves.MaxAsync(l => (long?)l.Position) ?? -1) + 1;
            lock (written)
                while (lags.Count < written.Count && written[lags.Count].Size <= size)
                    lags.Add(Report.Since(written[lags.Count].At));
        }

        lock (written)
            while (lags.Count < written.Count)
                lags.Add(Report.Since(written[lags.Count].At));
        return lags;
    }
}
