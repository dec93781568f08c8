using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using SQLitePCL;

namespace Portal.Migrations.Sqlite;

/// <summary>Lets one save at a time through to a database file, and has those that come close together wait for the disk together.</summary>
/// <remarks>
/// SQLite has one writer anyway; without the gate, waiting saves poll for the lock and some starve. A save commits without waiting for the disk, gives its turn to the next, and returns when the
/// write-ahead log has been synced since (<see cref="SharedSync"/>). Everything that does not come this way (a save in a transaction of its own, a statement, a migration, the scheduler) commits with
/// <c>synchronous=FULL</c>, which is what every connection is set to: whoever forgets the gate is durable, only slower.
/// </remarks>
internal sealed class SqliteWriteGate : WriteOrder
{
    // A gate lives as long as a context, or what makes contexts, knows it: with it goes the open log of a file that nobody uses any more.
    private static readonly ConcurrentDictionary<string, WeakReference<SqliteWriteGate>> Gates = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, Action<string, Action>> AroundSyncs = new(StringComparer.Ordinal);
    private static readonly Lock Finding = new();

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly WalFile _file = new();
    private readonly SharedSync _sync;

    // Who has a turn that is more than a save; its saves are part of it.
    private volatile PortalDb? _turn;
    private string _log = "";

    private SqliteWriteGate(string connectionString) => _sync = new SharedSync(() =>
    {
        if (AroundSyncs.TryGetValue(connectionString, out var around))
            around(_log, _file.Sync);
        else
            _file.Sync();
    });

    public static SqliteWriteGate For(string connectionString)
    {
        if (Known() is { } known)
            return known;
        lock (Finding)
        {
            var gate = Known() ?? new SqliteWriteGate(connectionString);
            Gates[connectionString] = new WeakReference<SqliteWriteGate>(gate);
            return gate;
        }

        SqliteWriteGate? Known() => Gates.TryGetValue(connectionString, out var weak) && weak.TryGetTarget(out var gate) ? gate : null;
    }

    /// <summary>See <see cref="SqliteDatabase.AroundLogSyncs"/>.</summary>
    public static void Around(string connectionString, Action<string, Action>? around)
    {
        if (around is null)
            AroundSyncs.TryRemove(connectionString, out _);
        else
            AroundSyncs[connectionString] = around;
    }

    public override async Task<IDisposable> EnterAsync(PortalDb db, CancellationToken ct)
    {
        await PassAsync(ct);
        _turn = db;
        return new Turn(this);
    }

    public override async Task<int> SaveAsync(PortalDb db, Func<CancellationToken, Task<int>> save, CancellationToken ct)
    {
        if (_turn == db)
            return await save(ct);
        int saved;
        bool later;
        await PassAsync(ct);
        try
        {
            var connection = await SyncedLaterAsync(db, ct);
            later = connection is not null;
            try
            {
                saved = await save(ct);
            }
            finally
            {
                if (connection is not null)
                    SyncedAgain(connection);
            }
        }
        finally
        {
            _gate.Release();
        }

        if (later && saved > 0)
            await _sync.WaitAsync().WaitAsync(ct);
        return saved;
    }

    public override int Save(PortalDb db, Func<int> save)
    {
        if (_turn == db)
            return save();
        _gate.Wait();
        try
        {
            _sync.ThrowIfLost();
            return save();
        }
        finally
        {
            _gate.Release();
        }
    }

    public override Task SettleAsync(CancellationToken ct) => _sync.WaitAsync().WaitAsync(ct);

    private async Task PassAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            _sync.ThrowIfLost();
        }
        catch (DurabilityLostException)
        {
            _gate.Release();
            throw;
        }
    }

    /// <summary>Has the commit of a save leave the disk to the sync that follows.</summary>
    /// <returns>The connection; null when the save is synced by its own commit.</returns>
    private async Task<sqlite3?> SyncedLaterAsync(PortalDb db, CancellationToken ct)
    {
        // The commit comes when the gate is somebody else's.
        if (db.Database.CurrentTransaction is not null)
            return null;
        await db.Database.OpenConnectionAsync(ct);
        var connection = ((SqliteConnection)db.Database.GetDbConnection()).Handle!;
        // A database in memory has no file.
        if (raw.sqlite3_db_filename(connection, "main").utf8_to_string() is not { Length: > 0 } file)
            return null;
        _log = file + "-wal";
        if (!_file.Follow(_log))
            return null;
        _sync.Begin();
        if (raw.sqlite3_exec(connection, "PRAGMA synchronous=NORMAL") == raw.SQLITE_OK)
            return connection;
        _sync.End();
        return null;
    }

    private void SyncedAgain(sqlite3 connection)
    {
        _sync.End();
        if (raw.sqlite3_exec(connection, "PRAGMA synchronous=FULL") == raw.SQLITE_OK)
            return;
        // The pool would hand it out as one whose commits are durable.
        var fault = new InvalidOperationException($"A connection could not be set back to synchronous=FULL: {raw.sqlite3_errmsg(connection).utf8_to_string()}");
        _sync.Lose(fault);
        throw fault;
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
