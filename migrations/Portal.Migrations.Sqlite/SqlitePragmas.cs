using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Portal.Migrations.Sqlite;

/// <summary>Sets on every connection what the portal relies on. Defaults differ between builds of SQLite, so nothing is left to them, and the first connection to a file reads back what it got.</summary>
internal sealed class SqlitePragmas : DbConnectionInterceptor
{
    // Six seconds is longer than any checkpoint seen; the provider itself retries for as long as the command may take.
    private const string Pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=6000;";

    private readonly ConcurrentDictionary<string, bool> _checked = new(StringComparer.Ordinal);

    public static SqlitePragmas Instance { get; } = new();

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        using (var command = connection.CreateCommand())
        {
            command.CommandText = Pragmas;
            command.ExecuteNonQuery();
        }

        CheckOnce(connection);
    }

    public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = Pragmas;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        CheckOnce(connection);
    }

    private void CheckOnce(DbConnection connection)
    {
        if (_checked.ContainsKey(connection.DataSource))
            return;
        var file = Read(connection, "SELECT file FROM pragma_database_list WHERE name = 'main'");
        if (SqliteFile.FaultOf(file, Read(connection, "PRAGMA journal_mode"), Read(connection, "PRAGMA synchronous"), Read(connection, "PRAGMA foreign_keys")) is { } fault)
            throw new InvalidOperationException(fault);
        _checked[connection.DataSource] = true;
    }

    private static string Read(DbConnection connection, string question)
    {
        using var command = connection.CreateCommand();
        command.CommandText = question;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) ?? "";
    }
}
