using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Portal.Migrations.Sqlite;

/// <summary>Has SQLite compile each statement of a save once, however many rows it writes. The framework sends one command a row, and the provider compiles each of them anew; where a table has triggers that takes longer than the write.</summary>
/// <remarks>What was compiled lives as long as the connection stays open: for one save, or for the transaction around it.</remarks>
internal sealed class SqliteSaveStatements : DbCommandInterceptor
{
    // A save of many kinds of things compiles the rest as ever.
    private const int Most = 64;

    private readonly ConditionalWeakTable<DbConnection, Dictionary<string, SqliteCommand>> _compiled = [];

    public static SqliteSaveStatements Instance { get; } = new();

    public override async ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        if (result.HasResult || eventData.CommandSource != CommandSource.SaveChanges || command is not SqliteCommand { Connection: { } connection } asked || CompiledFor(asked, connection) is not { } compiled)
            return result;
        // A command that stays must not bring up what it was told the last time.
        (compiled.Transaction, compiled.CommandTimeout) = (asked.Transaction, asked.CommandTimeout);
        compiled.Parameters.Clear();
        foreach (SqliteParameter parameter in asked.Parameters)
            compiled.Parameters.Add(parameter);
        return InterceptionResult<DbDataReader>.SuppressWithResult(await compiled.ExecuteReaderAsync(cancellationToken));
    }

    private SqliteCommand? CompiledFor(SqliteCommand asked, SqliteConnection connection)
    {
        var known = _compiled.GetValue(connection, Start);
        if (known.TryGetValue(asked.CommandText, out var compiled) || known.Count == Most)
            return compiled;
        compiled = connection.CreateCommand();
        compiled.CommandText = asked.CommandText;
        known.Add(asked.CommandText, compiled);
        return compiled;
    }

    private Dictionary<string, SqliteCommand> Start(DbConnection connection)
    {
        connection.StateChange += Forget;
        return new Dictionary<string, SqliteCommand>(StringComparer.Ordinal);
    }

    // With the connection goes what was compiled on it; the same object may be opened again.
    private void Forget(object sender, System.Data.StateChangeEventArgs change)
    {
        if (change.CurrentState == System.Data.ConnectionState.Open || sender is not DbConnection connection)
            return;
        connection.StateChange -= Forget;
        _compiled.Remove(connection);
    }
}
