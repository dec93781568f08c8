using Microsoft.Data.Sqlite;
using Npgsql;

namespace Portal.Tests.World;

/// <summary>A database that refuses writes by itself, until disposed: PostgreSQL set to read only, SQLite by triggers, since its files obey whoever runs the tests.</summary>
public sealed class RealOutage : IAsyncDisposable
{
    private readonly Func<ValueTask> _end;

    private RealOutage(Func<ValueTask> end) => _end = end;

    public static Task<RealOutage> BeginAsync(PortalDatabase database) => BeginAsync(database.Kind, database.ConnectionString);

    public static Task<RealOutage> BeginAsync(DatabaseKind kind, string connectionString) => kind == DatabaseKind.Sqlite ? RefuseAsync(connectionString) : ReadOnlyAsync(connectionString);

    public ValueTask DisposeAsync() => _end();

    private static async Task<RealOutage> RefuseAsync(string connectionString)
    {
        var triggers = (from table in (string[])["AuditEvents", "DesiredAssignments", "Grants"] from verb in (string[])["INSERT", "UPDATE"] select (Name: $"refuse_{verb}_{table}", On: $"{verb} ON \"{table}\"")).ToList();
        await RunAsync(string.Concat(triggers.Select(t => $"CREATE TRIGGER \"{t.Name}\" BEFORE {t.On} BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;")));
        return new RealOutage(async () => await RunAsync(string.Concat(triggers.Select(t => $"DROP TRIGGER \"{t.Name}\";"))));

        async Task RunAsync(string sql)
        {
            await using var connection = new SqliteConnection(connectionString);
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task<RealOutage> ReadOnlyAsync(string connectionString)
    {
        await SetAsync(connectionString, "SET default_transaction_read_only = on");
        return new RealOutage(async () => await SetAsync(connectionString, "RESET default_transaction_read_only"));
    }

    private static async Task SetAsync(string connectionString, string setting)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(unpooled.ConnectionString);
        await connection.OpenAsync();
        // The first in a transaction of its own: what is to be taken back would forbid the second.
        foreach (var sql in (string[])["SET default_transaction_read_only = off", $"ALTER DATABASE \"{unpooled.Database}\" {setting}"])
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }

        // Connections that are open keep the old setting.
        await using var pooled = new NpgsqlConnection(connectionString);
        NpgsqlConnection.ClearPool(pooled);
    }
}
