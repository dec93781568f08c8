using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using Portal.Core.Data;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;

namespace Portal.Tests.World;

/// <summary>The two databases that the portal runs on.</summary>
public enum DatabaseKind
{
    Sqlite,
    PostgreSql,
}

/// <summary>A real database of one test's own: migrated, empty, gone afterwards. The schema is made once per kind by the migrations and then copied.</summary>
public sealed class PortalDatabase : IAsyncDisposable
{
    /// <summary>The environment variable with the connection string of a PostgreSQL server where databases may be made; <c>tests/run</c> sets it.</summary>
    public const string ServerVariable = "PORTAL_TEST_POSTGRES";

    private static readonly ConcurrentDictionary<DatabaseKind, Lazy<Task<string>>> Templates = new();

    private readonly Func<ValueTask> _drop;

    private PortalDatabase(DatabaseKind kind, string connectionString, Func<ValueTask> drop)
    {
        Kind = kind;
        ConnectionString = connectionString;
        _drop = drop;
    }

    public DatabaseKind Kind { get; }

    public string ConnectionString { get; }

    /// <summary>Why tests on this kind are skipped here; null when they can run.</summary>
    public static string? WhyUnavailable(DatabaseKind kind) => kind == DatabaseKind.PostgreSql && string.IsNullOrEmpty(Server)
        ? $"No PostgreSQL: {ServerVariable} is not set (tests/run starts a server when PostgreSQL is installed or can be)."
        : null;

    private static string? Server => Environment.GetEnvironmentVariable(ServerVariable);

    /// <summary>Makes a database. Skips the test when this kind is not to be had here.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="empty">True for one with nothing in it, as an operator makes it: without the schema.</param>
    public static async Task<PortalDatabase> CreateAsync(DatabaseKind kind, bool empty = false)
    {
        Assert.SkipWhen(WhyUnavailable(kind) is not null, WhyUnavailable(kind) ?? "");
        return kind == DatabaseKind.Sqlite ? await CreateSqliteAsync(empty) : await CreatePostgreSqlAsync(empty);
    }

    /// <summary>Points options at this database, just as the portal does. Where a query leaves to chance which rows it takes, it fails.</summary>
    public DbContextOptionsBuilder Configure(DbContextOptionsBuilder options) => Use(options, Kind, ConnectionString);

    public PortalDb Open() => OpenAt(Kind, ConnectionString);

    public ValueTask DisposeAsync() => _drop();

    private static DbContextOptionsBuilder Use(DbContextOptionsBuilder options, DatabaseKind kind, string connectionString) => (kind switch
    {
        DatabaseKind.Sqlite => options.UsePortalSqlite(connectionString),
        DatabaseKind.PostgreSql => options.UsePortalPostgreSql(connectionString),
    }).ConfigureWarnings(warnings => warnings.Throw(CoreEventId.RowLimitingOperationWithoutOrderByWarning, CoreEventId.FirstWithoutOrderByAndFilterWarning));

    public static PortalDb OpenAt(DatabaseKind kind, string connectionString)
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        Use(options, kind, connectionString);
        return new PortalDb(options.Options);
    }

    private static Task<string> TemplateAsync(DatabaseKind kind, Func<Task<string>> make) =>
        Templates.GetOrAdd(kind, _ => new Lazy<Task<string>>(make)).Value;

    private static async Task<PortalDatabase> CreateSqliteAsync(bool empty)
    {
        var template = await TemplateAsync(DatabaseKind.Sqlite, async () =>
        {
            var directory = NewDirectory("portal-template-");
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(directory, recursive: true);
            var file = Path.Combine(directory, "portal.db");
            await using var db = OpenAt(DatabaseKind.Sqlite, $"Data Source={file};Pooling=False");
            await db.Database.MigrateAsync();
            return file;
        });
        var own = NewDirectory("portal-test-");
        var path = Path.Combine(own, "portal.db");
        if (!empty)
            File.Copy(template, path);
        var connectionString = $"Data Source={path}";
        return new PortalDatabase(DatabaseKind.Sqlite, connectionString, () =>
        {
            using (var connection = new SqliteConnection(connectionString))
                SqliteConnection.ClearPool(connection);
            Directory.Delete(own, recursive: true);
            return ValueTask.CompletedTask;
        });
    }

    private static async Task<PortalDatabase> CreatePostgreSqlAsync(bool empty)
    {
        var template = await TemplateAsync(DatabaseKind.PostgreSql, async () =>
        {
            var name = $"template_{Guid.NewGuid():N}";
            await using var db = OpenAt(DatabaseKind.PostgreSql, new NpgsqlConnectionStringBuilder(Server) { Database = name, Pooling = false }.ConnectionString);
            await db.Database.MigrateAsync();
            return name;
        });
        var own = $"test_{Guid.NewGuid():N}";
        await RunOnServerAsync(empty ? $"CREATE DATABASE {own}" : $"CREATE DATABASE {own} TEMPLATE {template}");
        // As the portal will write it, so that the pool that is cleared is its own.
        var connectionString = Standstill.EndedBy(new NpgsqlConnectionStringBuilder(Server) { Database = own, MaxPoolSize = 40, Timeout = 300 }.ConnectionString);
        return new PortalDatabase(DatabaseKind.PostgreSql, connectionString, async () =>
        {
            await using (var connection = new NpgsqlConnection(connectionString))
                NpgsqlConnection.ClearPool(connection);
            await RunOnServerAsync($"DROP DATABASE {own} WITH (FORCE)");
        });
    }

    // The portal waits for the disk at every save. In memory that wait is short, and the code the same.
    private static string NewDirectory(string prefix) => Directory.Exists("/dev/shm")
        ? Directory.CreateDirectory(Path.Combine("/dev/shm", prefix + Guid.NewGuid().ToString("N"))).FullName
        : Directory.CreateTempSubdirectory(prefix).FullName;

    private static async Task RunOnServerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        // Copying a database waits for the disk, and for whoever copies one at the same time.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync();
    }
}
