using System.Data.Common;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;
using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>Writes rows of one kind without tracking them. Names and forms are the model's, so that a row is the one that Entity Framework would have written.</summary>
/// <remarks>
/// Compiled at the first row, and never kept beyond a save: a connection that is closed and opened again may be another file handle, and the provider would go on with what was compiled for the first. Only the
/// parameters are kept, for a context that is handed out again. It tells Entity Framework's own log and interceptors of each row, as a save does.
/// </remarks>
/// <typeparam name="TRow">An entity all of whose columns are given with it, but for a key that the database counts.</typeparam>
internal sealed class InsertStatement<TRow> : IAsyncDisposable
    where TRow : class
{
    private static readonly ConditionalWeakTable<PortalDb, DbParameter[]> Made = [];
    private static Shape? _known;

    private readonly PortalDb _db;
    private readonly Column[] _columns;
    private readonly DbCommand _command;
    private readonly IRelationalConnection _connection;
    private readonly IRelationalCommandDiagnosticsLogger _log;
    private readonly Guid _id = Guid.NewGuid();

    private InsertStatement(PortalDb db)
    {
        var shape = _known is { } known && known.Model == db.Model ? known : _known = Shape.Of(db);
        (_db, _columns) = (db, shape.Columns);
        _connection = db.GetService<IRelationalConnection>();
        _log = db.GetService<IRelationalCommandDiagnosticsLogger>();
        _command = _connection.DbConnection.CreateCommand();
#pragma warning disable CA2100 // Names of the model; what varies is a parameter.
        _command.CommandText = shape.Text;
#pragma warning restore CA2100
        _command.Transaction = _connection.CurrentTransaction?.GetDbTransaction() ?? throw new InvalidOperationException("Rows are written in a transaction.");
        _command.Parameters.AddRange(Made.GetValue(db, _ => [.. _columns.Select(c => c.Mapping.CreateParameter(_command, c.Parameter, null, nullable: true))]));
    }

    /// <summary>The statement on a unit of work's connection, in its open transaction.</summary>
    /// <exception cref="InvalidOperationException">No transaction is open.</exception>
    public static InsertStatement<TRow> In(PortalDb db) => new(db);

    /// <summary>Writes a row.</summary>
    /// <exception cref="DbUpdateException">It was not written, though nothing failed.</exception>
    public async Task RunAsync(TRow row, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        for (var i = 0; i < _columns.Length; i++)
            _command.Parameters[i].Value = _columns[i].ValueOf(row) ?? DBNull.Value;

        // For the log alone, which goes by the machine's clock.
        var (started, ticks) = (TimeProvider.System.GetUtcNow(), Stopwatch.GetTimestamp());
        int written;
        try
        {
            var told = await _log.CommandNonQueryExecutingAsync(_connection, _command, _command.CommandText, _db, _id, _connection.ConnectionId, started, CommandSource.SaveChanges, ct);
            // SQLite answers in the same thread anyway.
            written = told.HasResult ? told.Result : _command.ExecuteNonQuery();
            await _log.CommandNonQueryExecutedAsync(_connection, _command, _command.CommandText, _db, _id, _connection.ConnectionId, written, started, Stopwatch.GetElapsedTime(ticks), CommandSource.SaveChanges, ct);
        }
        catch (Exception fault)
        {
            await _log.CommandErrorAsync(_connection, _command, _command.CommandText, _db, DbCommandMethod.ExecuteNonQuery, _id, _connection.ConnectionId, fault, started, Stopwatch.GetElapsedTime(ticks), CommandSource.SaveChanges, CancellationToken.None);
            throw;
        }

        if (written != 1)
            throw new DbUpdateException($"{written} rows were written where one was to be.");
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _command.DisposeAsync();

    private sealed record Shape(IModel Model, string Text, Column[] Columns)
    {
        public static Shape Of(PortalDb db)
        {
            var type = db.Model.FindEntityType(typeof(TRow))!;
            var table = StoreObjectIdentifier.Table(type.GetTableName()!);
            // What the database makes itself, only the key may be: the value of anything else would be lost.
            if (type.GetProperties().FirstOrDefault(p => p.ValueGenerated != ValueGenerated.Never && !p.IsPrimaryKey()) is { } made)
                throw new InvalidOperationException($"{made} is made by the database, and cannot be written this way.");
            var columns = type.GetProperties().Where(p => p.ValueGenerated == ValueGenerated.Never).Select((p, i) => new Column(p, p.GetColumnName(table)!, $"@p{i}")).ToArray();
            var names = db.GetService<ISqlGenerationHelper>();
            var text = $"INSERT INTO {names.DelimitIdentifier(table.Name)} ({string.Join(", ", columns.Select(c => names.DelimitIdentifier(c.Name)))}) VALUES ({string.Join(", ", columns.Select(c => c.Parameter))})";
            return new Shape(db.Model, text, columns);
        }
    }

    private sealed class Column(IProperty property, string name, string parameter)
    {
        private readonly IClrPropertyGetter _getter = property.GetGetter();
        private readonly Func<object?, object?>? _convert = property.GetRelationalTypeMapping().Converter?.ConvertToProvider;

        public string Name => name;

        public string Parameter => parameter;

        public RelationalTypeMapping Mapping { get; } = property.GetRelationalTypeMapping();

        public object? ValueOf(TRow row) => _convert is null ? _getter.GetClrValue(row) : _convert(_getter.GetClrValue(row));
    }
}
