using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Questions;
using Portal.Core.Audit.Search;
using Portal.Core.Identity;
using Portal.Migrations.Sqlite;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>On SQLite the search's index follows what is saved. Nobody who searches can tell.</summary>
public sealed class AuditIndexTests
{
    private static readonly AuditFilter Keys = new() { Text = "key" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task What_was_saved_a_moment_ago_is_on_the_list_in_the_count_in_the_charts_and_in_the_export(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        await AddAsync(world, 1);
        Assert.Single((await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(Keys), auditor, Ct)).Value.Items);
        await AddAsync(world, 1);
        Assert.Equal(2, (await world.Get<CountAuditEvents>().ExecuteAsync(Keys, auditor, Ct)).Value.Events);
        await AddAsync(world, 1);
        Assert.Equal(3, (await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(Keys, TimeZoneInfo.Utc), auditor, Ct)).Value.Bars.Sum(bar => bar.Events));
        await AddAsync(world, 1);
        Assert.Equal(4, (await Rows.ReadAsync((await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(Keys), auditor, Ct)).Value.ReadAsync(Ct))).Count);
    }

    [Fact]
    public async Task A_save_leaves_the_index_alone_and_whoever_comes_for_it_takes_in_every_event_once()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, 1_203);
        Assert.Equal(0, await IndexedAsync(world));
        await world.Get<IndexAuditEvents>().ExecuteAsync(Actor.System, Ct);
        Assert.Equal(1_203, await IndexedAsync(world));
        await world.Get<IndexAuditEvents>().ExecuteAsync(Actor.System, Ct);
        Assert.Equal(1_203, await IndexedAsync(world));
        Assert.Equal(1_203, await FoundAsync(world));
    }

    [Fact]
    public async Task Whoever_searches_at_the_same_time_finds_every_event_once()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, 1_700);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => FoundAsync(world), Ct))), found => Assert.Equal(1_700, found));
        Assert.Equal(1_700, await IndexedAsync(world, "revoked"));
    }

    [Fact]
    public async Task A_piece_that_cannot_be_written_is_not_half_there()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, 700);
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("""CREATE TRIGGER "refuse" BEFORE UPDATE ON "AuditSearchReach" BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END""", Ct));
        await Assert.ThrowsAnyAsync<Exception>(() => FoundAsync(world));
        Assert.Equal(0, await IndexedAsync(world));
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("""DROP TRIGGER "refuse" """, Ct));
        Assert.Equal(700, await FoundAsync(world));
        Assert.Equal(700, await IndexedAsync(world, "revoked"));
    }

    [Fact]
    public async Task What_is_changed_or_deleted_before_the_index_has_it_is_found_as_it_is_then()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, 3);
        await world.ReadAsync(db => db.AuditEvents.Where(e => e.Comment == "key 0").ExecuteDeleteAsync(Ct));
        await world.ReadAsync(db => db.AuditEvents.Where(e => e.Comment == "key 1").ExecuteUpdateAsync(set => set.SetProperty(e => e.Comment, "lock"), Ct));
        Assert.Equal(1, await FoundAsync(world));
        Assert.Equal(1, await FoundAsync(world, "lock"));
        Assert.Equal(0, await IndexedAsync(world, "0"));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_gone_by_the_time_the_index_comes_to_it_is_not_waited_for()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, 2);
        var deleted = false;
        world.DatabaseFaults.Break = sql =>
        {
            // Between the look at how far the trail is and the first piece.
            if (!deleted && sql.Contains("FROM \"AuditSearchReach\"", StringComparison.Ordinal))
            {
                deleted = true;
                using var db = world.OpenDb();
                db.AuditEvents.ExecuteDelete();
            }

            return null;
        };
        await world.Get<IndexAuditEvents>().ExecuteAsync(Actor.System, TestContext.Current.CancellationToken);
        Assert.True(deleted);
        Assert.Equal(0, await IndexedAsync(world));
        await AddAsync(world, 1);
        Assert.Equal(1, await FoundAsync(world));
    }

    [Fact]
    public async Task Only_the_portal_itself_brings_the_index_up_without_searching()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        Assert.Equal(RefusalCode.RoleMissing, Assert.Single((await world.Get<IndexAuditEvents>().ExecuteAsync(await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals).Code);
    }

    [Fact]
    public async Task An_upgrade_and_a_way_back_keep_every_event_findable()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, 2);
        await using (var db = world.OpenDb())
        {
            var migrations = db.Database.GetMigrations().ToList();
            var before = migrations[migrations.FindIndex(name => name.EndsWith("_AuditSearchFollows", StringComparison.Ordinal)) - 1];
            await db.GetService<IMigrator>().MigrateAsync(before, Ct);
        }

        // As the portal of before: each event that is saved enters the index by itself.
        Assert.Equal(2, await IndexedAsync(world, "revoked"));
        await AddAsync(world, 2);
        Assert.Equal(4, await IndexedAsync(world, "revoked"));
        await using (var db = world.OpenDb())
            await db.GetService<IMigrator>().MigrateAsync(cancellationToken: Ct);
        await AddAsync(world, 1);
        Assert.Equal(5, await FoundAsync(world));
        await world.ReadAsync(db => db.AuditEvents.Where(e => e.Comment == "key 0").ExecuteDeleteAsync(Ct));
        Assert.Equal(2, await FoundAsync(world));
    }

    [Fact]
    public async Task Made_anew_it_holds_what_is_there()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, 5);
        await world.Get<IndexAuditEvents>().ExecuteAsync(Actor.System, Ct);
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(SqliteAuditIndex.Rebuild, Ct));
        Assert.Equal(5, await IndexedAsync(world));
        Assert.Equal(5, await FoundAsync(world));
    }

    /// <summary>How many events the index itself holds, in all or with a word: an event that it held twice would count twice.</summary>
    private static Task<int> IndexedAsync(PortalWorld world, string? word = null) => world.ReadAsync(db => word is null
        ? db.Database.SqlQueryRaw<int>("""SELECT count(*) AS "Value" FROM "AuditSearch" """).SingleAsync(Ct)
        : db.Database.SqlQuery<int>($"""SELECT count(*) AS "Value" FROM "AuditSearch" WHERE "AuditSearch" MATCH {word} """).SingleAsync(Ct));

    private static async Task<int> FoundAsync(PortalWorld world, string text = "key") =>
        (await world.Get<CountAuditEvents>().ExecuteAsync(new AuditFilter { Text = text }, await world.IdentifyAsync(Company.Ingrid), Ct)).Value.Events;

    private static async Task AddAsync(PortalWorld world, int count)
    {
        var actor = await world.IdentifyAsync(Company.Tomas);
        await using var db = world.OpenDb();
        db.AuditEvents.AddRange(Enumerable.Range(0, count).Select(i => new AuditEvent(AuditCode.GrantRevoked, AuditOutcome.Success, actor, AuditSubject.Nothing, new AuditDetail(Comment: $"key {i}"), PortalWorld.Start)));
        await db.SaveChangesAsync(Ct);
    }
}
