using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>Places and records of pruning that somebody made up, so that what they added or took away would seem to be accounted for.</summary>
public sealed class ForgedPlacesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task An_event_by_hand_with_a_place_before_the_first_is_named_by_verification_and_by_every_export(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind, 40);
        await RecordAsync(world, AuditCode.RequestLapsed, null);
        await PlaceBeforeTheFirstAsync(world);
        var byHand = (await world.EventsAsync())[^1].EventId;

        var found = (await VerifyAsync(world)).Findings;
        Assert.Contains(found, f => f.Position == -1 && f.What.Contains($"{byHand}", StringComparison.Ordinal) && f.What.Contains("before the first", StringComparison.Ordinal));
        Assert.Contains(found, f => f.EventId == $"{byHand}" && f.What.Contains("was not written by the portal", StringComparison.Ordinal));
        foreach (var filter in (AuditFilter[])[new AuditFilter(), new AuditFilter { VaultName = "kv-a" }])
            Assert.Contains($"{byHand} was never sealed", await UnverifiedAsync(world, filter), StringComparison.Ordinal);

        // Nor as one that seems to wait.
        await SqlAsync(world, "INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") SELECT e.\"At\", e.\"EventId\" FROM \"AuditEvents\" e, \"AuditLeaves\" l WHERE l.\"Position\" = -1 AND l.\"EventId\" = e.\"EventId\"");
        Assert.Contains((await VerifyAsync(world)).Findings, f => f.Position == -1);
        foreach (var filter in (AuditFilter[])[new AuditFilter(), new AuditFilter { VaultName = "kv-a" }])
            Assert.Contains($"{byHand} was never sealed", await UnverifiedAsync(world, filter), StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task A_record_of_pruning_with_a_place_before_the_first_excuses_no_deletion(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind, 40);
        await DeleteAsync(world, 0, 9);
        await RecordAsync(world, AuditCode.EventsPruned, "positions 0-9");
        await PlaceBeforeTheFirstAsync(world);
        await SqlAsync(world, "UPDATE \"RetentionStates\" SET \"Pruned\" = 10");

        var report = await VerifyAsync(world);
        Assert.Equal(0, report.Pruned);
        Assert.Equal(Enumerable.Range(0, 10).Select(p => (long?)p), report.Findings.Where(f => f.What.Contains("it was taken away", StringComparison.Ordinal)).Select(f => f.Position));
        Assert.Contains("never sealed", await UnverifiedAsync(world, new AuditFilter()), StringComparison.Ordinal);
        Assert.Equal(0, (await world.ReadAsync(db => PrunedPositions.ReadAsync(db, Ct))).Count);
    }

    [Theory, BothDatabases]
    public async Task From_a_checkpoint_on_an_older_event_that_was_made_a_record_of_pruning_excuses_nothing(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind, 40);
        await WorldLog.RecordAsync(world, 40);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.SealAsync(checkpoint: true);
        await SqlAsync(world, "UPDATE \"AuditEvents\" SET \"Code\" = 'audit.events_pruned', \"ActorKind\" = 'System', \"Comment\" = 'positions 50-59' WHERE \"EventId\" = (SELECT \"EventId\" FROM \"AuditLeaves\" WHERE \"Position\" = 10)");
        await DeleteAsync(world, 50, 59);

        var since = await VerifyAsync(world, from: 40);
        Assert.Equal(Enumerable.Range(50, 10).Select(p => (long?)p), since.Findings.Select(f => f.Position));
        var all = await VerifyAsync(world);
        Assert.Equal([10, .. Enumerable.Range(50, 10).Select(p => (long?)p)], all.Findings.Select(f => f.Position).Distinct());
        Assert.Equal((0, 0), (since.Pruned, all.Pruned));
    }

    [Theory, BothDatabases]
    public async Task A_later_event_that_was_made_a_record_of_pruning_excuses_nothing(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind, 40);
        await DeleteAsync(world, 3, 5);
        await SqlAsync(world, "UPDATE \"AuditEvents\" SET \"Code\" = 'audit.events_pruned', \"ActorKind\" = 'System', \"Comment\" = 'positions 3-5' WHERE \"EventId\" = (SELECT \"EventId\" FROM \"AuditLeaves\" WHERE \"Position\" = 20)");
        Assert.Equal([3, 4, 5, 20], (await VerifyAsync(world)).Findings.Select(f => f.Position).Distinct());
        Assert.Equal(0, (await world.ReadAsync(db => PrunedPositions.ReadAsync(db, Ct))).Count);
    }

    [Theory, BothDatabases]
    public async Task A_sealed_record_of_pruning_excuses_nothing_that_was_sealed_after_it(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind, 20);
        await RecordAsync(world, AuditCode.EventsPruned, "positions 3-5, 19-25");
        await WorldLog.RecordAsync(world, 20);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.SealAsync(checkpoint: true);
        await DeleteAsync(world, 3, 5);
        await DeleteAsync(world, 25, 25);
        var report = await VerifyAsync(world);
        Assert.Equal((25L, 3L), (Assert.Single(report.Findings).Position, report.Pruned));
        Assert.Equal(3, (await world.ReadAsync(db => PrunedPositions.ReadAsync(db, Ct))).Count);
    }

    [Theory, BothDatabases]
    public async Task Places_that_are_gone_are_one_finding_however_many_they_are(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind, 40);
        await SqlAsync(world, "DELETE FROM \"AuditLeaves\" WHERE \"Position\" BETWEEN 7 AND 30");
        Assert.Contains("no events from position 7 to 30", (await VerifyAsync(world)).Findings[0].What, StringComparison.Ordinal);
    }

    [Theory, BothDatabases(1_000_000_000_000_000, long.MaxValue)]
    public async Task A_place_far_behind_the_last_is_named_at_once_and_does_not_keep_verification_from_its_end(DatabaseKind kind, long far)
    {
        await using var world = await SealedAsync(kind, 40);
        await SqlAsync(world, string.Create(CultureInfo.InvariantCulture, $"UPDATE \"AuditLeaves\" SET \"Position\" = {far} WHERE \"Position\" = 20"));
        await SqlAsync(world, "UPDATE \"AuditEvents\" SET \"Comment\" = 'x' WHERE \"EventId\" = (SELECT \"EventId\" FROM \"AuditLeaves\" WHERE \"Position\" = 30)");
        using var late = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        late.CancelAfter(TimeSpan.FromSeconds(30));
        var found = (await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, late.Token)).Value.Findings;
        Assert.Equal([20L, 30, 40], found.Select(f => f.Position ?? -1).Take(3));
        Assert.Contains($"no events from position 40 to {far - 1}", found[2].What, StringComparison.Ordinal);
    }

    [Theory, BothDatabases(0, 7, 39)]
    public async Task A_place_that_was_taken_away_with_its_event_is_named_by_an_export_of_what_is_left(DatabaseKind kind, int position)
    {
        await using var world = await SealedAsync(kind, 40);
        await SqlAsync(world, "UPDATE \"RetentionStates\" SET \"Pruned\" = 1");
        await DeleteAsync(world, position, position);
        await SqlAsync(world, string.Create(CultureInfo.InvariantCulture, $"DELETE FROM \"AuditLeaves\" WHERE \"Position\" = {position}"));
        Assert.All(await VerdictAsync(world, new AuditFilter()), words => Assert.Contains($"no event at position {position}", words, StringComparison.Ordinal));
    }

    [Theory, BothDatabases(0, 1)]
    public async Task Bytes_behind_the_hashes_of_a_tile_break_off_no_export(DatabaseKind kind, int level)
    {
        await using var world = await SealedAsync(kind, 300);
        await using (var db = world.OpenDb())
        {
            var tile = await db.AuditTiles.AsNoTracking().SingleAsync(t => t.Level == level && t.Index == 0, Ct);
            byte[] longer = [.. tile.Hashes, .. new byte[16_384]];
            await db.AuditTiles.Where(t => t.Level == level && t.Index == 0).ExecuteUpdateAsync(set => set.SetProperty(t => t.Hashes, longer), Ct);
        }

        Assert.Contains($"Tile 0 of level {level}", Assert.Single((await VerifyAsync(world)).Findings).What, StringComparison.Ordinal);
        // Each row proves what it is by the hashes that are there, as long as they are.
        foreach (var format in Enum.GetValues<ExportFormat>())
        {
            var verdict = await VerifyExportTests.VerifyAsync(new SealedLog(world), await VerifyExportTests.ExportAsync(world, new AuditFilter { VaultName = "kv-a" }, format, size: 300));
            Assert.True(verdict.Holds, verdict.Fault?.Message);
            Assert.Equal(300, verdict.Rows);
        }
    }

    [Theory, BothDatabases]
    public async Task Bytes_behind_the_field_digests_are_named_and_no_export_passes_them_on(DatabaseKind kind)
    {
        foreach (var more in (int[])[2, 200])
        {
            await using var world = await SealedAsync(kind, 40);
            await using (var db = world.OpenDb())
            {
                var leaf = await db.AuditLeaves.AsNoTracking().SingleAsync(l => l.Position == 12, Ct);
                var longer = new byte[leaf.FieldDigests.Length + more];
                leaf.FieldDigests.CopyTo(longer, 0);
                await db.AuditLeaves.Where(l => l.Position == 12).ExecuteUpdateAsync(set => set.SetProperty(l => l.FieldDigests, longer), Ct);
            }

            Assert.Equal((12L, true), (await VerifyAsync(world)).Findings.Select(f => (f.Position ?? -1, f.What.Contains("position 12 were changed; the event was not", StringComparison.Ordinal))).Single());
            foreach (var filter in (AuditFilter[])[new AuditFilter(), new AuditFilter { VaultName = "kv-a" }])
                Assert.All(await VerdictAsync(world, filter), words => Assert.Contains("position 12 were changed; the event was not", words, StringComparison.Ordinal));
        }
    }

    // What each format's export says of itself where it says that something is wrong.
    private static async Task<IReadOnlyList<string>> VerdictAsync(PortalWorld world, AuditFilter filter)
    {
        var said = new List<string>();
        foreach (var format in (ExportFormat[])[ExportFormat.Csv, ExportFormat.JsonLines, ExportFormat.Ocsf])
        {
            var verdict = await VerifyExportTests.VerifyAsync(new SealedLog(world), await VerifyExportTests.ExportAsync(world, filter, format));
            Assert.False(verdict.Holds);
            Assert.Equal("export.unverified", verdict.Statement!.Code);
            said.Add(verdict.Statement.Words);
        }

        return said;
    }

    private static async Task<string> UnverifiedAsync(PortalWorld world, AuditFilter filter) => (await VerdictAsync(world, filter))[0];

    private static async Task<PortalWorld> SealedAsync(DatabaseKind kind, int events)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, events);
        await world.SealAsync(checkpoint: true);
        return world;
    }

    private static async Task RecordAsync(PortalWorld world, AuditCode code, string? comment)
    {
        await using var db = world.OpenDb();
        new AuditTrail(db, Actor.System, world.Clock.GetUtcNow()).Record(code, new AuditSubject { VaultName = "kv-a" }, new AuditDetail("reason", comment));
        await db.SaveChangesAsync(Ct);
    }

    // Instead of waiting for their place, which the sealer would give them.
    private static async Task PlaceBeforeTheFirstAsync(PortalWorld world)
    {
        await using var db = world.OpenDb();
        var made = await db.PendingSeals.SingleAsync(Ct);
        db.AuditLeaves.Add(new AuditLeaf(-1, made.EventId, []));
        db.PendingSeals.Remove(made);
        await db.SaveChangesAsync(Ct);
    }

    private static Task DeleteAsync(PortalWorld world, long first, long last) =>
        SqlAsync(world, string.Create(CultureInfo.InvariantCulture, $"DELETE FROM \"AuditEvents\" WHERE \"EventId\" IN (SELECT \"EventId\" FROM \"AuditLeaves\" WHERE \"Position\" BETWEEN {first} AND {last})"));

    private static Task SqlAsync(PortalWorld world, string sql) => world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(sql, Ct));

    private static async Task<VerifyReport> VerifyAsync(PortalWorld world, long from = 0) =>
        (await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(from), null, Actor.System, Ct)).Value;
}
