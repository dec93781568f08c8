using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.Audit;
using Portal.Tests.World;

namespace Portal.Tests.Data;

/// <summary>Events that are written by statements of their own are the rows that Entity Framework would have written, and share the fate of what they record.</summary>
public sealed class EventInsertTests
{
    private static readonly Guid Id = Guid.Parse("0c8a6dd0-00aa-4000-8000-00000000000a");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_row_is_the_one_that_Entity_Framework_would_have_written(bool full)
    {
        await using var ours = await PortalWorld.OpenAsync(empty: true);
        await using var theirs = await PortalWorld.OpenAsync(empty: true);
        // A time with a part of a second, one that ends in zeros, and one without.
        foreach (var at in (DateTimeOffset[])[PortalWorld.Start.AddMilliseconds(123), PortalWorld.Start.AddMilliseconds(120), PortalWorld.Start])
        {
            var id = Guid.CreateVersion7(at);
            var (actor, about, detail) = full ? FullEvent.Parts(Id, "Ångström’s 'quoted' \U0001F511\r\n\ttwo", at) : (Actor.System with { CorrelationId = "" }, AuditSubject.Nothing, AuditDetail.None);
            await using (var db = ours.OpenDb())
            {
                new AuditTrail(db, actor, at).RecordLate(id, AuditCode.GrantActivated, AuditOutcome.Failed, about, detail);
                Assert.Empty(db.ChangeTracker.Entries());
                await db.SaveChangesAsync(Ct);
            }

            await using (var db = theirs.OpenDb())
            {
                db.AuditEvents.Add(new AuditEvent(AuditCode.GrantActivated, AuditOutcome.Failed, actor, about, detail, at, id));
                await db.SaveChangesAsync(Ct);
            }
        }

        var rows = await RowsAsync(ours, "AuditEvents");
        Assert.Equal(await RowsAsync(theirs, "AuditEvents"), rows);
        // A column that is added is to be compared too.
        Assert.All(rows, row => Assert.Equal(full, !row.Contains(": null ", StringComparison.Ordinal)));
        Assert.Equal(await RowsAsync(theirs, "PendingSeals"), await RowsAsync(ours, "PendingSeals"));
    }

    [Theory]
    [BothDatabases]
    public async Task A_change_whose_event_cannot_be_saved_is_not_saved_either_and_both_are_when_it_is_tried_again(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await using var db = await world.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync(Ct);
        var events = await db.AuditEvents.CountAsync(Ct);
        var vault = await db.Vaults.OrderBy(v => v.Name).FirstAsync(Ct);
        vault.NoteListing("changed");
        Note(db);
        world.DatabaseFaults.RefuseAuditEvents();
        await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync(Ct));
        Assert.Null(db.Database.CurrentTransaction);
        world.DatabaseFaults.Break = null;
        await using (var other = world.OpenDb())
        {
            Assert.False(await other.Vaults.AnyAsync(v => v.ListingFault == "changed", Ct));
            Assert.Equal(events, await other.AuditEvents.CountAsync(Ct));
        }

        Assert.Equal(3, await db.SaveChangesAsync(Ct));
        Assert.Equal(0, await db.SaveChangesAsync(Ct));
        await using var after = world.OpenDb();
        Assert.True(await after.Vaults.AnyAsync(v => v.ListingFault == "changed", Ct));
        Assert.Equal(events + 1, await after.AuditEvents.CountAsync(Ct));
        Assert.Equal(await after.AuditEvents.CountAsync(Ct), await after.PendingSeals.CountAsync(Ct) + await after.AuditLeaves.CountAsync(Ct));
    }

    [Theory]
    [BothDatabases]
    public async Task What_clashes_with_somebody_elses_change_leaves_no_event(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.PromiseAsync();
        await using var db = world.OpenDb();
        var events = await db.AuditEvents.CountAsync(Ct);
        var assignment = await db.DesiredAssignments.SingleAsync(a => a.Id == grant.AssignmentId, Ct);
        await using (var other = world.OpenDb())
        {
            (await other.DesiredAssignments.SingleAsync(a => a.Id == grant.AssignmentId, Ct)).LookAt(PortalWorld.Start);
            await other.SaveChangesAsync(Ct);
        }

        assignment.LookAt(PortalWorld.Start.AddMinutes(1));
        Note(db);
        await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => db.SaveChangesAsync(Ct));
        await using var after = world.OpenDb();
        Assert.Equal(events, await after.AuditEvents.CountAsync(Ct));
    }

    [Theory]
    [BothDatabases]
    public async Task An_event_that_was_entered_already_is_refused_as_any_row_would_be(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var time = 0; time < 2; time++)
        {
            await using var db = world.OpenDb();
            new AuditTrail(db, Actor.System, PortalWorld.Start).RecordLate(Id, AuditCode.RemovedInOutage, AuditOutcome.Success, AuditSubject.Nothing, AuditDetail.None);
            if (time == 0)
                await db.SaveChangesAsync(Ct);
            else
                Assert.IsAssignableFrom<DbException>((await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync(Ct))).InnerException);
        }

        await using var after = world.OpenDb();
        Assert.Equal(1, await after.AuditEvents.CountAsync(Ct));
        Assert.Equal(1, await after.PendingSeals.CountAsync(Ct));
    }

    [Theory]
    [BothDatabases]
    public async Task Within_a_transaction_of_somebodys_own_an_event_is_saved_with_its_commit_and_not_before(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        foreach (var commits in (bool[])[false, true])
        {
            await using var db = world.OpenDb();
            using (await WriteTurn.TurnAsync(db, Ct))
            {
                await using var transaction = await db.Database.BeginTransactionAsync(Ct);
                Note(db);
                Assert.Equal(2, await db.SaveChangesAsync(Ct));
                if (commits)
                    await transaction.CommitAsync(Ct);
            }

            await using var after = world.OpenDb();
            Assert.Equal(commits ? 1 : 0, await after.AuditEvents.CountAsync(Ct));
            Assert.Equal(commits ? 1 : 0, await after.PendingSeals.CountAsync(Ct));
        }
    }

    [Theory]
    [BothDatabases]
    public async Task Within_a_transaction_of_somebodys_own_a_save_whose_event_failed_leaves_what_was_there_before_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await using var db = await world.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync(Ct);
        var events = await db.AuditEvents.CountAsync(Ct);
        using (await WriteTurn.TurnAsync(db, Ct))
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Ct);
            var vaults = await db.Vaults.OrderBy(v => v.Name).Take(2).ToListAsync(Ct);
            vaults[0].NoteListing("first");
            await db.SaveChangesAsync(Ct);
            vaults[1].NoteListing("second");
            Note(db);
            Note(db);
            var written = 0;
            world.DatabaseFaults.Break = sql => sql.Contains("INSERT INTO \"PendingSeals\"", StringComparison.Ordinal) && ++written == (kind == DatabaseKind.Sqlite ? 2 : 1) ? new IOException("disk full") : null;
            await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync(Ct));
            world.DatabaseFaults.Break = null;
            Assert.True(db.Database.AutoSavepointsEnabled);
            await transaction.CommitAsync(Ct);
        }

        await using var after = world.OpenDb();
        Assert.Equal(["first"], await after.Vaults.Where(v => v.ListingFault == "first" || v.ListingFault == "second").Select(v => v.ListingFault!).ToListAsync(Ct));
        Assert.Equal(events, await after.AuditEvents.CountAsync(Ct));
    }

    [Fact]
    public async Task What_was_recorded_and_never_saved_is_not_in_the_unit_of_work_that_is_handed_out_next()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var pool = world.Get<IDbContextFactory<PortalDb>>();
        PortalDb first;
        await using (first = await pool.CreateDbContextAsync(Ct))
            Note(first);
        await using var next = await pool.CreateDbContextAsync(Ct);
        Assert.Same(first, next);
        Assert.Equal(0, await next.SaveChangesAsync(Ct));
        Note(next);
        Assert.Equal(2, await next.SaveChangesAsync(Ct));
        Assert.Equal(1, await next.AuditEvents.CountAsync(Ct));
    }

    private static void Note(PortalDb db) => new AuditTrail(db, Actor.System, PortalWorld.Start).AttemptRefused("Test", new Refusal(RefusalCode.NotFound), AuditSubject.Nothing);

    private static async Task<List<string>> RowsAsync(PortalWorld world, string table)
    {
        await using var db = world.OpenDb();
        var columns = await db.Database.SqlQueryRaw<string>("SELECT name AS Value FROM pragma_table_info({0})", table).ToListAsync(Ct);
        var row = string.Join(" || '; ' || ", columns.Select(c => $"'{c}: ' || typeof(\"{c}\") || ' ' || quote(\"{c}\")"));
#pragma warning disable EF1002 // Names of the database's own.
        var rows = await db.Database.SqlQueryRaw<string>($"SELECT {row} AS Value FROM \"{table}\" ORDER BY rowid").ToListAsync(Ct);
#pragma warning restore EF1002
        Assert.Equal(3, rows.Count);
        return rows;
    }
}
