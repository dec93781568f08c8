using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A row of the log's bookkeeping that holds what the portal does not write: it is named, and keeps verification from naming nothing.</summary>
public sealed class UnreadableRowTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task A_checkpoint_whose_time_is_none_is_named_beside_all_else(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind);
        var found = await FindAsync(world, $"UPDATE \"AuditCheckpoints\" SET \"Time\" = {NoTime(kind)} WHERE \"Size\" = 30");
        Assert.Contains(found, f => f.Position == 30 && f.What.Contains("checkpoint of 30 events in the database has another size or time in its note", StringComparison.Ordinal));
        Assert.Contains(found, f => f is { Position: 7, Field: "comment" });
        Assert.Equal(2, found.Count);
    }

    [Theory, BothDatabases]
    public async Task A_note_whose_time_is_none_is_named_beside_all_else(DatabaseKind kind)
    {
        const string Lost = "0193b3b0-0000-7000-8000-00000000000f";
        await using var world = await SealedAsync(kind);
        var id = kind == DatabaseKind.Sqlite ? Lost.ToUpperInvariant() : Lost;
        var found = await FindAsync(world, $"INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") VALUES ({NoTime(kind)}, '{id}'); INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") SELECT {NoTime(kind)}, \"EventId\" FROM \"AuditLeaves\" WHERE \"Position\" = 3");
        Assert.Contains(found, f => f.EventId == Lost && f.What.Contains("taken away before it was sealed", StringComparison.Ordinal));
        Assert.Contains(found, f => f.What.Contains("was entered as waiting once more", StringComparison.Ordinal));
        Assert.Contains(found, f => f is { Position: 7, Field: "comment" });
        Assert.Equal(3, found.Count);
    }

    [Fact]
    public async Task Ids_that_are_none_are_named_as_they_stand_there()
    {
        await using var world = await SealedAsync(DatabaseKind.Sqlite);
        var found = await FindAsync(world, """
            INSERT INTO "PendingSeals" ("Since", "EventId") VALUES ('2026-01-01 00:00:00', 'no note');
            INSERT INTO "AuditLeaves" ("Position", "EventId", "FieldDigests") VALUES (-7, x'ff00', x'');
            UPDATE "AuditEvents" SET "EventId" = 'no id' WHERE "Sequence" = 3
            """);
        foreach (var says in (string[])["The event no note was taken away", "position -7", "The event no id, number 3, was not written by the portal", "position 2 is not in the database"])
            Assert.Contains(found, f => f.What.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whatever_stands_in_a_column_of_the_bookkeeping_is_named_and_not_stumbled_over()
    {
        await using var world = await SealedAsync(DatabaseKind.Sqlite);
        await WorldLog.RecordAsync(world, 1);
        (string Table, string Column)[] columns =
        [
            ("AuditLeaves", "EventId"), ("AuditLeaves", "FieldDigests"), ("AuditTiles", "Level"), ("AuditTiles", "Index"), ("AuditTiles", "Hashes"), ("AuditCheckpoints", "Time"), ("AuditCheckpoints", "Note"),
            ("AuditKeys", "Vkey"), ("AuditKeys", "Until"), ("PendingSeals", "EventId"),
        ];
        foreach (var (table, column) in columns)
            foreach (var value in (string[])["'x'", "''", "7", "1.5", "x'ff00'", "'2026-13-01'"])
            {
                var change = $"UPDATE \"{table}\" SET \"{column}\" = {value} WHERE rowid = (SELECT max(rowid) FROM \"{table}\")";
                await SqlAsync(world, $"CREATE TABLE \"Saved\" AS SELECT * FROM \"{table}\"; {change}");
                var report = (await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value;
                Assert.False(report.Holds, change);
                await SqlAsync(world, $"DELETE FROM \"{table}\"; INSERT INTO \"{table}\" SELECT * FROM \"Saved\"; DROP TABLE \"Saved\"");
            }

        Assert.True((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Holds);
    }

    private static Task SqlAsync(PortalWorld world, string sql) => world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(sql, Ct));

    private static string NoTime(DatabaseKind kind) => kind == DatabaseKind.Sqlite ? "'x'" : "timestamptz '0044-03-15 00:00:00Z BC'";

    // With a change of the event at position 7 besides.
    private static async Task<IReadOnlyList<VerifyFinding>> FindAsync(PortalWorld world, string sql)
    {
        await SqlAsync(world, $"{sql}; UPDATE \"AuditEvents\" SET \"Comment\" = 'x' WHERE \"Sequence\" = 8");
        return (await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings;
    }

    // Signed twice, so that one checkpoint can be changed that is not the newest.
    private static async Task<PortalWorld> SealedAsync(DatabaseKind kind)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var i = 0; i < 2; i++)
        {
            await WorldLog.RecordAsync(world, 30);
            world.Clock.Advance(TimeSpan.FromMinutes(1));
            await world.SealAsync(checkpoint: true);
        }

        return world;
    }
}
