using System.Diagnostics;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Benchmarks.Seeding;
using Portal.Benchmarks.World;
using Portal.Core;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;
using Portal.Sandbox.Company;
using Portal.Web.Audit;

namespace Portal.Benchmarks.Audit;

/// <summary>A database full of audit events and the portal's export of them on Kestrel, for one reader who is an auditor. No cloud: nothing here calls it.</summary>
internal sealed class AuditStage : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Func<Task> _drop;

    private AuditStage(WebApplication app, string connectionString, Func<Task> drop)
    {
        _app = app;
        ConnectionString = connectionString;
        _drop = drop;
    }

    /// <summary>Where the database is.</summary>
    public string ConnectionString { get; }

    /// <summary>The portal's parts.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Where the portal is, without a slash at the end.</summary>
    public string Address => _app.Urls.First();

    /// <summary>A stage on a SQLite file with so many events.</summary>
    /// <param name="events">How many.</param>
    /// <param name="sealing">False leaves them without a place in the log, and not waiting for one.</param>
    public static async Task<AuditStage> OnSqliteAsync(long events, bool sealing = true)
    {
        var directory = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        var connectionString = $"Data Source={Path.Combine(directory, "portal.db")}";
        return await StartAsync(options => options.UsePortalSqlite(connectionString), new SqliteAuditReading(), new SqliteDueWork(), connectionString, _ => FillAsync(connectionString, events, sealing), sealing, () =>
        {
            SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
            return Task.CompletedTask;
        });
    }

    /// <summary>A stage on a PostgreSQL database with so many events.</summary>
    /// <param name="server">The connection string of a server where databases may be made.</param>
    /// <param name="events">How many.</param>
    /// <param name="sealing">False leaves them without a place in the log, and not waiting for one.</param>
    public static async Task<AuditStage> OnPostgreSqlAsync(string server, long events, bool sealing = true)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(server) { Database = $"bench_{Guid.NewGuid():N}" }.ConnectionString;
        return await StartAsync(options => options.UsePortalPostgreSql(connectionString), new PostgreSqlAuditReading(), new PostgreSqlDueWork(), connectionString, async db =>
        {
            foreach (var statement in (string[])[EventSql.OnPostgreSql(events), .. sealing ? [EventSql.Wait(sqlite: false, 1, events)] : Array.Empty<string>(), "VACUUM ANALYZE"])
                await db.Database.ExecuteSqlRawAsync(statement);
        }, sealing, async () =>
        {
            NpgsqlConnection.ClearAllPools();
            var options = new DbContextOptionsBuilder<PortalDb>();
            options.UsePortalPostgreSql(connectionString);
            await using var db = new PortalDb(options.Options);
            await db.Database.EnsureDeletedAsync();
        });
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _drop();
    }

    private static async Task<AuditStage> StartAsync(Action<DbContextOptionsBuilder> use, IAuditReading reading, IDatabaseClock clock, string connectionString, Func<PortalDb, Task> fill, bool sealing, Func<Task> drop)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddSimpleConsole().AddFilter((_, level) => level >= LogLevel.Error);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddPortalDb((_, options) => use(options));
        builder.Services.AddSingleton(reading).AddSingleton<IDirectory, OneAuditor>();
        var files = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        builder.Services.AddSingleton(new SealingOptions("bench/audit", Path.Combine(files, "key"), Path.Combine(files, "checkpoints")));
        builder.Services.AddSingleton<IDatabaseClock>(clock);
        builder.Services.AddPortalCore();
        builder.Services.AddLocalization().AddSingleton<ExportProgress>().AddTransient<EvidenceZip>();
        var app = builder.Build();
        app.Use((context, next) =>
        {
            context.User = new ClaimsPrincipal(new ClaimsIdentity(
                [new("oid", FenwickCompany.Ingrid.ToString()), new("tid", FenwickCompany.TenantId.ToString()), new("name", "Ingrid"), new("roles", nameof(PortalRole.Auditor))], "bench", "name", "roles"));
            return next(context);
        });
        app.MapAudit();
        app.MapAuditLog();
        var databases = app.Services.GetRequiredService<IDbContextFactory<PortalDb>>();
        // A context has the file open until it is disposed, and filling needs it alone.
        await using (var db = await databases.CreateDbContextAsync())
            await db.Database.MigrateAsync();
        await using (var db = await databases.CreateDbContextAsync())
        {
            db.Database.SetCommandTimeout(TimeSpan.FromHours(1));
            var start = Stopwatch.GetTimestamp();
            await fill(db);
            Report.Line($"Seeded in {Report.Since(start) / 1000:0.0} s.");
        }

        await app.StartAsync();
        var stage = new AuditStage(app, connectionString, async () =>
        {
            await drop();
            Directory.Delete(files, recursive: true);
        });
        var started = Stopwatch.GetTimestamp();
        if (sealing)
            Report.Line($"Sealed {await stage.SealAsync():N0} events in {Report.Since(started) / 1000:0.0} s.");
        return stage;
    }

    private static async Task FillAsync(string connectionString, long events, bool sealing)
    {
        // Whoever migrated has the file open still.
        SqliteConnection.ClearAllPools();
        await using var connection = new SqliteConnection(connectionString + ";Pooling=False");
        await connection.OpenAsync();
        var load = BulkLoad.Begin(connection, "AuditEvents");
        await RunAsync(EventSql.OnSqlite(events));
        load.End();
        if (sealing)
            await RunAsync(EventSql.Wait(sqlite: true, 1, events));

        async Task RunAsync(string statement)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = statement;
            command.CommandTimeout = 3600;
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>Seals all that waits, with a checkpoint at the end.</summary>
    /// <returns>How many events.</returns>
    public async Task<long> SealAsync()
    {
        var all = 0L;
        for (var more = true; more;)
        {
            var turn = (await Services.GetRequiredService<SealEvents>().ExecuteAsync(new SealOrder(CheckpointNow: true), Actor.System, CancellationToken.None)).Value;
            all += turn.Sealed;
            more = turn.MoreIsPending;
        }

        return all;
    }

    /// <summary>Runs a statement in its turn, as whoever of the portal writes to the database.</summary>
    public async Task RunAsync(string sql)
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        db.Database.SetCommandTimeout(TimeSpan.FromHours(1));
        using var turn = await WriteTurn.TurnAsync(db, CancellationToken.None);
        await db.Database.ExecuteSqlRawAsync(sql);
    }

    /// <summary>A directory in which everybody is an auditor.</summary>
    private sealed class OneAuditor : IDirectory
    {
        public Task<Standing> StandingOfAsync(PrincipalId person, CancellationToken ct) => Task.FromResult(new Standing(true, new HashSet<PortalRole> { PortalRole.Auditor }, new HashSet<Guid>()));

        public Task<DirectoryPrincipal?> FindAsync(PrincipalId principal, CancellationToken ct) => Task.FromResult<DirectoryPrincipal?>(null);
    }
}
