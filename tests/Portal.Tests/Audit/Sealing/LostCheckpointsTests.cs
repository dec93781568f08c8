using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A store that shows less than it held stops granting until it is seen to, however often the portal looks.</summary>
public sealed class LostCheckpointsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_store_that_lost_checkpoints_is_not_filled_anew_and_nothing_is_granted_until_they_are_back(int left)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        var kept = await SealTwiceAsync(world);
        world.Checkpoints.Notes.RemoveRange(left, kept.Count - left);
        await RecordAsync(world, 1);
        world.Clock.Advance(TimeSpan.FromSeconds(20));
        for (var turn = 0; turn < 3; turn++)
        {
            Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
            Assert.NotNull((await HealthAsync(world)).Hold);
            world.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        // What cannot be asked any more has not been put back.
        world.Checkpoints.Unreachable = true;
        await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
        Assert.Contains("does not any more", (await HealthAsync(world)).Hold, StringComparison.Ordinal);
        world.Checkpoints.Unreachable = false;
        Assert.Equal(left, world.Checkpoints.Notes.Count);

        world.Checkpoints.Notes.Clear();
        world.Checkpoints.Notes.AddRange(kept);
        await world.SealAsync(checkpoint: true);
        Assert.Null((await HealthAsync(world)).Hold);
        await AssertHoldsAsync(world);
    }

    [Fact]
    public async Task A_portal_that_is_started_anew_takes_a_store_as_it_is_once_it_was_accepted_and_gives_it_the_newest()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        var kept = await SealTwiceAsync(world);
        world.Checkpoints.Notes.Clear();
        await RecordAsync(world, 1);
        world.Clock.Advance(TimeSpan.FromSeconds(20));
        await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
        await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());

        await world.RestartAsync();
        await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
        Assert.Empty(world.Checkpoints.Notes);
        Assert.True((await world.Get<AcceptStore>().ExecuteAsync(new StoreAcceptance(Accepts: true), Actor.System, Ct)).Value.Single().Accepted);
        await world.RestartAsync();
        await world.SealAsync();
        Assert.Null((await HealthAsync(world)).Hold);
        Assert.Equal([kept[^1]], world.Checkpoints.Notes.Take(1));
        Assert.Equal([4, 6], world.Checkpoints.Notes.Select(CheckpointFile.SizeOf));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, 0)]
    [InlineData(DatabaseKind.Sqlite, 1)]
    [InlineData(DatabaseKind.PostgreSql, 0)]
    [InlineData(DatabaseKind.PostgreSql, 1)]
    public async Task An_instance_that_only_stood_by_does_not_fill_a_store_that_lost_what_it_held_before(DatabaseKind kind, int left)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true, sealing: true);
        var one = world.AnotherSealer("one");
        var options = world.Sealing with { Holder = "other" };
        var health = new AuditHealth(options);
        var other = world.AnotherSealer(options, health);
        await RecordAsync(world, 3);
        await one.ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        Assert.True((await other.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        await RecordAsync(world, 1);
        world.Clock.Advance(TimeSpan.FromSeconds(10));
        await one.ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        Assert.True((await other.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        Assert.Null(health.Fault);

        world.Checkpoints.Notes.RemoveRange(left, 2 - left);
        await RecordAsync(world, 1);
        foreach (var sealer in new[] { one, other, one, other })
        {
            world.Clock.Advance(SealEvents.Lease);
            Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct))).Problem);
        }

        Assert.Equal(SealingProblem.StoreForgets, health.Fault?.Problem);
        Assert.Equal(left, world.Checkpoints.Notes.Count);
    }

    [Fact]
    public async Task That_another_instance_seals_does_not_lift_the_hold_where_a_store_of_ones_own_lost_something()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        var own = new FakeCheckpointStore();
        var one = world.AnotherSealer("one", stores: new CheckpointStores([own]));
        await RecordAsync(world, 3);
        await one.ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        var kept = own.Notes.ToList();
        own.Notes.Clear();
        await RecordAsync(world, 1);
        world.Clock.Advance(SealEvents.Lease);
        await Assert.ThrowsAsync<SealingException>(() => one.ExecuteAsync(new SealOrder(true), Actor.System, Ct));
        Assert.NotNull(world.Get<AuditHealth>().Fault);

        var other = world.AnotherSealer(world.Sealing with { Holder = "other" }, new AuditHealth(world.Sealing));
        await RecordAsync(world, 1);
        world.Clock.Advance(SealEvents.Lease);
        Assert.Equal(1, (await other.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Sealed);
        Assert.True((await one.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        Assert.Equal(SealingProblem.StoreForgets, world.Get<AuditHealth>().Fault?.Problem);
        own.Notes.AddRange(kept);
        await one.ExecuteAsync(new SealOrder(), Actor.System, Ct);
        Assert.Null(world.Get<AuditHealth>().Fault);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_that_does_not_show_what_it_was_given_is_given_it_at_every_turn_until_it_does(bool anotherKeepsIt)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        var stores = new CheckpointStores(anotherKeepsIt ? [new FakeCheckpointStore(), world.Checkpoints] : [world.Checkpoints]);
        var sealer = world.AnotherSealer("one", stores: stores);
        await RecordAsync(world, 3);
        await sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        world.Checkpoints.Forgets = true;
        await RecordAsync(world, 1);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        // Wanted once, before it is due by time; owed from then on.
        foreach (var wanted in new[] { true, false, false })
        {
            Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => sealer.ExecuteAsync(new SealOrder(wanted), Actor.System, Ct))).Problem);
            Assert.NotNull((await HealthAsync(world)).Hold);
        }

        world.Checkpoints.Forgets = false;
        await sealer.ExecuteAsync(new SealOrder(), Actor.System, Ct);
        Assert.Null((await HealthAsync(world)).Hold);
        Assert.Equal([3, 4], world.Checkpoints.Notes.Select(CheckpointFile.SizeOf));
        await AssertHoldsAsync(world);
    }

    private static async Task<List<string>> SealTwiceAsync(PortalWorld world)
    {
        await RecordAsync(world, 3);
        await world.SealAsync(checkpoint: true);
        await RecordAsync(world, 1);
        await world.SealAsync(checkpoint: true);
        return [.. world.Checkpoints.Notes];
    }
}
