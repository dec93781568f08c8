using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.World;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Benchmarks.Audit;

/// <summary>Checking a whole export offline, in each format, and the database itself. The bound is the same hashing, leaves and tree, of the same bytes in memory.</summary>
internal static class VerifyRate
{
    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var size = smoke ? 20_000 : 1_000_000;
        await using var stage = await AuditStage.OnSqliteAsync(size);
        var bytes = await SealedBytes.OfAsync(stage);
        var keys = await KeysAsync(stage);
        Report.Row("file", "events", "bound, krows/s", "verify, krows/s", "ratio", "memory grew MB");
        Report.Row("---", "---", "---", "---", "---", "---");
        foreach (var format in Enum.GetValues<ExportFormat>())
        {
            var file = Path.GetTempFileName();
            try
            {
                await DownloadAsync(stage.Address, format, file);
                var (bounds, checks, grew) = (new List<double>(), new List<double>(), new List<double>());
                for (var round = -1; round < (smoke ? 1 : 3); round++)
                {
                    var bound = bytes.HashTree(size);
                    var (time, memory) = await VerifyAsync(file, keys, size);
                    if (round < 0)
                        continue;
                    bounds.Add(bound);
                    checks.Add(time);
                    grew.Add(memory);
                }

                var (most, real) = (size / Report.Median(bounds), size / Report.Median(checks));
                Report.Row(format.Name(), size.ToString("N0", CultureInfo.InvariantCulture), Report.Text(most), Report.Text(real), Report.Text(real / most), Report.Text(Report.Median(grew)));
            }
            finally
            {
                File.Delete(file);
            }
        }

        Report.Line("");
        Report.Row("database", "what", "events", "bound, krows/s", "verify, krows/s", "ratio", "seconds");
        Report.Row("---", "---", "---", "---", "---", "---", "---");
        await FromDatabaseAsync("SQLite", stage, bytes, size, smoke ? 1 : 3);
        if (Environment.GetEnvironmentVariable(ExportRate.ServerVariable) is not { Length: > 0 } server)
        {
            Report.Line($"PostgreSQL is left out: {ExportRate.ServerVariable} is not set.");
            return;
        }

        await using var other = await AuditStage.OnPostgreSqlAsync(server, size);
        await FromDatabaseAsync("PostgreSQL", other, await SealedBytes.OfAsync(other), size, smoke ? 1 : 3);
    }

    /// <summary>The database itself: all of it, and what is new since a checkpoint.</summary>
    private static async Task FromDatabaseAsync(string name, AuditStage stage, SealedBytes bytes, int size, int rounds)
    {
        var added = size / 100;
        var whole = new List<(double Bound, double Time)>();
        var part = new List<(double Bound, double Time)>();
        await VerifyDatabaseAsync(stage, 0, size);
        for (var round = 0; round < rounds; round++)
        {
            whole.Add((bytes.HashTree(size), await VerifyDatabaseAsync(stage, 0, size)));
            var signed = await SignedAsync(stage);
            await stage.RunAsync(EventSql.Now(name == "SQLite", size + (round * added) + 1, added));
            await stage.SealAsync();
            part.Add((bytes.HashTree(added), await VerifyDatabaseAsync(stage, signed, added)));
        }

        Report.Row(name, "all of it", size.ToString("N0", CultureInfo.InvariantCulture), Report.Text(size / Report.Median(whole.Select(w => w.Bound))), Report.Text(size / Report.Median(whole.Select(w => w.Time))), Report.Text(Report.Median(whole.Select(w => w.Bound / w.Time))), Report.Text(Report.Median(whole.Select(w => w.Time)) / 1000));
        Report.Row(name, "from the last checkpoint", added.ToString("N0", CultureInfo.InvariantCulture), Report.Text(added / Report.Median(part.Select(w => w.Bound))), Report.Text(added / Report.Median(part.Select(w => w.Time))), Report.Text(Report.Median(part.Select(w => w.Bound / w.Time))), Report.Text(Report.Median(part.Select(w => w.Time)) / 1000));
    }

    private static async Task<long> SignedAsync(AuditStage stage)
    {
        await using var db = await stage.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        return await db.AuditCheckpoints.MaxAsync(c => c.Size);
    }

    private static async Task<double> VerifyDatabaseAsync(AuditStage stage, long from, long expected)
    {
        var start = Stopwatch.GetTimestamp();
        var report = (await stage.Services.GetRequiredService<VerifyDatabase>().ExecuteAsync(new VerifyInput(from), null, Actor.System, CancellationToken.None)).Value;
        var time = Report.Since(start);
        // What the exports before wrote is in the log too.
        if (!report.Holds || report.Events < expected)
            throw new InvalidOperationException($"{report.Events} events: {string.Join(' ', report.Findings.Select(f => f.What))}");
        return time;
    }

    private static async Task<IReadOnlyList<VerifierKey>> KeysAsync(AuditStage stage)
    {
        await using var db = await stage.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        return (await db.AuditKeys.Select(k => k.Vkey).ToListAsync()).ConvertAll(k => VerifierKey.Parse(k)!);
    }

    private static async Task<(double Time, double Grew)> VerifyAsync(string file, IReadOnlyList<VerifierKey> keys, long expected)
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var self = Process.GetCurrentProcess();
        var before = self.WorkingSet64;
        var start = Stopwatch.GetTimestamp();
        var verdict = (await new VerifyExport().ExecuteAsync(new ExportToVerify(file, keys), null, Actor.System, CancellationToken.None)).Value;
        var time = Report.Since(start);
        self.Refresh();
        // Each export is an event too, and in the next one.
        if (!verdict.Holds || verdict.Rows < expected)
            throw new InvalidOperationException($"{verdict.Rows} rows: {verdict.Fault?.Message}");
        return (time, (self.WorkingSet64 - before) / 1e6);
    }

    private static async Task DownloadAsync(string address, ExportFormat format, string file)
    {
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        await using var target = File.Create(file);
        await using var body = await http.GetStreamAsync($"{address}/audit/export?format={format.Name()}");
        await body.CopyToAsync(target);
    }
}
