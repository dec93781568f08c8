using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Migrations.Sqlite;
using Portal.Tests.World;

namespace Portal.Tests.Data;

/// <summary>A unit of work that is handed out again knows nothing of whoever had it before.</summary>
public sealed class PortalDbPoolTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task Nothing_of_a_unit_of_work_that_failed_in_the_middle_is_in_the_next(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await using var provider = Pool(world);
        var pool = provider.GetRequiredService<IDbContextFactory<PortalDb>>();
        PortalDb first;
        await using (first = await pool.CreateDbContextAsync(Ct))
        {
            first.ChangeTracker.AutoDetectChangesEnabled = false;
            first.Database.SetCommandTimeout(1);
            await first.Database.BeginTransactionAsync(Ct);
            Note(first);
            await first.SaveChangesAsync(Ct);
            Note(first);
        }

        await using var next = await pool.CreateDbContextAsync(Ct);
        Assert.Same(first, next);
        Assert.Empty(next.ChangeTracker.Entries());
        Assert.True(next.ChangeTracker.AutoDetectChangesEnabled);
        Assert.Null(next.Database.CurrentTransaction);
        Assert.NotEqual(1, next.Database.GetCommandTimeout());
        // Neither what it had only begun nor what it had not committed is there.
        Assert.Equal(0, await next.AuditEvents.CountAsync(Ct));
        Note(next);
        // The event, and that it waits for its place.
        Assert.Equal(2, await next.SaveChangesAsync(Ct));
        Assert.Equal(1, await next.AuditEvents.CountAsync(Ct));
    }

    [Fact]
    public async Task Whoever_only_read_waits_for_the_disk_though_the_unit_of_work_saved_for_somebody_before()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Saves wait for the disk together on Linux only.");
        await using var world = await PortalWorld.OpenAsync();
        var mira = await world.IdentifyAsync(Company.Mira);
        var pool = world.Get<IDbContextFactory<PortalDb>>();
        var used = new List<PortalDb>();
        for (var i = 0; i < 4; i++)
        {
            used.Add(await pool.CreateDbContextAsync(Ct));
            Note(used[i]);
            await used[i].SaveChangesAsync(Ct);
        }

        foreach (var db in used)
            await db.DisposeAsync();
        using var disk = new ManualResetEventSlim();
        using var under = new ManualResetEventSlim();
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, (_, sync) =>
        {
            under.Set();
            disk.Wait(Ct);
            sync();
        });
        var submission = new RequestSubmission(Guid.NewGuid(), PortalWorld.Draft());
        var first = Task.Run(() => world.Get<SubmitRequest>().ExecuteAsync(submission, mira, Ct), Ct);
        under.Wait(Ct);
        // The other half of a double click: it finds what the first saved, and saves nothing.
        var second = world.Get<SubmitRequest>().ExecuteAsync(submission, mira, Ct);
        Assert.False(second.IsCompleted);
        disk.Set();
        Assert.Equal((await first).Value, (await second).Value);
        SqliteDatabase.AroundLogSyncs(world.Database.ConnectionString, null);
    }

    [Fact]
    public async Task One_that_was_disposed_is_of_no_use_to_whoever_had_it()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await using var provider = Pool(world);
        var db = await provider.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync(Ct);
        await db.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => db.AuditEvents.CountAsync(Ct));
    }

    private static ServiceProvider Pool(PortalWorld world) => new ServiceCollection().AddPortalDb((_, options) => world.Database.Configure(options)).BuildServiceProvider();

    private static void Note(PortalDb db) => new AuditTrail(db, Actor.System, PortalWorld.Start).AttemptRefused("Test", new Refusal(RefusalCode.NotFound), AuditSubject.Nothing);
}
