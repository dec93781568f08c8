using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Portal.Migrations.Sqlite;

/// <summary>Sets on every connection what the portal relies on. Defaults differ between builds of SQLite, so nothing is left to them, and the first connection to a file reads back what it got.</summary>
/// <remarks>
/// A unit of work opens its connection once and has it until it is disposed. Otherwise Entity Framework opens it anew for each statement, and although the connections are pooled, each opening
/// costs: with the pragmas, and the functions that Entity Framework gives a connection of its own, it was a third of an action.
/// </remarks>
internal sealed class SqlitePragmas : DbConnectionInterceptor
{
    // Six seconds is longer than any checkpoint seen; the provider itself retries for as long as the command may take.
    private const string Pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=6000;";

    // The pool hands connections out again as they were set.
    private static readonly ConditionalWeakTable<object, object> Set = [];

    private readonly ConcurrentDictionary<string, bool> _checked = new(StringComparer.Ordinal);

    public static SqlitePragmas Instance { get; } = new();

    // Without the functions that Entity Framework gives SQLite for what it has none of its own, such as decimals and regular expressions: the portal's queries need none, and the provider registers
    // them at each opening and takes them off at each closing.
    public override InterceptionResult<DbConnection> ConnectionCreating(ConnectionCreatingEventData eventData, InterceptionResult<DbConnection> result) =>
        InterceptionResult<DbConnection>.SuppressWithResult(new SqliteConnection(eventData.ConnectionString));

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => SetUp(connection);

    public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        // SQLite answers in the same thread anyway.
        SetUp(connection);
        return Task.CompletedTask;
    }

    public override InterceptionResult ConnectionClosing(DbConnection connection, ConnectionEventData eventData, InterceptionResult result) => InterceptionResult.Suppress();

    public override ValueTask<InterceptionResult> ConnectionClosingAsync(DbConnection connection, ConnectionEventData eventData, InterceptionResult result) => ValueTask.FromResult(InterceptionResult.Suppress());

    private void SetUp(DbConnection connection)
    {
        var real = ((SqliteConnection)connection).Handle!;
        if (Set.TryGetValue(real, out _))
            return;
        using (var command = connection.CreateCommand())
        {
            command.CommandText = Pragmas;
            command.ExecuteNonQuery();
        }

        CheckOnce(connection);
        Set.Add(real, real);
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
