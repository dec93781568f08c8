using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Portal.Tests.World;

/// <summary>Breaks database commands on demand, before they run.</summary>
public sealed class DatabaseFaults : DbCommandInterceptor
{
    /// <summary>Given a command's SQL: what it meets, or null to let it through.</summary>
    public Func<string, Exception?>? Break { get; set; }

    public override InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result) =>
        Pass(command, result);

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Pass(command, result));

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Pass(command, result));

    private T Pass<T>(DbCommand command, T result) => Break?.Invoke(command.CommandText) is { } fault ? throw fault : result;
}
