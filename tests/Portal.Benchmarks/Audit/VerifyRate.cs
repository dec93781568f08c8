using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Benchmarks.World;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Benchmarks.Audit;

/// <summary>Checking a whole export offline, in each format. The bound is the same hashing, leaves and tree, of the same bytes in memory.</summary>
internal static class VerifyRate
{
    private const int Sample = 20_000;

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        var size = smoke ? 20_000 : 1_000_000;
        await using var stage = await AuditStage.OnSqliteAsync(size);
        var bytes = await LeavesAsync(stage);
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
                    var bound = Hash(bytes, size);
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
    }

    private static async Task<List<byte[]>> LeavesAsync(AuditStage stage)
    {
        await using var db = await stage.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        var canonical = new CanonicalEvent();
        return (await db.AuditEvents.AsNoTracking().OrderBy(e => e.Sequence).Take(Sample).ToListAsync()).ConvertAll(e => (byte[])[0, .. canonical.Take(e).Json()]);
    }

    private static async Task<IReadOnlyList<VerifierKey>> KeysAsync(AuditStage stage)
    {
        await using var db = await stage.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        return (await db.AuditKeys.Select(k => k.Vkey).ToListAsync()).ConvertAll(k => VerifierKey.Parse(k)!);
    }

    private static double Hash(List<byte[]> leaves, int count)
    {
        Span<byte> hash = stackalloc byte[MerkleTree.HashSize];
        var log = new TileAppender();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            SHA256.HashData(leaves[i % leaves.Count], hash);
            log.Append(hash);
            if (i % 4096 == 0)
                log.TakeChanged();
        }

        return log.Root().Length > 0 ? Report.Since(start) : 0;
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
