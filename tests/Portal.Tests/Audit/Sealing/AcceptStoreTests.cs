using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A store that lost checkpoints is taken as it is when an operator says so, and for nothing else; the trail says that they did.</summary>
public sealed class AcceptStoreTests
{
    private static readonly Actor Operator = Actor.System with { DisplayName = "portal audit accept-store" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite, 0, true)]
    [InlineData(DatabaseKind.Sqlite, 1, false)]
    [InlineData(DatabaseKind.PostgreSql, 0, false)]
    [InlineData(DatabaseKind.PostgreSql, 1, true)]
    public async Task Once_it_is_accepted_it_is_given_the_newest_by_a_portal_that_runs_and_by_one_that_starts(DatabaseKind kind, int left, bool starts)
    {
        await using var world = await LostAsync(kind, left);
        var looked = Assert.Single(await AcceptAsync(world, accepts: false));
        Assert.Equal((world.Checkpoints.RememberedAs, 4, left * 3, true, false), (looked.Store, looked.Remembered, looked.Found, looked.IsShort, looked.Accepted));
        Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
        Assert.DoesNotContain(await world.EventsAsync(), e => e.Code == "audit.store_accepted");

        Assert.True(Assert.Single(await AcceptAsync(world)).Accepted);
        var said = Assert.Single(await world.EventsAsync(), e => e.Code == "audit.store_accepted");
        Assert.Equal((ActorKind.System, Operator.DisplayName, world.Checkpoints.RememberedAs), (said.ActorKind, said.ActorName, said.Reason));
        Assert.Equal($"held a checkpoint of 4 events; shows {(left == 0 ? "none" : "one of 3")}", said.Comment);

        if (starts)
            await world.RestartAsync();
        await world.SealAsync(checkpoint: true);
        Assert.Null((await HealthAsync(world)).Hold);
        // What was lost between stays lost.
        Assert.Equal(left == 0 ? [4, 6] : [3, 4, 6], world.Checkpoints.Notes.Select(CheckpointFile.SizeOf));
        Assert.Equal(6, await RememberedAsync(world));
        await AssertHoldsAsync(world);
        Assert.True((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Holds);
    }

    [Fact]
    public async Task What_holds_or_is_not_known_is_not_accepted_and_leaves_no_event()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        var unknown = Assert.Single(await AcceptAsync(world));
        Assert.Equal((null, 0, false, false), (unknown.Remembered, unknown.Found, unknown.IsShort, unknown.Accepted));
        await SealTwiceAsync(world);
        var holds = Assert.Single(await AcceptAsync(world));
        Assert.Equal((4, 4, false, false), (holds.Remembered, holds.Found, holds.IsShort, holds.Accepted));
        Assert.Equal(4, await RememberedAsync(world));
        Assert.DoesNotContain(await world.EventsAsync(), e => e.Code == "audit.store_accepted");
        Assert.Empty((await world.Get<AcceptStore>().ExecuteAsync(new StoreAcceptance(true, "another"), Operator, Ct)).Value);
    }

    [Fact]
    public async Task Of_two_stores_that_lost_something_one_can_be_accepted_alone()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        FakeCheckpointStore[] both = [new(), new()];
        var sealer = world.AnotherSealer("one", stores: new CheckpointStores(both));
        await RecordAsync(world, 3);
        await sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        foreach (var store in both)
            store.Notes.Clear();
        var accept = ActivatorUtilities.CreateInstance<AcceptStore>(world.Get<IServiceProvider>(), new CheckpointStores(both));
        Assert.True(Assert.Single((await accept.ExecuteAsync(new StoreAcceptance(true, both[0].RememberedAs), Operator, Ct)).Value).Accepted);
        Assert.Equal([false, true], (await accept.ExecuteAsync(new StoreAcceptance(), Operator, Ct)).Value.Select(s => s.IsShort));
        await Assert.ThrowsAsync<SealingException>(() => sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct));
        await accept.ExecuteAsync(new StoreAcceptance(true), Operator, Ct);
        await sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        Assert.All(both, store => Assert.NotEmpty(store.Notes));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, 0)]
    [InlineData(DatabaseKind.Sqlite, 1)]
    [InlineData(DatabaseKind.PostgreSql, 0)]
    public async Task While_one_of_several_cannot_be_asked_none_is_accepted_and_how_the_others_stand_is_said(DatabaseKind kind, int away)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        FakeCheckpointStore[] both = [new(), new()];
        await RecordAsync(world, 3);
        await world.AnotherSealer("one", stores: new CheckpointStores(both)).ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        var cut = both[1 - away];
        cut.Notes.Clear();
        both[away].Unreachable = true;
        var accept = ActivatorUtilities.CreateInstance<AcceptStore>(world.Get<IServiceProvider>(), new CheckpointStores(both));
        var fault = await Assert.ThrowsAsync<SealingException>(() => accept.ExecuteAsync(new StoreAcceptance(true), Operator, Ct));
        Assert.Equal(SealingProblem.StoreUnreachable, fault.Problem);
        Assert.All(await world.ReadAsync(db => db.AuditStores.AsNoTracking().ToListAsync(Ct)), row => Assert.Equal((3, null), (row.Size, row.Acceptance)));
        Assert.DoesNotContain(await world.EventsAsync(), e => e.Code == "audit.store_accepted");

        var stand = (await accept.ExecuteAsync(new StoreAcceptance(), Operator, Ct)).Value;
        Assert.Equal(both.Select(store => store.RememberedAs), stand.Select(s => s.Store));
        Assert.Equal((true, null), (stand[1 - away].IsShort, stand[1 - away].Fault));
        Assert.Equal((false, fault.Message), (stand[away].IsShort, stand[away].Fault));
        Assert.True(Assert.Single((await accept.ExecuteAsync(new StoreAcceptance(true, cut.RememberedAs), Operator, Ct)).Value).Accepted);
    }

    [Theory, BothDatabases]
    public async Task An_acceptance_of_before_takes_nothing_of_what_was_seen_since(DatabaseKind kind)
    {
        await using var world = await LostAsync(kind, 1);
        for (var turn = 0; turn < 2; turn++)
        {
            await Assert.ThrowsAsync<SealingException>(() => world.SealAsync(checkpoint: true));
            await AcceptAsync(world);
            await world.SealAsync(checkpoint: true);
            world.Checkpoints.Notes.RemoveRange(1, world.Checkpoints.Notes.Count - 1);
            await RecordAsync(world, 1);
        }

        await Assert.ThrowsAsync<SealingException>(() => world.SealAsync(checkpoint: true));
        await AcceptAsync(world);
        await world.SealAsync(checkpoint: true);
        var accepted = (await world.EventsAsync()).Where(e => e.Code == "audit.store_accepted").Select(e => e.EventId).ToList();
        Assert.Equal(3, accepted.Count);
        foreach (var starts in (bool[])[false, true])
        {
            if (starts)
                await world.RestartAsync();
            await RecordAsync(world, 1);
            await world.SealAsync(checkpoint: true);
            var held = world.Checkpoints.Notes.ToList();
            world.Checkpoints.Notes.RemoveRange(1, held.Count - 1);
            foreach (var id in accepted)
            {
                await SqlAsync(world, $"UPDATE \"AuditStores\" SET \"Size\" = 3, \"Acceptance\" = '{id.ToString().ToUpperInvariant()}'");
                await RecordAsync(world, 1);
                for (var look = 0; look < 2; look++)
                    Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync(checkpoint: true))).Problem);
            }

            world.Checkpoints.Notes.Clear();
            world.Checkpoints.Notes.AddRange(held);
            await world.SealAsync(checkpoint: true);
        }
    }

    [Theory, BothDatabases]
    public async Task Of_two_acceptances_between_two_looks_neither_is_left_for_later(DatabaseKind kind)
    {
        await using var world = await LostAsync(kind, 1);
        await Assert.ThrowsAsync<SealingException>(() => world.SealAsync(checkpoint: true));
        await AcceptAsync(world);
        var lost = world.Checkpoints.Notes.ToList();
        world.Checkpoints.Notes.Clear();
        await AcceptAsync(world);
        var first = (await world.EventsAsync()).Where(e => e.Code == "audit.store_accepted").Select(e => e.EventId).Order().First();
        await world.SealAsync(checkpoint: true);
        await RecordAsync(world, 1);
        await world.SealAsync(checkpoint: true);

        world.Checkpoints.Notes.Clear();
        world.Checkpoints.Notes.AddRange(lost);
        await SqlAsync(world, $"UPDATE \"AuditStores\" SET \"Size\" = 3, \"Acceptance\" = '{first.ToString().ToUpperInvariant()}'");
        await RecordAsync(world, 1);
        for (var look = 0; look < 2; look++)
            Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync(checkpoint: true))).Problem);
    }

    [Theory, BothDatabases]
    public async Task A_row_that_somebody_lowers_takes_nothing_from_a_portal_that_runs_and_neither_does_an_acceptance_that_is_not_in_the_trail(DatabaseKind kind)
    {
        await using var world = await LostAsync(kind, 1);
        await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
        foreach (var change in (string[])["\"Size\" = 0", $"\"Size\" = 3, \"Acceptance\" = '{Guid.NewGuid().ToString().ToUpperInvariant()}'"])
        {
            await SqlAsync(world, $"UPDATE \"AuditStores\" SET {change}");
            Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
        }

        await SqlAsync(world, "DELETE FROM \"AuditStores\"");
        Assert.Equal(SealingProblem.StoreForgets, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
    }

    [Fact]
    public async Task What_is_remembered_anew_between_the_look_and_the_acceptance_is_what_the_trail_says()
    {
        // On SQLite whoever saves has the only turn, and the other would wait for it here for ever.
        await using var world = await LostAsync(DatabaseKind.PostgreSql, 0);
        world.DatabaseFaults.Break = sql =>
        {
            if (!sql.Contains("UPDATE \"AuditStores\"", StringComparison.Ordinal))
                return null;
            world.DatabaseFaults.Break = null;
            Task.Run(() => SqlAsync(world, "UPDATE \"AuditStores\" SET \"Size\" = 7"), Ct).GetAwaiter().GetResult();
            return null;
        };

        var accepted = Assert.Single(await AcceptAsync(world));
        Assert.Equal((7, true), (accepted.Remembered, accepted.Accepted));
        Assert.Equal("held a checkpoint of 7 events; shows none", Assert.Single(await world.EventsAsync(), e => e.Code == "audit.store_accepted").Comment);
        Assert.Equal(0, await RememberedAsync(world));
    }

    [Fact]
    public async Task A_store_that_cannot_be_asked_is_not_accepted()
    {
        await using var world = await LostAsync(DatabaseKind.Sqlite, 0);
        world.Checkpoints.Unreachable = true;
        await Assert.ThrowsAsync<SealingException>(() => AcceptAsync(world));
        Assert.Equal(4, await RememberedAsync(world));
    }

    private static async Task<IReadOnlyList<StoreStanding>> AcceptAsync(PortalWorld world, bool accepts = true) =>
        (await world.Get<AcceptStore>().ExecuteAsync(new StoreAcceptance(accepts), Operator, Ct)).Value;

    private static Task<long> RememberedAsync(PortalWorld world) => world.ReadAsync(db => db.AuditStores.Select(s => s.Size).SingleAsync(Ct));

    private static Task SqlAsync(PortalWorld world, string sql) => world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(sql, Ct));

    // A portal that runs has seen it, and an event waits.
    private static async Task<PortalWorld> LostAsync(DatabaseKind kind, int left)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true, sealing: true);
        await SealTwiceAsync(world);
        world.Checkpoints.Notes.RemoveRange(left, 2 - left);
        await RecordAsync(world, 1);
        world.Clock.Advance(TimeSpan.FromSeconds(20));
        return world;
    }

    private static async Task SealTwiceAsync(PortalWorld world)
    {
        await RecordAsync(world, 3);
        await world.SealAsync(checkpoint: true);
        await RecordAsync(world, 1);
        await world.SealAsync(checkpoint: true);
    }
}
