using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>What retention takes, what it leaves, and what is left can still be proved.</summary>
public sealed class RetentionTests
{
    private static readonly TimeSpan Period = TimeSpan.FromDays(400);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task What_is_left_is_proved_by_the_same_root_and_what_went_is_named_by_a_sealed_record(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await TestLog.WriteAsync(world, 30);
        await PassAsync(world, Period + TimeSpan.FromSeconds(1));
        await TestLog.WriteAsync(world, 7);
        await ExportedAsync(world);
        var root = await world.ReadAsync(TestLog.RootAsync);

        Assert.Equal(30, await PruneAsync(world, batch: 12));
        Assert.Equal(0, await PruneAsync(world));
        Assert.Equal(root, await world.ReadAsync(db => RootOfAsync(db, 37)));
        foreach (var kept in await world.ReadAsync(db => db.AuditLeaves.Join(db.AuditEvents, l => l.EventId, e => e.EventId, (l, e) => new { l.Position, Event = e }).Where(k => k.Position < 37).ToListAsync(Ct)))
        {
            var proof = await world.ReadAsync(db => ProofAsync(db, kept.Position, 37));
            Assert.True(MerkleTree.Includes(new CanonicalEvent().Take(kept.Event).LeafHash(), kept.Position, 37, proof, root));
        }

        var records = (await world.EventsAsync()).Where(e => e.Code == "audit.events_pruned").ToList();
        Assert.Equal(["12", "12", "6"], records.Select(r => r.Reason));
        Assert.Equal(["positions 0-11", "positions 12-23", "positions 24-29"], records.Select(r => r.Comment));
        Assert.Equal(0, (await world.ReadAsync(db => PrunedPositions.ReadAsync(db, Ct))).Count);
        await TestLog.SealAsync(world);
        // Somebody else took one more, and emptied what would tell of its fields: no record names it.
        await using (var db = world.OpenDb())
        {
            await db.AuditLeaves.Where(l => l.Position == 31).ExecuteUpdateAsync(set => set.SetProperty(l => l.FieldDigests, Array.Empty<byte>()), Ct);
            await db.AuditEvents.Where(e => db.AuditLeaves.Any(l => l.EventId == e.EventId && l.Position == 31)).ExecuteDeleteAsync(Ct);
        }

        var pruned = await world.ReadAsync(db => PrunedPositions.ReadAsync(db, Ct));
        Assert.Equal(30, pruned.Count);
        Assert.Equal(Enumerable.Range(0, 30).Select(p => (long)p), Enumerable.Range(0, 40).Select(p => (long)p).Where(pruned.Contains));
        Assert.All(await world.ReadAsync(db => db.AuditLeaves.Where(l => l.Position < 30).ToListAsync(Ct)), leaf => Assert.Empty(leaf.FieldDigests));
        Assert.Equal((30, 37L), await world.ReadAsync(async db => ((int)(await db.RetentionStates.SingleAsync(Ct)).Pruned, (await db.RetentionStates.SingleAsync(Ct)).ExportedThrough)));
    }

    [Theory, BothDatabases]
    public async Task By_a_clock_that_Azures_does_not_bear_out_nothing_goes(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await TestLog.WriteAsync(world, 30);
        await ExportedAsync(world);
        // The host came up with its clock years ahead, and its database's with it; Azure was not heard yet, and then says otherwise.
        var right = world.Clock.GetUtcNow();
        await PassAsync(world, Period * 2);
        var prune = new PruneAuditEvents(world.Get<IDbContextFactory<PortalDb>>(), new RetentionOptions(Period), world.DatabaseClock, world.Get<ClockWatch>());
        Assert.Equal(0, (await prune.ExecuteAsync(Actor.System, Ct)).Value);
        world.Get<ClockWatch>().HearResourceManager(right, world.Clock.GetTimestamp());
        Assert.Equal(0, (await prune.ExecuteAsync(Actor.System, Ct)).Value);
        world.HearTheCloud();
        Assert.Equal(30, (await prune.ExecuteAsync(Actor.System, Ct)).Value);
    }

    [Fact]
    public async Task Nothing_goes_before_its_time_or_before_it_was_taken_away_or_without_a_period()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await TestLog.WriteAsync(world, 10);
        await ExportedAsync(world);
        await PassAsync(world, Period);
        Assert.Equal(0, await PruneAsync(world));
        await TestLog.WriteAsync(world, 5);
        await PassAsync(world, Period + TimeSpan.FromSeconds(1));
        Assert.Equal(0, (await world.Prune(null).ExecuteAsync(Actor.System, Ct)).Value);
        Assert.Equal(10, await PruneAsync(world));
        Assert.Equal(0, await PruneAsync(world));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await world.Get<NoteExport>().ExecuteAsync(15, await world.IdentifyAsync(Company.Ingrid), Ct));
        await ExportedAsync(world);
        Assert.Equal(5, await PruneAsync(world));
    }

    [Theory, BothDatabases]
    public async Task A_hold_keeps_what_it_covers_by_request_by_person_and_by_scope_until_it_is_lifted(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var mira = new AuditSubject { Principal = Company.Mira.Id, PrincipalName = "Mira" };
        await world.Get<RecordSignIn>().ExecuteAsync(SignInStep.In, await world.IdentifyAsync(Company.Jonas), Ct);
        var asked = await world.AskAsync();
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, "No")).Refusals);
        await TestLog.WriteAsync(world, 2, _ => mira);
        await TestLog.WriteAsync(world, 3, actor: await world.IdentifyAsync(Company.Jonas));
        await TestLog.WriteAsync(world, 4, _ => new AuditSubject { Scope = Company.Carrier, VaultName = "kv-logistics-prod" });
        await TestLog.WriteAsync(world, 1, _ => new AuditSubject { Scope = Company.LogisticsVault + "-2" });
        var request = await HoldAsync(world, HoldTarget.Request, asked.Reference);
        var jonas = await HoldAsync(world, HoldTarget.Person, Company.Jonas.Upn.ToUpperInvariant());
        var vault = await HoldAsync(world, HoldTarget.Scope, "kv-logistics-prod");
        Assert.Equal(RefusalCode.HeldAlready, (await PlaceAsync(world, HoldTarget.Scope, "kv-logistics-prod")).Refusals.Single().Code);
        Assert.Equal(RefusalCode.HoldTargetUnknown, (await PlaceAsync(world, HoldTarget.Scope, "kv-logistics-prod/nothing")).Refusals.Single().Code);
        // Whom it is about does not read of it.
        Assert.DoesNotContain((await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(new AuditFilter()), await world.IdentifyAsync(Company.Jonas), Ct)).Value.Items, e => e.Code == "audit.hold_placed");
        Assert.DoesNotContain(await world.EventsAsync(asked.RequestId), e => e.Code == "audit.hold_placed");
        await TestLog.SealAsync(world);
        await ExportedAsync(world);
        await PassAsync(world, Period + TimeSpan.FromSeconds(1));

        Assert.Equal(3, await PruneAsync(world));
        Assert.Equal(2, (await world.EventsAsync(asked.RequestId)).Count(e => e.Code.StartsWith("request.", StringComparison.Ordinal)));
        foreach (var (hold, covered) in new[] { (request, 2), (jonas, 4), (vault, 4) })
        {
            Assert.Empty((await world.Get<LiftHold>().ExecuteAsync(new HoldLift(hold, "Settled"), await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
            Assert.Equal(covered, await PruneAsync(world));
        }

        Assert.Equal(["audit.hold_placed", "audit.hold_placed", "audit.hold_placed", "audit.export_completed", "audit.events_pruned", "audit.hold_lifted", "audit.events_pruned", "audit.hold_lifted", "audit.events_pruned", "audit.hold_lifted", "audit.events_pruned"], await world.CodesAsync());
    }

    [Theory, BothDatabases]
    public async Task A_hold_on_a_vault_or_a_secret_covers_it_wherever_it_was(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        // It was moved, and moves again once the hold stands; a membership is recorded at its group.
        var (now, before, after) = (Company.LogisticsVault, Company.LogisticsVault.Replace("rg-fenwick", "rg-before", StringComparison.Ordinal), Company.LogisticsVault.Replace("rg-fenwick", "rg-after", StringComparison.Ordinal));
        Assert.NotEqual(now, before);
        world.Inventory.RemoveVault(now);
        world.Inventory.AddVaultAt(before, "kv-logistics-prod", secrets: FakeVaultInventory.Secret("carrier-token"));
        await world.SyncAsync();
        foreach (var scope in (string[])[now, before, after, $"{before}/secrets/carrier-token", "/groups/5d4f1a52-0000-5000-8000-000000000002"])
            await TestLog.WriteAsync(world, 1, _ => new AuditSubject { Scope = scope, VaultName = "KV-Logistics-Prod", SecretName = scope.Contains("secrets", StringComparison.Ordinal) ? "Carrier-Token" : null });
        await TestLog.WriteAsync(world, 1, _ => new AuditSubject { Scope = Company.PaymentsVault, VaultName = "kv-payments-prod" });
        var vault = await HoldAsync(world, HoldTarget.Scope, "kv-logistics-prod");
        await HoldAsync(world, HoldTarget.Scope, "kv-logistics-prod/carrier-token");
        await TestLog.SealAsync(world);
        await ExportedAsync(world);
        await PassAsync(world, Period + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await PruneAsync(world));
        Assert.Empty((await world.Get<LiftHold>().ExecuteAsync(new HoldLift(vault, "Settled"), await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
        Assert.Equal(4, await PruneAsync(world));
    }

    [Theory, BothDatabases]
    public async Task What_a_request_tells_goes_together_once_the_last_of_it_is_old_enough(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        await PassAsync(world, TimeSpan.FromHours(4));
        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        await TestLog.SealAsync(world);
        await ExportedAsync(world);
        var all = (await world.EventsAsync(grant.RequestId)).Count;
        // When it was given is older than the period, when it ended is not: who asks then would be told that nobody had access.
        await PassAsync(world, Period - TimeSpan.FromHours(2));
        Assert.Equal(0, await PruneAsync(world));
        Assert.Equal(all, (await world.EventsAsync(grant.RequestId)).Count);
        await PassAsync(world, TimeSpan.FromHours(2) + TimeSpan.FromSeconds(1));
        Assert.Equal(all, await PruneAsync(world));
    }

    [Theory, BothDatabases]
    public async Task Nor_does_the_beginning_go_while_the_end_was_not_taken_away_and_who_looks_in_vain_keeps_nothing(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        await TestLog.SealAsync(world);
        await ExportedAsync(world);
        await PassAsync(world, TimeSpan.FromHours(4));
        await world.WorkAsync();
        await TestLog.SealAsync(world);
        await PassAsync(world, Period * 2);
        Assert.Equal(0, await PruneAsync(world));

        // An old link is opened by somebody whom it is not for.
        await world.Get<GetRequest>().ExecuteAsync(grant.RequestReference, await world.IdentifyAsync(Company.Jonas), Ct);
        await TestLog.SealAsync(world);
        await ExportedAsync(world);
        Assert.NotEqual(0, await PruneAsync(world));
        Assert.Equal(["identity.attempt_refused"], await world.CodesAsync(grant.RequestId));
    }

    [Theory, BothDatabases]
    public async Task What_an_open_grant_or_request_needs_stays_and_a_timeline_says_what_went(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var open = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var pending = await world.AskAsync(draft: PortalWorld.Draft(Company.PaymentsVault));
        var over = await world.AskAsync();
        Assert.Empty((await world.DecideAsync(over.RequestId, Company.Priya, Verdict.Denied, "No")).Refusals);
        await TestLog.SealAsync(world);
        await ExportedAsync(world);
        var before = (await world.EventsAsync(open.RequestId)).Count;
        // Nobody works: the grant never ended, whatever its time.
        await PassAsync(world, Period * 2);

        Assert.Equal(2, await PruneAsync(world));
        Assert.Equal((before, 1, 0), ((await world.EventsAsync(open.RequestId)).Count, (await world.EventsAsync(pending.RequestId)).Count, (await world.EventsAsync(over.RequestId)).Count));
        var shown = (await world.Get<GetRequest>().ExecuteAsync(over.Reference, await world.IdentifyAsync(Company.Ingrid), Ct)).Value;
        Assert.Empty(shown.Timeline);
        Assert.Equal((2, world.Clock.GetUtcNow()), (shown.Pruned!.Count, shown.Pruned.At));
        Assert.Null((await world.Get<GetRequest>().ExecuteAsync(pending.Reference, await world.IdentifyAsync(Company.Ingrid), Ct)).Value.Pruned);

        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(open.RequestId)).State);
        Assert.Equal(0, await PruneAsync(world));
        Assert.InRange((await world.EventsAsync(open.RequestId)).Count, before + 1, int.MaxValue);
        await TestLog.SealAsync(world);
        await ExportedAsync(world);
        await PassAsync(world, Period + TimeSpan.FromSeconds(1));
        Assert.NotEqual(0, await PruneAsync(world));
        Assert.Empty(await world.EventsAsync(open.RequestId));
    }

    [Theory, BothDatabases]
    public async Task Two_instances_at_once_take_each_event_once_and_record_it_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await TestLog.WriteAsync(world, 60);
        await ExportedAsync(world);
        await PassAsync(world, Period + TimeSpan.FromSeconds(1));
        var pruned = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => PruneAsync(world, batch: 7))));
        Assert.Equal(60, pruned.Sum());
        await TestLog.SealAsync(world);
        Assert.Equal(60, (await world.ReadAsync(db => PrunedPositions.ReadAsync(db, Ct))).Count);
        Assert.Equal(60, (await world.ReadAsync(db => db.RetentionStates.SingleAsync(Ct))).Pruned);
    }

    [Theory, BothDatabases]
    public async Task Twenty_exports_of_the_same_log_at_once_are_all_noted(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await TestLog.WriteAsync(world, 3);
        await ExportedAsync(world);
        var (ingrid, size) = (await world.IdentifyAsync(Company.Ingrid), await world.ReadAsync(db => db.RetentionStates.Select(s => s.ExportedThrough).SingleAsync(Ct)));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => world.Get<NoteExport>().ExecuteAsync(size, ingrid, Ct))));
        Assert.Equal(21, await world.ReadAsync(db => db.AuditEvents.CountAsync(e => e.Code == AuditCode.ExportCompleted.Value, Ct)));
    }

    [Fact]
    public async Task A_hold_that_is_placed_while_a_run_is_about_to_delete_is_not_overlooked()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        await TestLog.WriteAsync(world, 3, actor: await world.IdentifyAsync(Company.Jonas));
        await ExportedAsync(world);
        await PassAsync(world, Period + TimeSpan.FromSeconds(1));
        var placed = 0;
        world.DatabaseFaults.Break = sql =>
        {
            if (sql.Contains("DELETE FROM \"AuditEvents\"", StringComparison.Ordinal) && Interlocked.Exchange(ref placed, 1) == 0)
                HoldNow(world, Company.Jonas);
            return null;
        };
        Assert.Equal(0, await PruneAsync(world));
        Assert.Equal(1, placed);
    }

    [Fact]
    public void Positions_are_written_as_ranges_and_read_back()
    {
        Assert.Equal("positions 0-2, 5, 7-8", PrunedPositions.Format([0, 1, 2, 5, 7, 8]));
        Assert.Equal([(0L, 2L), (5, 5), (7, 8)], PrunedPositions.Parse("positions 0-2, 5, 7-8"));
        Assert.Empty(PrunedPositions.Parse("0-2").Concat(PrunedPositions.Parse(null)).Concat(PrunedPositions.Parse("positions 9-2, -4, x, 1-2-3")));
    }

    private static async Task<long> PruneAsync(PortalWorld world, int batch = 1000) => (await world.Prune(Period, batch).ExecuteAsync(Actor.System, Ct)).Value;

    /// <summary>A year and more goes by, in which a portal seals what waits.</summary>
    private static async Task PassAsync(PortalWorld world, TimeSpan time)
    {
        world.Clock.Advance(time);
        await TestLog.SealAsync(world);
    }

    /// <summary>Everything that is sealed is under a checkpoint and was taken away by the auditor.</summary>
    private static async Task ExportedAsync(PortalWorld world)
    {
        var size = await world.ReadAsync(async db => (await db.AuditLeaves.MaxAsync(l => (long?)l.Position, Ct) ?? -1) + 1);
        await using (var db = world.OpenDb())
        {
            db.AuditCheckpoints.Add(new AuditCheckpoint(size, world.Clock.GetUtcNow(), "signed"));
            await db.SaveChangesAsync(Ct);
        }

        Assert.Empty((await world.Get<NoteExport>().ExecuteAsync(size, await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
    }

    private static async Task<Result<Guid>> PlaceAsync(PortalWorld world, HoldTarget target, string name) =>
        await world.Get<PlaceHold>().ExecuteAsync(new HoldInput(target, name, "Case 7"), await world.IdentifyAsync(Company.Ingrid), Ct);

    private static async Task<Guid> HoldAsync(PortalWorld world, HoldTarget target, string name)
    {
        var placed = await PlaceAsync(world, target, name);
        Assert.Empty(placed.Refusals);
        return placed.Value;
    }

    // From inside a database command, which cannot wait otherwise.
    private static void HoldNow(PortalWorld world, TestPerson person) => Task.Run(() => HoldAsync(world, HoldTarget.Person, person.ObjectId.ToString()), Ct).GetAwaiter().GetResult();

    private static async Task<byte[]> RootOfAsync(PortalDb db, long size) => (await TreeAsync(db)).Hash(new LeafRange(0, size));

    private static async Task<IReadOnlyList<byte[]>> ProofAsync(PortalDb db, long position, long size)
    {
        var tree = await TreeAsync(db);
        return [.. MerkleTree.InclusionPath(position, size).Select(tree.Hash)];
    }

    private static async Task<TileTree> TreeAsync(PortalDb db) => new(await db.AuditTiles.AsNoTracking().ToDictionaryAsync(t => new TileId(t.Level, t.Index), t => t.Hashes, Ct));
}
