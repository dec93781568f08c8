using System.Diagnostics;
using System.Net;
using Microsoft.Data.Sqlite;
using Npgsql;
using Portal.Benchmarks.World;
using Portal.Core.Audit.Exports;

namespace Portal.Benchmarks.Audit;

/// <summary>The CSV export of the whole trail through the HTTP endpoint. The bounds are what the database's own tool makes of the same rows: <c>sqlite3 -csv</c> into a file, PostgreSQL's COPY to /dev/null.</summary>
internal static class ExportRate
{
    /// <summary>The variable that names a PostgreSQL server.</summary>
    public const string ServerVariable = "PORTAL_TEST_POSTGRES";

    private static readonly string Select = $"SELECT {string.Join(", ", AuditColumn.All.Select(column => $"\"{column.Property}\""))} FROM \"AuditEvents\"";

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        long[] sizes = smoke ? [2_000, 20_000] : [100_000, 1_000_000];
        Report.Row("database", "events", "bound, krows/s", "export, krows/s", "ratio", "MB/s", "first byte ms", "memory grew MB");
        Report.Row("---", "---", "---", "---", "---", "---", "---", "---");
        foreach (var size in sizes)
        {
            await using var stage = await AuditStage.OnSqliteAsync(size);
            await CompareAsync("SQLite", stage, size, () => SqliteToolAsync(new SqliteConnectionStringBuilder(stage.ConnectionString).DataSource));
        }

        if (Environment.GetEnvironmentVariable(ServerVariable) is not { Length: > 0 } server)
        {
            Report.Line($"PostgreSQL is left out: {ServerVariable} is not set.");
            return;
        }

        foreach (var size in sizes)
        {
            await using var stage = await AuditStage.OnPostgreSqlAsync(server, size);
            await CompareAsync("PostgreSQL", stage, size, () => CopyAsync(stage.ConnectionString));
        }
    }

    private static async Task CompareAsync(string name, AuditStage stage, long size, Func<Task<double>> boundAsync)
    {
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        await ExportAsync(http, stage.Address, null);
        await boundAsync();
        var (bounds, exports) = (new List<double>(), new List<Outcome>());
        for (var round = 0; round < 3; round++)
        {
            bounds.Add(await boundAsync());
            exports.Add(await ExportAsync(http, stage.Address, size));
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
        using var answer = await http.GetAsync(address + "/audit/export", HttpCompletionOption.ResponseHeadersRead);
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

    private static async Task<double> SqliteToolAsync(string file)
    {
        var target = file + ".csv";
        var start = Stopwatch.GetTimestamp();
        using var tool = Process.Start(new ProcessStartInfo("sqlite3", ["-csv", "-header", "-readonly", file, $".output {target}", Select + ";"])) ?? throw new InvalidOperationException("sqlite3 did not start.");
        await tool.WaitForExitAsync();
        if (tool.ExitCode != 0)
            throw new InvalidOperationException($"sqlite3 ended with {tool.ExitCode}.");
        return Report.Since(start);
    }

    private static async Task<double> CopyAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"COPY ({Select}) TO '/dev/null' (FORMAT CSV, HEADER)", connection) { CommandTimeout = 600 };
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
