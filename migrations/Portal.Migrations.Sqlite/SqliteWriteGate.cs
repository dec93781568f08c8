using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>Lets one save at a time through to a database file. SQLite has one writer anyway; without the gate, waiting saves poll for the lock and some starve.</summary>
internal sealed class SqliteWriteGate : SaveChangesInterceptor
{
    private static readonly ConcurrentDictionary<string, SqliteWriteGate> Gates = new(StringComparer.Ordinal);

    private readonly SemaphoreSlim _gate = new(1, 1);

    // Whose turn it is. Which of the events below ends a save is the framework's affair; the first one that comes counts.
    private DbContext? _holder;

    // Who has a turn that is more than a save; its saves are part of it.
    private volatile DbContext? _turn;

    public static SqliteWriteGate For(string connectionString) => Gates.GetOrAdd(connectionString, _ => new SqliteWriteGate());

    /// <summary>The gate that a context's saves go through.</summary>
    public static SqliteWriteGate Of(PortalDb db) =>
        db.GetService<IDbContextOptions>().FindExtension<CoreOptionsExtension>()?.Interceptors?.OfType<SqliteWriteGate>().Single()
        ?? throw new InvalidOperationException("This context was not made by UsePortalSqlite.");

    /// <summary>Waits for a turn of a context to write by other means than a save, or by several; its own saves are let through until it is given back.</summary>
    public async Task<IDisposable> EnterAsync(PortalDb db, CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        _turn = db;
        return new Turn(this);
    }

    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
    {
        if (_turn is { } turn && turn == eventData.Context)
            return result;
        _gate.Wait();
        _holder = eventData.Context;
        return result;
    }

    public override async ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        if (_turn is { } turn && turn == eventData.Context)
            return result;
        await _gate.WaitAsync(cancellationToken);
        _holder = eventData.Context;
        return result;
    }

    public override int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        Leave(eventData);
        return result;
    }

    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        Leave(eventData);
        return ValueTask.FromResult(result);
    }

    public override void SaveChangesFailed(DbContextErrorEventData eventData) => Leave(eventData);

    public override Task SaveChangesFailedAsync(DbContextErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Leave(eventData);
        return Task.CompletedTask;
    }

    public override void SaveChangesCanceled(DbContextEventData eventData) => Leave(eventData);

    public override Task SaveChangesCanceledAsync(DbContextEventData eventData, CancellationToken cancellationToken = default)
    {
        Leave(eventData);
        return Task.CompletedTask;
    }

    // A save that lost against another ends here and with no event of failure.
    public override InterceptionResult ThrowingConcurrencyException(ConcurrencyExceptionEventData eventData, InterceptionResult result)
    {
        Leave(eventData);
        return result;
    }

    public override ValueTask<InterceptionResult> ThrowingConcurrencyExceptionAsync(ConcurrencyExceptionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        Leave(eventData);
        return ValueTask.FromResult(result);
    }

    private void Leave(DbContextEventData eventData)
    {
        if (eventData.Context is { } context && Interlocked.CompareExchange(ref _holder, null, context) == context)
            _gate.Release();
    }

    private sealed class Turn(SqliteWriteGate gate) : IDisposable
    {
        public void Dispose()
        {
            gate._turn = null;
            gate._gate.Release();
        }
    }
}
