using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>From a checkpoint on, a verification costs what is new, and what is new is looked at as in any other.</summary>
public sealed class VerifyFromCheckpointTests
{
    private static readonly TimeSpan Period = TimeSpan.FromDays(400);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases(0L, 40L)]
    public async Task On_a_log_that_was_pruned_no_event_of_before_is_looked_up(DatabaseKind kind, long from)
    {
        await using var world = await PrunedAsync(kind);
        var report = await VerifyAsync(world, from);
        Assert.True(report.Holds, string.Join('\n', report.Findings.Select(f => f.What)));
        Assert.False(report.LookedUpAll);

        // One that nobody sealed, in between those of before.
        await world.ReadAsync(async db =>
        {
            db.AuditEvents.Add(new AuditEvent(AuditCode.SignedIn, AuditOutcome.Success, Actor.System, AuditSubject.Nothing, AuditDetail.None, world.Clock.GetUtcNow()));
            return await db.SaveChangesAsync(Ct);
        });
        await world.ReadAsync(db => db.PendingSeals.ExecuteDeleteAsync(Ct));
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("UPDATE \"AuditEvents\" SET \"Sequence\" = 4 WHERE \"Sequence\" = (SELECT max(\"Sequence\") FROM \"AuditEvents\")", Ct));
        report = await VerifyAsync(world, from);
        Assert.True(report.LookedUpAll);
        Assert.Contains("number 4, was not written by the portal", Assert.Single(report.Findings).What, StringComparison.Ordinal);
    }

    [Theory, BothDatabases(false, true)]
    public async Task An_event_that_nobody_sealed_is_named_though_one_of_before_is_gone_for_it(DatabaseKind kind, bool pruned)
    {
        await using var world = pruned ? await PrunedAsync(kind) : await TwiceAsync(kind);
        var newest = await world.ReadAsync(db => db.AuditEvents.MaxAsync(e => e.Sequence, Ct));
        await world.ReadAsync(async db =>
        {
            // One that stays for ever, so that retention did not take it already.
            var old = await db.AuditLeaves.Where(l => l.Position < 45 && db.AuditEvents.Any(e => e.EventId == l.EventId)).OrderByDescending(l => l.Position).FirstAsync(Ct);
            await db.AuditEvents.Where(e => e.EventId == old.EventId).ExecuteDeleteAsync(Ct);
            db.AuditEvents.Add(new AuditEvent(AuditCode.SignedIn, AuditOutcome.Success, Actor.System, AuditSubject.Nothing, AuditDetail.None, world.Clock.GetUtcNow()));
            return await db.SaveChangesAsync(Ct);
        });
        await world.ReadAsync(db => db.PendingSeals.ExecuteDeleteAsync(Ct));
        var found = (await VerifyAsync(world, from: 50)).Findings;
        Assert.Contains($"number {newest + 1}, was not written by the portal", Assert.Single(found).What, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task Only_checkpoints_from_there_on_are_read_and_those_that_say_which_keys_belong_together(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SealTimesAsync(world, 4);
        var changed = (await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct)).Value;
        var change = CheckpointFile.SizeOf(world.Checkpoints.Notes[^1]);
        await SealTimesAsync(world, 4);
        var sizes = world.Checkpoints.Notes.ConvertAll(CheckpointFile.SizeOf);
        var from = sizes[^2];

        var report = await VerifyAsync(world, from);
        Assert.True(report.Holds, string.Join('\n', report.Findings.Select(f => f.What)));
        Assert.Equal(2, report.Checkpoints);
        Assert.Equal([change, .. sizes[^2..]], world.Checkpoints.Given);
        Assert.True((await VerifyAsync(world, 0)).Holds);

        // A key that nobody signed in is named from there too, whatever it signed in the database.
        var own = SigningKey.Create(changed.Name);
        await world.ReadAsync(db => db.Database.ExecuteSqlAsync($"""INSERT INTO "AuditKeys" ("Vkey", "Since", "Until") SELECT {own.Verifier.ToString()}, "Since", "Since" FROM "AuditKeys" WHERE "Until" IS NULL""", Ct));
        var (old, signed) = (sizes[1], SignedNote.Parse(world.Checkpoints.Notes[1])!);
        var both = new SignedNote(signed.Text, [.. signed.Signatures, own.Sign(signed.Text)]).ToString();
        await world.ReadAsync(db => db.Database.ExecuteSqlAsync($"""UPDATE "AuditCheckpoints" SET "Note" = {both} WHERE "Size" = {old}""", Ct));
        foreach (var start in (long[])[0, from])
            Assert.Contains(own.Verifier.ToString(), Assert.Single((await VerifyAsync(world, start)).Findings).What, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task Checkpoints_that_a_store_has_in_no_order_are_compared_all_the_same(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SealTimesAsync(world, 5);
        world.Checkpoints.Notes.Reverse();
        var report = await VerifyAsync(world, 0);
        Assert.True(report.Holds, string.Join('\n', report.Findings.Select(f => f.What)));

        // Of another history, signed with the log's key, behind larger ones.
        var key = SigningKey.Parse(await File.ReadAllTextAsync(world.Sealing.SigningKeyFile, Ct))!;
        var real = Checkpoint.Parse(SignedNote.Parse(world.Checkpoints.Notes[^2])!.Text)!;
        world.Checkpoints.Notes.Insert(3, SignedNote.Sign((real with { Root = MerkleTree.EmptyRoot() }).ToText(), key).ToString());
        Assert.Contains($"The first {real.Size} events are not those of the checkpoint in the test's store", Assert.Single((await VerifyAsync(world, 0)).Findings).What, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task What_the_portal_signs_meanwhile_is_no_finding(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SealTimesAsync(world, 3);
        var more = 0;
        // Each time the database's checkpoints are asked for.
        world.DatabaseFaults.Break = sql =>
        {
            if (sql.Contains("FROM \"AuditCheckpoints\"", StringComparison.Ordinal) && sql.Contains("LIMIT", StringComparison.Ordinal) && more++ == 0)
                Task.Run(() => SealTimesAsync(world, 2), Ct).GetAwaiter().GetResult();
            return null;
        };
        var report = await VerifyAsync(world, 0);
        Assert.NotEqual(0, more);
        Assert.True(report.Holds, string.Join('\n', report.Findings.Select(f => f.What)));
    }

    private static async Task<VerifyReport> VerifyAsync(PortalWorld world, long from)
    {
        world.Checkpoints.Given.Clear();
        return (await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(from), null, Actor.System, Ct)).Value;
    }

    private static async Task SealTimesAsync(PortalWorld world, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await RecordAsync(world, 3);
            world.Clock.Advance(TimeSpan.FromSeconds(20));
            await world.SealAsync(checkpoint: true);
        }
    }

    private static async Task<PortalWorld> TwiceAsync(DatabaseKind kind)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var i = 0; i < 2; i++)
        {
            await RecordAsync(world, 50);
            await world.SealAsync(checkpoint: true);
        }

        return world;
    }

    /// <summary>A log of which 30 were pruned before its checkpoint of 62 events, and 10 of before that afterwards.</summary>
    private static async Task<PortalWorld> PrunedAsync(DatabaseKind kind)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true);
        await RecordAsync(world, 30);
        await RecordAsync(world, 10, world.Clock.GetUtcNow().AddDays(5));
        await world.SealAsync(checkpoint: true);
        Assert.Empty((await world.Get<NoteExport>().ExecuteAsync(40, await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
        world.Clock.Advance(Period + TimeSpan.FromSeconds(1));
        await world.SealAsync(checkpoint: true);
        Assert.Equal(30, (await world.Prune(Period).ExecuteAsync(Actor.System, Ct)).Value);
        await RecordAsync(world, 20);
        await world.SealAsync(checkpoint: true);
        world.Clock.Advance(TimeSpan.FromDays(6));
        Assert.Equal(10, (await world.Prune(Period).ExecuteAsync(Actor.System, Ct)).Value);
        await world.SealAsync(checkpoint: true);
        return world;
    }
}
