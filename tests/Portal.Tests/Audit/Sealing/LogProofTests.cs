using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>What the log proves of an event, and of itself.</summary>
public sealed class LogProofTests
{
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

    private static Checkpoint Parse(StoredCheckpoint row) => Checkpoint.Parse(SignedNote.Parse(row.Note)!.Text)!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
