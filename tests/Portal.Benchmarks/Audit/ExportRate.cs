using System.Diagnostics;
using System.Net;
using Microsoft.Data.Sqlite;
using Npgsql;
using Portal.Benchmarks.World;
using Portal.Core.Audit.Exports;

namespace Portal.Benchmarks.Audit;

/// <summary>The CSV export of the whole trail, and of one vault of seven, through the HTTP endpoint. The bounds are what the database's own tool makes of the same rows: <c>sqlite3 -csv</c> into a file, PostgreSQL's COPY to /dev/null.</summary>
internal static class ExportRate
{
    /// <summary>The variable that names a PostgreSQL server.</summary>
    public const string ServerVariable = "PORTAL_TEST_POSTGRES";

    private const string Vault = "kv-payments-3";

    private static readonly string Everything = $"SELECT {string.Join(", ", AuditColumn.All.Select(column => $"\"{column.Property}\""))} FROM \"AuditEvents\"";

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        long[] sizes = smoke ? [2_000, 20_000] : [100_000, 1_000_000];
        Report.Row("database", "events", "bound, krows/s", "export, krows/s", "ratio", "MB/s", "first byte ms", "memory grew MB");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---");
        foreach (var size in sizes)
        {
            await using var stage = await AuditStage.OnSqliteAsync(size);
            await CompareAsync("SQLite", stage, size, select => SqliteToolAsync(new SqliteConnectionStringBuilder(stage.ConnectionString).DataSource, select));
        }

        if (Environment.GetEnvironmentVariable(ServerVariable) is not { Length: > 0 } server)
        {
            Report.Line($"PostgreSQL is left out: {ServerVariable} is not set.");
            return;
        }

        foreach (var size in sizes)
        {
            await using var stage = await AuditStage.OnPostgreSqlAsync(server, size);
            await CompareAsync("PostgreSQL", stage, size, select => CopyAsync(stage.ConnectionString, select));
        }
    }

    private static async Task CompareAsync(string name, AuditStage stage, long size, Func<string, Task<double>> toolAsync)
    {
        await CompareAsync(name, stage.Address + "/audit/export", size, () => toolAsync(Everything));
        // Numbered from 1, so every seventh from the third on.
        await CompareAsync($"{name}, one vault", $"{stage.Address}/audit/export?vault={Vault}", (size - 3) / 7 + 1, () => toolAsync($"{Everything} WHERE \"VaultName\" = '{Vault}' ORDER BY \"At\", \"Sequence\""));
    }

    private static async Task CompareAsync(string name, string address, long size, Func<Task<double>> boundAsync)
    {
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        await ExportAsync(http, address, null);
        await boundAsync();
        var (bounds, exports) = (new List<double>(), new List<Outcome>());
        for (var round = 0; round < 3; round++)
        {
            bounds.Add(await boundAsync());
            exports.Add(await ExportAsync(http, address, size));
        }

        var (bound, export) = (size / Report.Median(bounds), size / Report.Median(exports.Select(e => e.Milliseconds)));
        Report.Row(name, size.ToString("N0", System.Globalization.CultureInfo.InvariantCulture), Report.Text(bound), Report.Text(export), Report.Text(export / bound),
            Report.Text(exports[0].Bytes / Report.Median(exports.Select(e => e.Milliseconds)) / 1000), Report.Text(Report.Median(exports.Select(e => e.FirstByte))), Report.Text(Report.Median(exports.Select(e => e.Grew))));
    }

    private static async Task<Outcome> ExportAsync(HttpClient http, string address, long? rows)
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var before = Resident();
        var (most, bytes, lines) = (before, 0L, 0L);
        var start = Stopwatch.GetTimestamp();
        using var answer = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead);
        if (answer.StatusCode != HttpStatusCode.OK)
            throw new InvalidOperationException($"The export answered {(int)answer.StatusCode}.");
        await using var body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[256 * 1024];
        var (first, reads) = (0.0, 0);
        while (await body.ReadAsync(buffer) is > 0 and var read)
        {
            if (bytes == 0)
                first = Report.Since(start);
            bytes += read;
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
            if (reads++ % 256 == 0)
                most = Math.Max(most, Resident());
        }

        var time = Report.Since(start);
        if (rows is { } expected && lines < expected)
            throw new InvalidOperationException($"The file has {lines} lines for {expected} events.");
        return new Outcome(time, first, bytes, (Math.Max(most, Resident()) - before) / 1e6);
    }

    private static async Task<double> SqliteToolAsync(string file, string select)
    {
        var target = file + ".csv";
        var start = Stopwatch.GetTimestamp();
        using var tool = Process.Start(new ProcessStartInfo("sqlite3", ["-csv", "-header", "-readonly", file, $".output {target}", select + ";"])) ?? throw new InvalidOperationException("sqlite3 did not start.");
        await tool.WaitForExitAsync();
        if (tool.ExitCode != 0)
            throw new InvalidOperationException($"sqlite3 ended with {tool.ExitCode}.");
        var time = Report.Since(start);
        // The kernel would write it to the disk for seconds, and what the export has to sync would wait for that.
        File.Delete(target);
        return time;
    }

    private static async Task<double> CopyAsync(string connectionString, string select)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"COPY ({select}) TO '/dev/null' (FORMAT CSV, HEADER)", connection) { CommandTimeout = 600 };
        var start = Stopwatch.GetTimestamp();
        await command.ExecuteNonQueryAsync();
        return Report.Since(start);
    }

    private static long Resident()
    {
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    private sealed record Outcome(double Milliseconds, double FirstByte, long Bytes, double Grew);
}
