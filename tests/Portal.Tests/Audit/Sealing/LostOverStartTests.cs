using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.Hosting;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A start does not forget what a store held.</summary>
public sealed class LostOverStartTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite, 0)]
    [InlineData(DatabaseKind.Sqlite, 1)]
    [InlineData(DatabaseKind.PostgreSql, 0)]
    [InlineData(DatabaseKind.PostgreSql, 1)]
    public async Task A_store_that_lost_checkpoints_while_no_portal_ran_is_not_filled_anew_and_nothing_is_granted(DatabaseKind kind, int left)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true, sealing: true);
        var kept = await SealTwiceAsync(world);
        world.Checkpoints.Notes.RemoveRange(left, kept.Count - left);
        for (var start = 0; start < 3; start++)
        {
            await world.RestartAsync();
            // With nothing to seal at first.
            if (start == 1)
                await RecordAsync(world, 1);
            for (var turn = 0; turn < 2; turn++)
            {
                Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
                Assert.Contains("held a checkpoint of 4 events and does not any more", (await HealthAsync(world)).Hold, StringComparison.Ordinal);
                world.Clock.Advance(TimeSpan.FromSeconds(20));
            }
        }

        var answer = await new SealingHealth(world.Get<IDbContextFactory<PortalDb>>(), world.Get<AuditHealth>(), world.Get<CheckpointProtection>(), world.Get<ClockWatch>()).CheckHealthAsync(new HealthCheckContext(), Ct);
        Assert.StartsWith("AuditNotSealed (StoreForgets)", answer.Description, StringComparison.Ordinal);
        Assert.Equal(left, world.Checkpoints.Notes.Count);
        Assert.Equal(4, await world.ReadAsync(db => db.AuditLeaves.CountAsync(Ct)));

        world.Checkpoints.Notes.Clear();
        world.Checkpoints.Notes.AddRange(kept);
        await world.SealAsync(checkpoint: true);
        Assert.Null((await HealthAsync(world)).Hold);
        await AssertHoldsAsync(world);
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("emptied")]
    [InlineData("cut off")]
    public async Task A_file_that_was(string what)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        var directory = Directory.CreateTempSubdirectory("portal-checkpoints-").FullName;
        try
        {
            var path = Path.Combine(directory, "audit-checkpoints");
            await RecordAsync(world, 3);
            await StartedAsync().ExecuteAsync(new SealOrder(true), Actor.System, Ct);
            var first = await File.ReadAllBytesAsync(path, Ct);
            await RecordAsync(world, 2);
            world.Clock.Advance(SealEvents.Lease);
            await StartedAsync().ExecuteAsync(new SealOrder(true), Actor.System, Ct);
            var whole = await File.ReadAllBytesAsync(path, Ct);

            if (what == "deleted")
                File.Delete(path);
            else
                await File.WriteAllBytesAsync(path, what == "emptied" ? [] : first, Ct);
            await RecordAsync(world, 1);
            world.Clock.Advance(SealEvents.Lease);
            Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => StartedAsync().ExecuteAsync(new SealOrder(true), Actor.System, Ct))).Problem);
            Assert.NotNull((await HealthAsync(world)).Hold);

            await File.WriteAllBytesAsync(path, whole, Ct);
            Assert.Equal(6, (await StartedAsync().ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Signed?.Size);

            // A portal that is started anew: it has seen nothing.
            SealEvents StartedAsync() => world.AnotherSealer("one", stores: new CheckpointStores([new CheckpointFile(path)]));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Theory, BothDatabases]
    public async Task An_instance_that_stands_by_says_at_its_start_that_its_own_file_lost_something(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true, sealing: true);
        var (container, own) = (new FakeCheckpointStore(), new FakeCheckpointStore());
        var one = world.AnotherSealer("one", stores: new CheckpointStores([new FakeCheckpointStore(), container]));
        var options = world.Sealing with { Holder = "other" };
        await SealAsync(world, Other(new AuditHealth(options)), 3);
        await SealAsync(world, one, 1);
        own.Notes.Clear();
        var health = new AuditHealth(options);
        Assert.True((await Other(health).ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        Assert.Equal(SealingProblem.StoreForgets, health.Fault?.Problem);
        Assert.Empty(own.Notes);
        // The other one has all of its own, and goes on.
        await SealAsync(world, one, 1);

        SealEvents Other(AuditHealth ofOther) => ActivatorUtilities.CreateInstance<SealEvents>(world.Get<IServiceProvider>(), options, new LogState(), ofOther, new CheckpointStores([own, container]));
    }

    [Theory, BothDatabases]
    public async Task Hosts_that_share_a_container_miss_what_it_lost_whoever_gave_it_and_a_new_host_is_welcome(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var (container, first, second) = (new FakeCheckpointStore(), new FakeCheckpointStore(), new FakeCheckpointStore());
        await SealAsync(world, Started(first), 3);
        await SealAsync(world, Started(second), 2);
        // Its own file is not new, and behind: it did not seal for a while.
        await SealAsync(world, Started(first), 1);
        await SealAsync(world, Started(new FakeCheckpointStore()), 1);
        Assert.Equal([3, 5, 6, 7], container.Notes.Select(CheckpointFile.SizeOf));

        var kept = container.Notes.ToList();
        container.Notes.RemoveRange(3, 1);
        foreach (var own in (FakeCheckpointStore[])[first, second, new()])
        {
            world.Clock.Advance(SealEvents.Lease);
            var fault = await Assert.ThrowsAsync<SealingException>(() => Started(own).ExecuteAsync(new SealOrder(true), Actor.System, Ct));
            Assert.Equal(SealingProblem.StoreForgets, fault.Problem);
        }

        container.Notes.Clear();
        container.Notes.AddRange(kept);
        await SealAsync(world, Started(second), 1);

        SealEvents Started(FakeCheckpointStore own) => world.AnotherSealer($"host {Guid.NewGuid():N}", stores: new CheckpointStores([own, container]));
    }

    [Theory, BothDatabases]
    public async Task A_verification_names_a_store_that_shows_less_than_it_held_from_any_checkpoint(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SealTwiceAsync(world);
        Assert.Empty(await VerifyAsync(world, 0));
        world.Checkpoints.Notes.RemoveAt(1);
        foreach (var from in (long[])[0, 3, 4])
            Assert.Equal("The test's store held a checkpoint of 4 events and shows one of 3 at most: checkpoints in it were lost, or it was replaced.", Assert.Single(await VerifyAsync(world, from)).What);
        world.Checkpoints.Notes.Clear();
        Assert.Contains("and shows none:", Assert.Single(await VerifyAsync(world, 0)).What, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<VerifyFinding>> VerifyAsync(PortalWorld world, long from) =>
        (await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(from), null, Actor.System, Ct)).Value.Findings;

    private static async Task SealAsync(PortalWorld world, SealEvents sealer, int events)
    {
        await RecordAsync(world, events);
        world.Clock.Advance(SealEvents.Lease);
        Assert.NotNull((await sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Signed);
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
