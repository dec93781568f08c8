using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>What the database remembers of the stores: by which names, since when, and for how long.</summary>
public sealed class RememberedStoresTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task What_a_checkpoint_was_given_to_is_remembered_with_it_and_never_becomes_less(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SealAsync(world, world.AnotherSealer("one"), 3);
        await SealAsync(world, world.AnotherSealer("other"), 2);
        var row = await RowAsync(world);
        Assert.Equal((world.Checkpoints.RememberedAs, null, 5, null), (row.Name, row.Host, row.Size, row.Acceptance));
        Assert.Equal(world.Clock.GetUtcNow(), row.SeenAt);

        // Another one has more remembered between the look and the save of this one.
        await RecordAsync(world, 1);
        var one = world.AnotherSealer("other");
        Assert.Null((await one.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.Signed);
        await world.ReadAsync(db => db.AuditStores.ExecuteUpdateAsync(s => s.SetProperty(x => x.Size, 7), Ct));
        Assert.Equal(6, (await one.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Signed?.Size);
        Assert.Equal(7, (await RowAsync(world)).Size);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, true)]
    [InlineData(DatabaseKind.Sqlite, false)]
    [InlineData(DatabaseKind.PostgreSql, true)]
    [InlineData(DatabaseKind.PostgreSql, false)]
    public async Task What_another_instance_signs_while_one_looks_is_missed_by_neither_a_look_nor_a_verification(DatabaseKind kind, bool verifies)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var one = world.AnotherSealer("one");
        await SealAsync(world, one, 3);
        await RecordAsync(world, 2);
        var signed = false;
        world.DatabaseFaults.Break = sql =>
        {
            if (!sql.Contains("FROM \"AuditStores\"", StringComparison.Ordinal))
                return null;
            world.DatabaseFaults.Break = null;
            signed = Task.Run(() => one.ExecuteAsync(new SealOrder(true), Actor.System, Ct), Ct).GetAwaiter().GetResult().Value.Signed is not null;
            return null;
        };
        var health = new AuditHealth(world.Sealing);
        if (verifies)
            Assert.Empty((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings);
        else
            Assert.True((await world.AnotherSealer(world.Sealing with { Holder = "other" }, health).ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        Assert.True(signed);
        Assert.Null(health.Fault);
        Assert.Equal(5, (await RowAsync(world)).Size);
    }

    [Fact]
    public async Task A_checkpoint_that_is_not_saved_is_not_remembered()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await SealAsync(world, world.AnotherSealer("one"), 3);
        await RecordAsync(world, 1);
        world.Clock.Advance(SealEvents.Lease);
        world.DatabaseFaults.Break = sql => sql.Contains("\"AuditStores\"", StringComparison.Ordinal) && sql.Contains("INSERT", StringComparison.Ordinal) ? new InvalidOperationException("broken") : null;
        await Assert.ThrowsAsync<InvalidOperationException>(() => world.AnotherSealer("one").ExecuteAsync(new SealOrder(true), Actor.System, Ct));
        Assert.Equal(3, await world.ReadAsync(db => db.AuditCheckpoints.MaxAsync(c => c.Size, Ct)));
        Assert.Equal(3, (await RowAsync(world)).Size);

        world.DatabaseFaults.Break = null;
        await world.AnotherSealer("one").ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        Assert.Equal(4, (await RowAsync(world)).Size);
    }

    [Theory, BothDatabases]
    public async Task An_installation_without_a_row_begins_with_what_its_stores_show(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true, sealing: true);
        await SealAsync(world, world.AnotherSealer("one"), 3);
        await world.ReadAsync(db => db.AuditStores.ExecuteDeleteAsync(Ct));
        Assert.True((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Holds);

        // With nothing to seal.
        await world.RestartAsync();
        world.Clock.Advance(SealEvents.Lease);
        await world.SealAsync();
        Assert.Equal(3, (await RowAsync(world)).Size);
        Assert.Null((await HealthAsync(world)).Hold);
        Assert.Single(world.Checkpoints.Notes);

        // While another one seals.
        await RecordAsync(world, 1);
        await world.AnotherSealer("one").ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        await world.ReadAsync(db => db.AuditStores.ExecuteDeleteAsync(Ct));
        Assert.True((await world.AnotherSealer("other").ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        Assert.Equal(4, (await RowAsync(world)).Size);
    }

    [Theory, BothDatabases]
    public async Task Hosts_that_nobody_has_seen_for_ninety_days_are_forgotten_and_what_all_share_is_not(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var (container, steady, standby) = (new FakeCheckpointStore { RememberedAs = "container" }, Own("steady"), Own("standby"));
        await SealAsync(world, Started(Own("gone")), 1);
        await SealAsync(world, Started(standby), 1);
        await SealAsync(world, world.AnotherSealer("without", stores: new CheckpointStores([new FakeCheckpointStore { RememberedAs = "container of before" }])), 1);
        var (one, other) = (Started(steady), Started(standby));
        for (var day = 0; day < 86; day++)
        {
            world.Clock.Advance(TimeSpan.FromDays(1));
            await SealAsync(world, one, 1);
            // It never seals, and looks.
            if (day % 30 == 0)
                Assert.True((await other.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        }

        Assert.Contains("gone", await NamesAsync());
        world.Clock.Advance(TimeSpan.FromDays(6));
        // Those that come with each deployment make room.
        await SealAsync(world, Started(Own("new")), 1);
        Assert.Equal(["container", "container of before", "new", "standby", "steady"], await NamesAsync());

        FakeCheckpointStore Own(string host) => new() { RememberedAs = host, Host = host };

        SealEvents Started(FakeCheckpointStore own) => world.AnotherSealer($"{own.Host} {Guid.NewGuid():N}", stores: new CheckpointStores([own, container]));

        Task<List<string>> NamesAsync() => world.ReadAsync(db => db.AuditStores.OrderBy(s => s.Name).Select(s => s.Name).ToListAsync(Ct));
    }

    [Fact]
    public async Task Of_two_hosts_of_one_name_the_one_that_does_not_seal_says_that_there_are_two()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var (west, east) = (Own(), Own());
        await SealAsync(world, world.AnotherSealer("east", stores: new CheckpointStores([east])), 3);
        // West has had its file for long.
        west.Notes.AddRange(east.Notes);
        world.Clock.Advance(SealEvents.Lease);
        var sealing = world.AnotherSealer("west", stores: new CheckpointStores([west]));
        await SealAsync(world, sealing, 2);

        // To one that has just started it looks as if its own had lost something.
        var health = new AuditHealth(world.Sealing);
        var waiting = world.AnotherSealer(world.Sealing with { Holder = "east again" }, health, new CheckpointStores([east]));
        Assert.Contains("held a checkpoint of 5 events and does not any more", (await LookAsync()).Message, StringComparison.Ordinal);
        await SealAsync(world, sealing, 1);
        var fault = await LookAsync();
        Assert.Equal(SealingProblem.StoreForgets, fault.Problem);
        // The loss first: of a file that both keep it would be one.
        Assert.StartsWith("The test's store held a checkpoint of 6 events and does not any more", fault.Message, StringComparison.Ordinal);
        Assert.Contains("another instance has kept it since, under the same name (portal:/x)", fault.Message, StringComparison.Ordinal);
        Assert.Contains("another instance", (await LookAsync()).Message, StringComparison.Ordinal);

        // One file of both after all, which is then cut off.
        east.Notes.AddRange(west.Notes);
        await waiting.ExecuteAsync(new SealOrder(), Actor.System, Ct);
        Assert.Null(health.Fault);
        east.Notes.Clear();
        world.Clock.Advance(world.Sealing.CheckpointEvery);
        Assert.Contains("held a checkpoint of 6 events and does not any more", (await LookAsync()).Message, StringComparison.Ordinal);

        static FakeCheckpointStore Own() => new() { RememberedAs = "portal:/x", Host = "portal" };

        async Task<SealingException> LookAsync()
        {
            Assert.True((await waiting.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
            return health.Fault!;
        }
    }

    [Fact]
    public async Task A_host_whose_file_lost_something_is_there_for_as_long_as_it_says_so()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var own = new FakeCheckpointStore { RememberedAs = "short", Host = "short" };
        await SealAsync(world, world.AnotherSealer("short", stores: new CheckpointStores([own])), 1);
        own.Notes.Clear();
        for (var month = 0; month < 5; month++)
        {
            world.Clock.Advance(TimeSpan.FromDays(30));
            await Assert.ThrowsAsync<SealingException>(() => world.AnotherSealer("short", stores: new CheckpointStores([own])).ExecuteAsync(new SealOrder(), Actor.System, Ct));
            await SealAsync(world, world.AnotherSealer($"new {month}", stores: new CheckpointStores([new FakeCheckpointStore { RememberedAs = $"new {month}", Host = $"new {month}" }])), 1);
            world.Clock.Advance(SealEvents.Lease);
        }

        Assert.Equal(1, await world.ReadAsync(db => db.AuditStores.Where(s => s.Name == "short").Select(s => s.Size).SingleAsync(Ct)));
        Assert.False(await world.ReadAsync(db => db.AuditStores.AnyAsync(s => s.Name == "new 0", Ct)));
        Assert.Empty(own.Notes);
    }

    [Fact]
    public async Task A_note_that_is_no_checkpoint_is_said_to_be_none_and_is_no_loss()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await SealAsync(world, world.AnotherSealer("one"), 3);
        var other = new FakeCheckpointStore();
        other.Notes.Add(SignedNote.Sign("no checkpoint\n", SigningKey.Create("x")).ToString());
        world.Clock.Advance(SealEvents.Lease);
        var fault = await Assert.ThrowsAsync<SealingException>(() => world.AnotherSealer("other", stores: new CheckpointStores([other])).ExecuteAsync(new SealOrder(), Actor.System, Ct));
        Assert.Equal(SealingProblem.Contradiction, fault.Problem);
        Assert.Contains("cannot be read", fault.Message, StringComparison.Ordinal);
        world.Checkpoints.Notes[0] = other.Notes[0];
        var stands = Assert.Single((await world.Get<AcceptStore>().ExecuteAsync(new StoreAcceptance(), Actor.System, Ct)).Value);
        Assert.Equal((3, 0, true), (stands.Remembered, stands.Found, stands.IsShort));
        Assert.Contains("and shows none", (await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_remembered_by_its_host_and_its_path()
    {
        var file = new CheckpointFile("/var/lib/access-portal/audit-checkpoints", "portal-1");
        Assert.Equal(("portal-1:/var/lib/access-portal/audit-checkpoints", "portal-1"), (file.RememberedAs, file.Host));
        // Whole: portal.west.example and portal.east.example are two.
        Assert.Equal(Dns.GetHostName(), new CheckpointFile("/x").Host);
    }

    [Fact]
    public async Task A_row_that_holds_what_the_portal_does_not_write_is_said_and_keeps_no_verification_from_its_answer()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        await SealAsync(world, world.AnotherSealer("one"), 3);
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("UPDATE \"AuditStores\" SET \"Acceptance\" = 'x', \"SeenAt\" = 'x', \"Host\" = x'ff00'", Ct));
        Assert.True((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Holds);
        world.Clock.Advance(SealEvents.Lease);
        var fault = await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
        Assert.Equal(SealingProblem.Contradiction, fault.Problem);
        Assert.Contains("AuditStores", (await HealthAsync(world)).Hold, StringComparison.Ordinal);
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("UPDATE \"AuditStores\" SET \"Acceptance\" = NULL", Ct));
        await world.SealAsync();
        Assert.Null((await HealthAsync(world)).Hold);
    }

    private static Task<AuditStore> RowAsync(PortalWorld world) => world.ReadAsync(db => db.AuditStores.AsNoTracking().SingleAsync(Ct));

    private static async Task SealAsync(PortalWorld world, SealEvents sealer, int events)
    {
        await RecordAsync(world, events);
        world.Clock.Advance(SealEvents.Lease);
        Assert.NotNull((await sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Signed);
    }
}
