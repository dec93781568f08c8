using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Data;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;
using Portal.Reliability.Judging;
using Portal.Reliability.Worker;

namespace Portal.Reliability.World;

/// <summary>A migrated database of one lane's own, gone afterwards.</summary>
internal sealed class LaneDatabase : IAsyncDisposable
{
    /// <summary>The environment variable with the connection string of a PostgreSQL server where databases may be made; <c>tests/run</c> sets it.</summary>
    public const string ServerVariable = "PORTAL_TEST_POSTGRES";

    private readonly string _kind;
    private readonly string? _server;

    private LaneDatabase(string kind, string connectionString, string? server)
    {
        _kind = kind;
        ConnectionString = connectionString;
        _server = server;
    }

    public string ConnectionString { get; }

    /// <summary><c>sqlite</c> or <c>postgres</c>.</summary>
    public string Kind => _kind;

    /// <param name="kind"><c>sqlite</c> or <c>postgres</c>.</param>
    /// <param name="directory">Where a file may be put.</param>
    /// <param name="lane">The lane's number.</param>
    public static async Task<LaneDatabase> CreateAsync(string kind, string directory, int lane)
    {
        var database = kind == WorkerSettings.Sqlite
            ? new LaneDatabase(kind, $"Data Source={Path.Combine(directory, $"lane-{lane}.db")}", null)
            : await CreateOnServerAsync();
        await using var db = database.Open();
        await db.Database.MigrateAsync();
        await Announcement.InstallAsync(database);
        return database;
    }

    public DbContextOptionsBuilder Configure(DbContextOptionsBuilder options) =>
        _kind == WorkerSettings.Sqlite ? options.UsePortalSqlite(ConnectionString) : options.UsePortalPostgreSql(ConnectionString);

    /// <summary>What the database's own time is asked by.</summary>
    public IDatabaseClock Clock => _kind == WorkerSettings.Sqlite ? new SqliteDueWork() : new PostgreSqlDueWork();

    public PortalDb Open()
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        Configure(options);
        return new PortalDb(options.Options);
    }

    /// <summary>How a worker process reaches it.</summary>
    /// <param name="application">The name that the server is to know the process by.</param>
    /// <param name="port">A relay's port before the server; null for none.</param>
    public string ConnectionStringFor(string application, int? port = null)
    {
        if (_kind == WorkerSettings.Sqlite)
            return ConnectionString;
        var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { ApplicationName = application };
        if (port is { } relay)
            connection.Port = relay;
        return connection.ConnectionString;
    }

    /// <summary>The server's own port.</summary>
    public int ServerPort => new NpgsqlConnectionStringBuilder(ConnectionString).Port;

    public async ValueTask DisposeAsync()
    {
        if (_server is null)
        {
            SqliteConnection.ClearAllPools();
            return;
        }

        NpgsqlConnection.ClearAllPools();
        await RunAsync(_server, $"DROP DATABASE {new NpgsqlConnectionStringBuilder(ConnectionString).Database} WITH (FORCE)");
    }

    private static async Task<LaneDatabase> CreateOnServerAsync()
    {
        var server = Environment.GetEnvironmentVariable(ServerVariable) ?? throw new InvalidOperationException($"{ServerVariable} names no server.");
        var name = $"reliability_{Guid.NewGuid():N}";
        await RunAsync(server, $"CREATE DATABASE {name}");
        return new LaneDatabase(WorkerSettings.PostgreSql, new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 10, Timeout = 30 }.ConnectionString, server);
    }

    private static async Task RunAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
