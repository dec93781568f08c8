using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>How events get their place in the log: all of them, once, in order, by one sealer at a time; and what keeps it from being so.</summary>
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

    [Theory, BothDatabases]
    public async Task Of_two_sealers_one_seals_and_the_other_takes_over_when_it_is_silent(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var (one, other) = (world.AnotherSealer("one"), world.AnotherSealer("other"));
        await RecordAsync(world, 5);
        Assert.Equal(5, (await one.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.Sealed);
        await RecordAsync(world, 5);
        Assert.True((await other.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        world.Clock.Advance(SealEvents.Lease);
        Assert.Equal(5, (await other.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Sealed);
        await RecordAsync(world, 5);
        Assert.True((await one.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        world.Clock.Advance(SealEvents.Lease);
        Assert.Equal(5, (await one.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Sealed);
        await AssertHoldsAsync(world);
    }

    [Theory, BothDatabases]
    public async Task Sealers_at_once_seal_every_event_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await RecordAsync(world, 1);
        await world.SealAsync();
        for (var round = 0; round < 5; round++)
        {
            world.Clock.Advance(SealEvents.Lease);
            await RecordAsync(world, 40);
            // None of them remembers anything, and the lease is free: all try.
            var turns = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => world.AnotherSealer($"s{round}-{i}").ExecuteAsync(new SealOrder(true), Actor.System, Ct), Ct)));
            Assert.Equal(40, turns.Sum(t => t.Value.Sealed));
        }

        await AssertHoldsAsync(world);
    }

    [Fact]
    public async Task Sealers_that_sign_the_same_at_once_have_both_signed()
    {
        // On SQLite whoever saves has the only turn, and the other would wait for it here for ever.
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql, empty: true);
        await RecordAsync(world, 2);
        await world.SealAsync(checkpoint: true);
        await RecordAsync(world, 3);
        await world.SealAsync();
        world.Clock.Advance(SealEvents.Lease);
        world.DatabaseFaults.Break = sql =>
        {
            if (!sql.Contains("INSERT INTO \"AuditCheckpoints\"", StringComparison.Ordinal))
                return null;
            world.DatabaseFaults.Break = null;
            // Just before the one writes it down, the other does: it finds it in the store.
            Task.Run(() => world.AnotherSealer("other").ExecuteAsync(new SealOrder(true), Actor.System, Ct), Ct).GetAwaiter().GetResult();
            return null;
        };

        var turn = (await world.AnotherSealer("one").ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value;
        Assert.Null(world.DatabaseFaults.Break);
        Assert.Equal(5, turn.Signed?.Size);
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

    [Theory]
    [InlineData("unreachable", SealingProblem.StoreUnreachable)]
    [InlineData("full", SealingProblem.StoreUnreachable)]
    [InlineData("forgetful", SealingProblem.StoreForgets)]
    [InlineData("shortened", SealingProblem.StoreForgets)]
    [InlineData("of another log", SealingProblem.Contradiction)]
    [InlineData("forged", SealingProblem.Contradiction)]
    public async Task A_store_that_is(string what, SealingProblem problem)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        await RecordAsync(world, 3);
        await world.SealAsync();
        var kept = world.Checkpoints.Notes.ToList();
        switch (what)
        {
            case "unreachable":
                world.Checkpoints.Unreachable = true;
                break;
            case "full":
                world.Checkpoints.Full = true;
                break;
            case "forgetful":
                world.Checkpoints.Forgets = true;
                break;
            case "shortened":
                world.Checkpoints.Notes.Clear();
                break;
            case "of another log":
                var key = SigningKey.Parse(await File.ReadAllTextAsync(world.Sealing.SigningKeyFile, Ct))!;
                world.Checkpoints.Notes.Add(SignedNote.Sign(new Checkpoint(key.Verifier.Name, 99, MerkleTree.EmptyRoot(), PortalWorld.Start).ToText(), key).ToString());
                break;
            default:
                world.Checkpoints.Notes.Add(SignedNote.Sign(new Checkpoint("x", 4, MerkleTree.EmptyRoot(), PortalWorld.Start).ToText(), SigningKey.Create("x")).ToString());
                break;
        }

        await RecordAsync(world, 1);
        world.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(problem, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
        world.Clock.Advance(TimeSpan.FromMinutes(3));
        Assert.NotNull((await HealthAsync(world)).Hold);

        // Mended, it goes on from where it stood.
        (world.Checkpoints.Unreachable, world.Checkpoints.Full, world.Checkpoints.Forgets) = (false, false, false);
        world.Checkpoints.Notes.Clear();
        world.Checkpoints.Notes.AddRange(kept);
        await world.SealAsync(checkpoint: true);
        Assert.Null((await HealthAsync(world)).Hold);
        await AssertHoldsAsync(world);
    }

    [Theory, BothDatabases]
    public async Task With_the_log_not_sealed_nothing_new_is_granted_and_taking_back_goes_on(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, sealing: true);
        await world.SealAsync(checkpoint: true);
        var running = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword, minutes: 10));
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(running.RequestId)).State);
        world.Checkpoints.Unreachable = true;
        world.Clock.Advance(TimeSpan.FromMinutes(3));
        await Assert.ThrowsAsync<SealingException>(() => world.AnotherSealer("new").ExecuteAsync(new SealOrder(), Actor.System, Ct));

        var asked = await world.PromiseAsync();
        await world.WorkAsync();
        var held = await world.GrantOfAsync(asked.RequestId);
        Assert.Equal((GrantState.Scheduled, "AuditNotSealed"), (held.State, held.AttentionCode));
        await world.PassAsync(TimeSpan.FromMinutes(8));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(running.RequestId)).State);

        world.Checkpoints.Unreachable = false;
        world.Clock.Advance(SealEvents.Lease);
        await world.SealAsync(checkpoint: true);
        await world.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(asked.RequestId)).State);
    }

    [Fact]
    public async Task A_key_that_is_missing_or_another_one_seals_nothing_and_stops_granting_at_once()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        await RecordAsync(world, 1);
        await world.SealAsync();
        var key = await File.ReadAllTextAsync(world.Sealing.SigningKeyFile, Ct);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(world.Sealing.SigningKeyFile));
        await RecordAsync(world, 1);

        File.Delete(world.Sealing.SigningKeyFile);
        Assert.Equal(SealingProblem.KeyMissing, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
        Assert.Contains("put its file back", (await HealthAsync(world)).Hold, StringComparison.Ordinal);
        Assert.False(File.Exists(world.Sealing.SigningKeyFile));

        foreach (var other in new[] { "nonsense", SigningKey.Create("portal.test/audit").ToPrivateText() })
        {
            await File.WriteAllTextAsync(world.Sealing.SigningKeyFile, other, Ct);
            Assert.Equal(SealingProblem.KeyChanged, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
            Assert.DoesNotContain("PRIVATE", (await HealthAsync(world)).Hold, StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(world.Sealing.SigningKeyFile, key, Ct);
        Assert.Equal(1, await world.SealAsync(checkpoint: true));
        Assert.Null((await HealthAsync(world)).Hold);
        await AssertHoldsAsync(world);
    }

    [Theory, BothDatabases]
    public async Task A_database_that_was_rolled_back_is_found_at_the_next_seal(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true, sealing: true);
        await RecordAsync(world, 10);
        await world.SealAsync();
        world.Clock.Advance(TimeSpan.FromSeconds(20));
        await using (var db = world.OpenDb())
        {
            var before = await db.AuditLeaves.AsNoTracking().ToListAsync(Ct);
            await RecordAsync(world, 10);
            await world.SealAsync();
            // As an older backup has it, in all its tables.
            await db.AuditLeaves.Where(l => l.Position >= 10).ExecuteDeleteAsync(Ct);
            await db.AuditEvents.Where(e => e.Sequence > 10).ExecuteDeleteAsync(Ct);
            await db.AuditCheckpoints.Where(c => c.Size > 10).ExecuteDeleteAsync(Ct);
            await db.AuditSealers.ExecuteUpdateAsync(s => s.SetProperty(x => x.Fence, 1), Ct);
            Assert.Equal(10, before.Count);
        }

        await RecordAsync(world, 1);
        var found = await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
        Assert.Equal(SealingProblem.Contradiction, found.Problem);
        Assert.Contains("20 events, and the database holds 10", found.Message, StringComparison.Ordinal);
        Assert.NotNull((await HealthAsync(world)).Hold);
    }

    [Theory, BothDatabases]
    public async Task An_event_is_proved_against_the_newest_checkpoint_and_a_changed_one_is_not(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        await world.SealAsync();
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.WorkAsync();
        await world.SealAsync();
        var auditor = await world.IdentifyAsync(Company.Tomas) with { Roles = new HashSet<PortalRole> { PortalRole.Auditor } };
        var events = await world.ReadAsync(db => db.AuditEvents.AsNoTracking().OrderBy(e => e.Sequence).ToListAsync());
        foreach (var happened in events)
        {
            var proof = (await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(happened.EventId), auditor, Ct)).Value;
            Assert.Equal(ProofState.Verified, proof.State);
            var checkpoint = Checkpoint.Parse(SignedNote.Parse(proof.Note!)!.Text)!;
            Assert.True(MerkleTree.Includes(new CanonicalEvent().Take(happened).LeafHash(), proof.Position!.Value, checkpoint.Size, proof.Hashes, checkpoint.Root));
        }

        var first = (await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(events[0].EventId), auditor, Ct)).Value;
        Assert.Equal(PortalWorld.Start, first.Since);
        await RecordAsync(world, 1);
        var fresh = await world.ReadAsync(db => db.AuditEvents.OrderByDescending(e => e.Sequence).Select(e => e.EventId).FirstAsync());
        Assert.Equal(ProofState.Waiting, (await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(fresh), auditor, Ct)).Value.State);

        var changed = events[^1].EventId;
        await using (var db = world.OpenDb())
            await db.AuditEvents.Where(e => e.EventId == changed).ExecuteUpdateAsync(e => e.SetProperty(x => x.ActorName, "Mallory"), Ct);
        var broken = (await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(changed), auditor, Ct)).Value;
        Assert.Equal((ProofState.Broken, "It was changed after it was sealed: actor_name."), (broken.State, broken.Fault));

        var list = (await world.Get<ListCheckpoints>().ExecuteAsync(new CheckpointQuery(), auditor, Ct)).Value;
        Assert.Equal(2, list.Checkpoints.Items.Count);
        var (newer, older) = (Parse(list.Checkpoints.Items[0]), Parse(list.Checkpoints.Items[1]));
        var consistency = (await world.Get<GetConsistencyProof>().ExecuteAsync(new ConsistencyQuery(older.Size, newer.Size), auditor, Ct)).Value;
        Assert.True(MerkleTree.IsConsistent(older.Size, newer.Size, older.Root, newer.Root, consistency.Hashes));
    }

    [Fact]
    public async Task What_has_just_happened_is_covered_on_demand()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await RecordAsync(world, 2);
        await world.SealAsync();
        await RecordAsync(world, 2500);
        var checkpoint = await world.Get<FreshCheckpoint>().GetAsync(TimeSpan.FromSeconds(5), Ct);
        Assert.Equal(2502, checkpoint!.Size);
    }

    private static Checkpoint Parse(AuditCheckpoint row) => Checkpoint.Parse(SignedNote.Parse(row.Note)!.Text)!;

    private static async Task<SealOutcome> PassLeaseAsync(PortalWorld world)
    {
        world.Clock.Advance(SealEvents.Lease);
        return (await world.AnotherSealer("b").ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value;
    }

    internal static async Task RecordAsync(PortalWorld world, int count, DateTimeOffset? at = null)
    {
        await using var db = world.OpenDb();
        var trail = new AuditTrail(db, Actor.System, at ?? world.Clock.GetUtcNow());
        for (var i = 0; i < count; i++)
            trail.Record(AuditCode.RequestLapsed, new AuditSubject { VaultName = "kv-a", SecretName = $"s{i}" }, new AuditDetail("reason", $"text {i}"));
        await db.SaveChangesAsync(Ct);
    }

    private static async Task<AuditHealthReading> HealthAsync(PortalWorld world)
    {
        await using var db = world.OpenDb();
        return (await world.Get<AuditHealth>().ReadAsync(db, world.Clock.GetUtcNow(), Ct))!;
    }

    // Every checkpoint of the store is the root of that many events as they stand, and nothing waits.
    private static async Task AssertHoldsAsync(PortalWorld world)
    {
        await using var db = world.OpenDb();
        var events = await db.AuditLeaves.OrderBy(l => l.Position).Join(db.AuditEvents, l => l.EventId, e => e.EventId, (_, e) => e).AsNoTracking().ToListAsync(Ct);
        Assert.Equal(await db.AuditEvents.CountAsync(Ct), events.Count);
        var roots = new List<byte[]>();
        var log = new TileAppender();
        foreach (var happened in events)
        {
            roots.Add(log.Root());
            log.Append(new CanonicalEvent().Take(happened).LeafHash());
        }

        roots.Add(log.Root());
        Assert.NotEmpty(world.Checkpoints.Notes);
        foreach (var checkpoint in world.Checkpoints.Notes.Select(n => Checkpoint.Parse(SignedNote.Parse(n)!.Text)!))
            Assert.Equal(roots[(int)checkpoint.Size], checkpoint.Root);
        Assert.Empty(await db.PendingSeals.ToListAsync(Ct));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
