using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Migrations.Sqlite;
using Portal.Tests.World;

namespace Portal.Tests.Data;

/// <summary>Saves on SQLite that wait for the disk together: what was answered outlasts a power cut, and a disk that fails is believed.</summary>
public sealed class GroupCommitTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_was_answered_is_there_after_a_power_cut_that_leaves_garbage_behind()
    {
        OnLinux();
        await using var world = await PortalWorld.OpenAsync();
        var file = FileOf(world);
        // A reader keeps SQLite from emptying its log into the file, so that what was on the disk at any time is the start of what is there in the end.
        await using var reader = world.OpenDb();
        await reader.Database.OpenConnectionAsync(Ct);
        await reader.Database.ExecuteSqlRawAsync("BEGIN DEFERRED", Ct);
        await reader.People.AnyAsync(Ct);
        var answered = new ConcurrentBag<(Guid Request, long Synced)>();
        var synced = 0L;
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, (log, sync) =>
        {
            var length = new FileInfo(log).Length;
            sync();
            Volatile.Write(ref synced, length);
        });
        var mira = await world.IdentifyAsync(Company.Mira);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => mira with { Id = Company.Mira.Id with { ObjectId = Guid.NewGuid() } }).Select(person => Task.Run(async () =>
        {
            foreach (var scope in (string[])[Company.Stripe, Company.LedgerPassword])
            {
                var asked = await world.Get<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), PortalWorld.Draft(scope)), person, Ct);
                Assert.Empty(asked.Refusals);
                answered.Add((asked.Value.RequestId, Volatile.Read(ref synced)));
            }
        }, Ct)));
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, null);

        Assert.Equal(32, answered.Count);
        Assert.All(answered, a => Assert.True(a.Synced > 0));
        var (database, log) = (await ReadSharedAsync(file), await ReadSharedAsync(file + "-wal"));
        var garbage = new byte[3 * 4120];
        new Random(7).NextBytes(garbage);
        foreach (var length in answered.Select(a => a.Synced).Distinct())
        {
            var must = answered.Where(a => a.Synced <= length).Select(a => a.Request).ToHashSet();
            foreach (var tail in (byte[][])[[], garbage])
                await JudgeAsync(Path.GetDirectoryName(file)!, database, [.. log.AsSpan(0, (int)length), .. tail], must);
        }
    }

    [Fact]
    public async Task A_log_that_goes_with_the_last_connection_and_is_made_anew_is_followed()
    {
        OnLinux();
        await using var world = await PortalWorld.OpenAsync();
        var log = FileOf(world) + "-wal";
        await world.AskAsync();
        using (var connection = new SqliteConnection(world.Database.ConnectionString))
            SqliteConnection.ClearPool(connection);
        Assert.False(File.Exists(log));

        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var open = Directory.EnumerateFiles("/proc/self/fd").Select(fd => new FileInfo(fd).LinkTarget).Where(target => target?.StartsWith(log, StringComparison.Ordinal) == true).ToList();
        Assert.Contains(log, open);
        Assert.DoesNotContain(log + " (deleted)", open);
    }

    [Fact]
    public async Task Only_a_save_on_its_own_leaves_the_disk_to_the_sync_that_follows()
    {
        OnLinux();
        await using var world = await PortalWorld.OpenAsync();
        var level = new Level();
        var options = new DbContextOptionsBuilder<PortalDb>();
        world.Database.Configure(options).AddInterceptors(level);
        await using var db = new PortalDb(options.Options);
        Assert.Equal(1, await SavedAtAsync());
        using (await WriteTurn.TurnAsync(db, Ct))
            Assert.Equal(2, await SavedAtAsync());
        await using (var transaction = await db.Database.BeginTransactionAsync(Ct))
        {
            Assert.Equal(2, await SavedAtAsync());
            await transaction.CommitAsync(Ct);
        }

        NoteSomething();
        Assert.Equal(2, db.SaveChanges());
        Assert.Equal(2, level.Seen);

        async Task<int> SavedAtAsync()
        {
            NoteSomething();
            await db.SaveChangesAsync(Ct);
            return level.Seen;
        }

        void NoteSomething() => new AuditTrail(db, Actor.System, PortalWorld.Start).AttemptRefused("Test", new Refusal(RefusalCode.NotFound), AuditSubject.Nothing);
    }

    [Fact]
    public async Task A_save_leaves_its_connection_as_it_found_it()
    {
        await using var world = await PortalWorld.OpenAsync();
        await using var db = world.OpenDb();
        new AuditTrail(db, Actor.System, PortalWorld.Start).AttemptRefused("Test", new Refusal(RefusalCode.NotFound), AuditSubject.Nothing);
        Assert.Equal(2, await db.SaveChangesAsync(Ct));
        Assert.Equal(2, await db.Database.SqlQueryRaw<int>("SELECT synchronous AS Value FROM pragma_synchronous").SingleAsync(Ct));

        world.DatabaseFaults.RefuseAuditEvents();
        await Assert.ThrowsAnyAsync<Exception>(() => world.AskAsync());
        world.DatabaseFaults.Break = null;
        using var connection = new SqliteConnection(world.Database.ConnectionString);
        await connection.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA synchronous";
        Assert.Equal(2L, await command.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task The_other_half_of_a_double_click_is_not_answered_before_the_first_is_durable()
    {
        OnLinux();
        await using var world = await PortalWorld.OpenAsync();
        var mira = await world.IdentifyAsync(Company.Mira);
        var submission = new RequestSubmission(Guid.NewGuid(), PortalWorld.Draft());
        using var disk = new ManualResetEventSlim();
        using var under = new ManualResetEventSlim();
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, (_, sync) =>
        {
            under.Set();
            disk.Wait(Ct);
            sync();
        });

        var first = Task.Run(() => world.Get<SubmitRequest>().ExecuteAsync(submission, mira, Ct), Ct);
        under.Wait(Ct);
        var second = world.Get<SubmitRequest>().ExecuteAsync(submission, mira, Ct);
        Assert.False(first.IsCompleted);
        Assert.False(second.IsCompleted);
        disk.Set();
        Assert.Equal((await first).Value, (await second).Value);
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, null);
    }

    [Fact]
    public async Task A_disk_that_hangs_holds_up_nobody_who_stops_waiting()
    {
        OnLinux();
        await using var world = await PortalWorld.OpenAsync();
        var mira = await world.IdentifyAsync(Company.Mira);
        using var disk = new ManualResetEventSlim();
        using var under = new ManualResetEventSlim();
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, (_, sync) =>
        {
            under.Set();
            disk.Wait(Ct);
            sync();
        });
        var first = Task.Run(() => world.Get<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), PortalWorld.Draft()), mira, Ct), Ct);
        under.Wait(Ct);
        using var patience = new CancellationTokenSource();
        var second = world.Get<SubmitRequest>().ExecuteAsync(new RequestSubmission(Guid.NewGuid(), PortalWorld.Draft(Company.LedgerPassword)), mira, patience.Token);
        Assert.False(second.IsCompleted);

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        disk.Set();
        Assert.Empty((await first).Refusals);
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, null);
    }

    [Fact]
    public async Task A_disk_that_fails_ends_all_writing_and_revocations_go_out_by_way_of_the_spool()
    {
        OnLinux();
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, (_, _) => throw new IOException("Input/output error"));

        await Assert.ThrowsAsync<DurabilityLostException>(() => world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword)));
        // The disk says nothing of it any more; what it dropped is gone all the same.
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, null);
        await Assert.ThrowsAsync<DurabilityLostException>(() => world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword)));
        await Assert.ThrowsAsync<DurabilityLostException>(() => world.ReadAsync(WriteTurnOf));

        world.Clock.Advance(TimeSpan.FromMinutes(31));
        await Assert.ThrowsAsync<DurabilityLostException>(() => world.ClaimAsync());
        Assert.Equal(1, (await world.Get<RevokeInOutage>().ExecuteAsync(Actor.System, Ct)).Value);
        Assert.Empty(world.Cloud.Standing);
        Assert.Single(world.Cloud.Calls, c => c.Verb == CloudVerb.Put);
    }

    private static async Task<bool> WriteTurnOf(PortalDb db)
    {
        using var turn = await WriteTurn.TurnAsync(db, Ct);
        return turn is not null;
    }

    private static async Task JudgeAsync(string directory, byte[] database, byte[] log, HashSet<Guid> must)
    {
        var copy = Path.Combine(directory, $"cut-{Guid.NewGuid():N}.db");
        await File.WriteAllBytesAsync(copy, database, Ct);
        await File.WriteAllBytesAsync(copy + "-wal", log, Ct);
        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalSqlite($"Data Source={copy};Pooling=False");
        await using var db = new PortalDb(options.Options);
        Assert.Equal("ok", await db.Database.SqlQueryRaw<string>("SELECT integrity_check AS Value FROM pragma_integrity_check").SingleAsync(Ct));
        Assert.Superset(must, (await db.AccessRequests.Select(r => r.Id).ToListAsync(Ct)).ToHashSet());
        Assert.Superset(must, (await db.AuditEvents.Where(e => e.Code == "request.submitted").Select(e => e.RequestId!.Value).ToListAsync(Ct)).ToHashSet());
    }

    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var all = new byte[stream.Length];
        await stream.ReadExactlyAsync(all, Ct);
        return all;
    }

    private static string FileOf(PortalWorld world) => new SqliteConnectionStringBuilder(world.Database.ConnectionString).DataSource;

    /// <summary>Reads what <c>synchronous</c> is while something is saved.</summary>
    private sealed class Level : SaveChangesInterceptor
    {
        public int Seen { get; private set; }

        public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
        {
            Seen = eventData.Context!.Database.SqlQueryRaw<int>("SELECT synchronous AS Value FROM pragma_synchronous").Single();
            return result;
        }

        public override ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(SavingChanges(eventData, result));
    }

    private static void OnLinux() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Saves wait for the disk together on Linux only.");
}
