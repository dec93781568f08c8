using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Portal.Tests.World;

/// <summary>Breaks database commands on demand, before they run.</summary>
public sealed partial class DatabaseFaults : DbCommandInterceptor, IDbTransactionInterceptor
{
    /// <summary>Given a command's SQL: what it meets, or null to let it through.</summary>
    public Func<string, Exception?>? Break { get; set; }

    /// <summary>The same for a command with all its values.</summary>
    public Func<DbCommand, Exception?>? BreakCommand { get; set; }

    /// <summary>Given the SQL of a command that reads: what it waits for; null to let it go on at once.</summary>
    public Func<string, Task?>? Hold { get; set; }

    /// <summary>Asked after each commit, also that of a statement that writes by itself: what the answer to it waits for; null to let it come at once.</summary>
    public Func<Task?>? HoldAnswer { get; set; }

    /// <summary>The database answers nothing, until further notice.</summary>
    public void Fail() => Break = _ => new DatabaseGone();

    /// <summary>The database can be read and takes no writes, until further notice.</summary>
    public void RefuseWrites() => Break = sql => Writing().IsMatch(sql) ? new IOException("attempt to write a readonly database") : null;

    /// <summary>Only the audit trail takes nothing any more.</summary>
    public void RefuseAuditEvents() => Break = sql => sql.Contains("INSERT INTO \"AuditEvents\"", StringComparison.Ordinal) ? new IOException("database or disk is full") : null;

    public override InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result) =>
        Pass(command, result);

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default) =>
        Hold?.Invoke(command.CommandText) is { } wait ? PassAfterAsync(wait, command, result) : ValueTask.FromResult(Pass(command, result));

    public override async ValueTask<DbDataReader> ReaderExecutedAsync(DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        if (command.Transaction is null && Writing().IsMatch(command.CommandText) && HoldAnswer?.Invoke() is { } wait)
            await wait.WaitAsync(cancellationToken);
        return result;
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Pass(command, result));

    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default) =>
        HoldAnswer?.Invoke()?.WaitAsync(cancellationToken) ?? Task.CompletedTask;

    [GeneratedRegex(@"\b(INSERT|UPDATE|DELETE)\b")]
    private static partial Regex Writing();

    private async ValueTask<T> PassAfterAsync<T>(Task wait, DbCommand command, T result)
    {
        await wait;
        return Pass(command, result);
    }

    private T Pass<T>(DbCommand command, T result) => (Break?.Invoke(command.CommandText) ?? BreakCommand?.Invoke(command)) is { } fault ? throw fault : result;

    private sealed class DatabaseGone() : DbException("The connection is gone.");
}
