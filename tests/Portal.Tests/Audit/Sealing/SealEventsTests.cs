using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>How events get their place in the log: all of them, once, in order.</summary>
public sealed class SealEventsTests
{
    [Theory, BothDatabases]
    public async Task Every_event_gets_a_place_and_a_signed_checkpoint_covers_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        await world.WorkAsync();
        var events = await world.ReadAsync(db => db.AuditEvents.AsNoTracking().OrderBy(e => e.Sequence).ToListAsync());
        Assert.Equal(events.Count, await world.SealAsync());
        Assert.Equal(0, await world.SealAsync());

        await using var db = world.OpenDb();
        var leaves = await db.AuditLeaves.OrderBy(l => l.Position).ToListAsync(Ct);
        Assert.Equal(Enumerable.Range(0, events.Count).Select(i => (long)i), leaves.Select(l => l.Position));
        Assert.Equal(events.Select(e => e.EventId), leaves.Select(l => l.EventId));
        Assert.Empty(await db.PendingSeals.ToListAsync(Ct));

        var log = new TileAppender();
        foreach (var happened in events)
            log.Append(new CanonicalEvent().Take(happened).LeafHash());
        var note = SignedNote.Parse(Assert.Single(world.Checkpoints.Notes))!;
        var checkpoint = Checkpoint.Parse(note.Text)!;
        Assert.Equal(("portal.test/audit", (long)events.Count), (checkpoint.Origin, checkpoint.Size));
        Assert.Equal(log.Root(), checkpoint.Root);
        Assert.True(note.IsSignedBy(VerifierKey.Parse((await db.AuditKeys.SingleAsync(Ct)).Vkey)!));
        Assert.Equal(note.ToString(), (await db.AuditCheckpoints.SingleAsync(Ct)).Note);
    }

    [Theory, BothDatabases]
    public async Task An_event_waits_from_the_save_on_that_brings_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await RecordAsync(world, 3);
        Assert.Equal(
            await world.ReadAsync(db => db.AuditEvents.OrderBy(e => e.EventId).Select(e => e.EventId).ToListAsync()),
            await world.ReadAsync(db => db.PendingSeals.OrderBy(p => p.EventId).Select(p => p.EventId).ToListAsync()));
    }

    [Theory, BothDatabases]
    public async Task A_long_queue_is_sealed_in_pieces_and_the_log_is_one(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var i = 0; i < 6; i++)
            await RecordAsync(world, 450);
        Assert.Equal(2700, await world.SealAsync(checkpoint: true));
        await RecordAsync(world, 1);
        // Another process goes on from what the database holds.
        Assert.Equal(1, (await world.AnotherSealer("b").ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.Sealed + (await PassLeaseAsync(world)).Sealed);
        var newest = await world.ReadAsync(db => db.AuditCheckpoints.OrderByDescending(c => c.Size).FirstAsync());
        Assert.Equal(2701, newest.Size);
        await AssertHoldsAsync(world);
    }

    [Theory, BothDatabases]
    public async Task While_events_arrive_a_checkpoint_is_signed_now_and_then_and_after_a_rest_at_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var second = 0; second < 31; second++)
        {
            await RecordAsync(world, 2);
            await world.SealAsync();
            world.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var times = world.Checkpoints.Notes.Select(n => Checkpoint.Parse(SignedNote.Parse(n)!.Text)!.Time - PortalWorld.Start).ToList();
        Assert.Equal([0, 10, 20, 30], times.Select(t => t.TotalSeconds));
        world.Clock.Advance(TimeSpan.FromMinutes(5));
        await RecordAsync(world, 1);
        await world.SealAsync();
        Assert.Equal(5, world.Checkpoints.Notes.Count);
        // What is sealed between two checkpoints is covered once it is due, also when nothing follows.
        await RecordAsync(world, 1);
        await world.SealAsync();
        Assert.Equal(5, world.Checkpoints.Notes.Count);
        world.Clock.Advance(TimeSpan.FromSeconds(10));
        await world.SealAsync();
        Assert.Equal(6, world.Checkpoints.Notes.Count);
        await AssertHoldsAsync(world);
    }

    [Fact]
    public async Task A_clock_that_runs_backwards_changes_no_order_and_makes_no_checkpoint_look_earlier()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await RecordAsync(world, 3);
        await world.SealAsync();
        world.DatabaseClock.Ahead = TimeSpan.FromDays(-1);
        world.Clock.Advance(TimeSpan.FromSeconds(30));
        await RecordAsync(world, 3, PortalWorld.Start.AddDays(-1));
        await world.SealAsync(checkpoint: true);
        var times = await world.ReadAsync(db => db.AuditCheckpoints.OrderBy(c => c.Size).Select(c => c.Time).ToListAsync());
        Assert.Equal(2, times.Count);
        Assert.Equal(times.Order(), times);
        await AssertHoldsAsync(world);
    }

    [Theory, BothDatabases]
    public async Task After_a_clock_that_was_ahead_checkpoints_are_signed_now_and_then_as_before(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        world.DatabaseClock.Ahead = TimeSpan.FromDays(1);
        await RecordAsync(world, 1);
        await world.SealAsync();
        world.DatabaseClock.Ahead = TimeSpan.Zero;
        world.HearTheCloud();
        await LiveAsync(seconds: 31);
        Assert.Equal(4, world.Checkpoints.Notes.Count);

        // A process that has signed nothing yet does it once, and then now and then too.
        await world.RestartAsync();
        await LiveAsync(seconds: 9);
        Assert.Equal(5, world.Checkpoints.Notes.Count);
        await LiveAsync(seconds: 9);
        Assert.Equal(6, world.Checkpoints.Notes.Count);
        await AssertHoldsAsync(world);

        async Task LiveAsync(int seconds)
        {
            for (var second = 0; second < seconds; second++)
            {
                await RecordAsync(world, 1);
                await world.SealAsync();
                world.Clock.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }

    private static async Task<SealOutcome> PassLeaseAsync(PortalWorld world)
    {
        world.Clock.Advance(SealEvents.Lease);
        return (await world.AnotherSealer("b").ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value;
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
