using System.Data.Common;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Benchmarks.World;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;
using Portal.Sandbox.Company;

namespace Portal.Benchmarks.Engine;

/// <summary>A look for due work that finds none, at growing numbers of rows of which one in twenty is due later. The bound is the smallest number's.</summary>
internal static class EmptyPoll
{
    /// <summary>The variable that names a PostgreSQL server, as for the tests.</summary>
    private const string ServerVariable = "PORTAL_TEST_POSTGRES";

    /// <summary>Measures.</summary>
    public static async Task RunAsync(bool smoke)
    {
        long[] sizes = smoke ? [1000, 10_000] : [10_000, 1_000_000, 10_000_000];
        Report.Row("database", "rows", "statement p50 µs", "statement p99 µs", "as the worker asks it p50 µs", "whole look p50 µs", "asked ÷ that at the smallest");
        Report.Row("---", "---", "---", "---", "---", "---", "---");
        await OnSqliteAsync(sizes, smoke ? 50 : 2000);
        if (Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } server)
            await OnPostgreSqlAsync(server, sizes, smoke ? 50 : 2000);
        else
            Report.Line($"PostgreSQL is left out: {ServerVariable} is not set.");
    }

    private static async Task OnSqliteAsync(long[] sizes, int polls)
    {
        var smallest = 0.0;
        foreach (var size in sizes)
        {
            var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
            try
            {
                var options = new DbContextOptionsBuilder<PortalDb>();
                options.UsePortalSqlite($"Data Source={Path.Combine(directory, "portal.db")}");
                await using var db = new PortalDb(options.Options);
                await db.Database.MigrateAsync();
                await FillAsync(db, size, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0})", "printf('%08X-0000-4000-8000-%012X', n.i, n.i)", "'2999-01-01 00:00:00'");
                smallest = await MeasureAsync("SQLite", options.Options, db, new SqliteDueWork(), SqliteDueWork.Find.Replace("{0}", "$now", StringComparison.Ordinal), size, polls, smallest);
            }
            finally
            {
                SqliteConnection.ClearAllPools();
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static async Task OnPostgreSqlAsync(string server, long[] sizes, int polls)
    {
        var smallest = 0.0;
        foreach (var size in sizes)
        {
            var options = new DbContextOptionsBuilder<PortalDb>();
            options.UsePortalPostgreSql(new NpgsqlConnectionStringBuilder(server) { Database = $"bench_{Guid.NewGuid():N}" }.ConnectionString);
            await using var db = new PortalDb(options.Options);
            await db.Database.MigrateAsync();
            try
            {
                await FillAsync(db, size, "WITH n(i) AS (SELECT generate_series(1, {0}))", "CAST(lpad(to_hex(n.i), 32, '0') AS uuid)", "TIMESTAMPTZ '2999-01-01 00:00:00Z'");
                await db.Database.ExecuteSqlRawAsync("VACUUM ANALYZE \"DesiredAssignments\"");
                smallest = await MeasureAsync("PostgreSQL", options.Options, db, new PostgreSqlDueWork(), PostgreSqlDueWork.Find.Replace("{0}", "@now", StringComparison.Ordinal), size, polls, smallest);
            }
            finally
            {
                NpgsqlConnection.ClearAllPools();
                await db.Database.EnsureDeletedAsync();
            }
        }
    }

    /// <summary>One row as the portal makes it, then copies of it that differ where they must.</summary>
    private static async Task FillAsync(PortalDb db, long size, string numbers, string id, string later)
    {
        var now = TimeProvider.System.GetUtcNow();
        var scope = $"/subscriptions/{Guid.Empty}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv/secrets/s";
        db.Add(new DesiredAssignment(new Grant(new GrantOrder(Guid.NewGuid(), "R-0", new PrincipalId(FenwickCompany.TenantId, FenwickCompany.Jonas), "Jonas", scope, "kv", "s", GrantableRole.SecretsUser, now.AddYears(1), now.AddYears(2)), now)));
        await db.SaveChangesAsync();
        var columns = db.Model.FindEntityType(typeof(DesiredAssignment))!.GetProperties().Select(p => p.Name).ToList();
        var values = columns.Select(c => c switch
        {
            "Id" => id,
            "PrincipalObjectId" => id,
            "DueAt" => $"CASE WHEN n.i % 20 = 0 THEN {later} END",
            _ => $"d.\"{c}\"",
        });
        db.Database.SetCommandTimeout(TimeSpan.FromHours(1));
#pragma warning disable EF1002 // The names are the model's own.
        await db.Database.ExecuteSqlRawAsync($"{numbers.Replace("{0}", (size - 1).ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)} INSERT INTO \"DesiredAssignments\" ({string.Join(", ", columns.Select(c => $"\"{c}\""))}) SELECT {string.Join(", ", values)} FROM n, \"DesiredAssignments\" d");
#pragma warning restore EF1002
    }

    private static async Task<double> MeasureAsync<T>(string name, DbContextOptions<PortalDb> options, PortalDb db, T work, string lanes, long size, int polls, double smallest) where T : IDueWork, IDatabaseClock
    {
        await db.Database.OpenConnectionAsync();
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = lanes;
        var parameter = command.CreateParameter();
        parameter.ParameterName = name == "SQLite" ? "$now" : "now";
        parameter.Value = TimeProvider.System.GetUtcNow().UtcDateTime;
        command.Parameters.Add(parameter);
        await command.PrepareAsync();
        var clock = new ClockWatch(TimeProvider.System);
        var look = new ClaimDueAssignments(new Factory(options), work, work, clock, new CallPacing(TimeProvider.System), new WorkUnderWay(), new LeftToOthers(), new UntoldCalls(new Factory(options)), new StepBack(clock, new GrantPace()), new GrantPace());
        var (statement, asked, whole) = (new List<double>(), new List<double>(), new List<double>());
        for (var poll = -200; poll < polls; poll++)
        {
            var start = Stopwatch.GetTimestamp();
            await using (var reader = await command.ExecuteReaderAsync())
                if (await reader.ReadAsync())
                    throw new InvalidOperationException("Something is due.");
            var raw = Report.Since(start) * 1000;
            start = Stopwatch.GetTimestamp();
            var found = (await work.FindAsync(db, TimeProvider.System.GetUtcNow(), [], CancellationToken.None)).Count;
            var find = Report.Since(start) * 1000;
            start = Stopwatch.GetTimestamp();
            found += (await look.ExecuteAsync(WorkUnderWay.Most, Actor.System, CancellationToken.None)).Value.Claims.Count;
            var all = Report.Since(start) * 1000;
            if (found > 0)
                throw new InvalidOperationException("Something is due.");
            if (poll < 0)
                continue;
            statement.Add(raw);
            asked.Add(find);
            whole.Add(all);
        }

        var median = Report.Median(asked);
        Report.Row(name, Report.Text(size), Report.Text(Report.Median(statement)), Report.Text(Report.Percentile(statement, 0.99)), Report.Text(median), Report.Text(Report.Median(whole)), smallest > 0 ? Report.Text(median / smallest) : "1");
        await TellPlanAsync(db, name, command);
        return smallest > 0 ? smallest : median;
    }

    private static async Task TellPlanAsync(PortalDb db, string name, DbCommand measured)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = (name == "SQLite" ? "EXPLAIN QUERY PLAN " : "EXPLAIN ") + measured.CommandText;
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (measured.Parameters[0].ParameterName, measured.Parameters[0].Value);
        command.Parameters.Add(parameter);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            Console.Error.WriteLine($"{name}: {reader.GetString(reader.FieldCount - 1)}");
    }

    private sealed class Factory(DbContextOptions<PortalDb> options) : IDbContextFactory<PortalDb>
    {
        public PortalDb CreateDbContext() => new(options);
    }
}
