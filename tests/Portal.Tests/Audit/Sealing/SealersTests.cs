using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.Hosting;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>One sealer at a time, and another one when it is silent.</summary>
public sealed class SealersTests
{
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
    public async Task Who_sealed_by_a_clock_that_was_a_day_ahead_and_is_gone_keeps_nobody_from_sealing(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        world.DatabaseClock.Ahead = TimeSpan.FromDays(1);
        await RecordAsync(world, 5);
        Assert.Equal(5, (await world.AnotherSealer("gone").ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Sealed);

        // Set right, and the portal is started anew.
        world.DatabaseClock.Ahead = TimeSpan.Zero;
        await world.RestartAsync();
        await RecordAsync(world, 5);
        Assert.Equal(5, (await world.AnotherSealer("new").ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Sealed);
        await AssertHoldsAsync(world);
    }

    [Theory, BothDatabases]
    public async Task An_instance_without_the_key_says_so_while_the_other_still_seals(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var options = world.Sealing with { Holder = "other", StopsGrants = true, SigningKeyFile = world.Sealing.SigningKeyFile + "-of-the-other" };
        var health = new AuditHealth(options);
        var (one, other) = (world.AnotherSealer("one"), world.AnotherSealer(options, health));
        await RecordAsync(world, 1);
        await one.ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        Assert.True((await other.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        var early = await ReadAsync();
        Assert.Equal((SealingProblem.KeyMissing, null), (early.CouldNotTakeOver?.Problem, early.Hold));
        var answer = await new SealingHealth(world.Get<IDbContextFactory<PortalDb>>(), health, world.Get<CheckpointProtection>(), world.Get<ClockWatch>()).CheckHealthAsync(new HealthCheckContext(), Ct);
        Assert.Equal(HealthStatus.Degraded, answer.Status);
        Assert.StartsWith("AuditSealerAlone (KeyMissing)", answer.Description, StringComparison.Ordinal);

        // Another key is no better; the log's own is.
        await File.WriteAllTextAsync(options.SigningKeyFile, SigningKey.Create("portal.test/audit").ToPrivateText(), Ct);
        await other.ExecuteAsync(new SealOrder(), Actor.System, Ct);
        Assert.Equal(SealingProblem.KeyChanged, (await ReadAsync()).CouldNotTakeOver?.Problem);
        File.Copy(world.Sealing.SigningKeyFile, options.SigningKeyFile, overwrite: true);
        await other.ExecuteAsync(new SealOrder(), Actor.System, Ct);
        Assert.Null((await ReadAsync()).CouldNotTakeOver);
        await RecordAsync(world, 1);
        world.Clock.Advance(SealEvents.Lease);
        Assert.Equal(1, (await other.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Sealed);
        await AssertHoldsAsync(world);

        async Task<AuditHealthReading> ReadAsync()
        {
            await using var db = world.OpenDb();
            return (await health.ReadAsync(db, world.Clock.GetUtcNow(), Ct))!;
        }
    }

    [Theory, BothDatabases]
    public async Task An_instance_without_the_key_says_so_too_while_nothing_waits_and_holds_back_grants_once_something_does(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await RecordAsync(world, 1);
        await world.AnotherSealer("one").ExecuteAsync(new SealOrder(true), Actor.System, Ct);
        world.Clock.Advance(SealEvents.Lease);
        var options = world.Sealing with { Holder = "other", StopsGrants = true, SigningKeyFile = world.Sealing.SigningKeyFile + "-of-the-other" };
        var health = new AuditHealth(options);
        var other = world.AnotherSealer(options, health);

        // Nobody seals now: perhaps since nothing happens, perhaps since nobody else is left who could.
        Assert.False((await other.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.ByAnother);
        var answer = await AnswerAsync();
        Assert.Equal(HealthStatus.Degraded, answer.Status);
        Assert.StartsWith("AuditSealerAlone (KeyMissing): this instance cannot seal", answer.Description, StringComparison.Ordinal);
        Assert.Null((await ReadAsync()).Hold);

        await RecordAsync(world, 1);
        await Assert.ThrowsAsync<SealingException>(() => other.ExecuteAsync(new SealOrder(), Actor.System, Ct));
        Assert.Contains("put its file back", (await ReadAsync()).Hold, StringComparison.Ordinal);
        Assert.StartsWith("AuditNotSealed (KeyMissing)", (await AnswerAsync()).Description, StringComparison.Ordinal);

        // The key has come: it seals, and says that it can while nothing waits.
        File.Copy(world.Sealing.SigningKeyFile, options.SigningKeyFile);
        Assert.Equal(1, (await other.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Sealed);
        await other.ExecuteAsync(new SealOrder(), Actor.System, Ct);
        Assert.Equal((null, null), ((await ReadAsync()).CouldNotTakeOver, (await ReadAsync()).Hold));

        Task<HealthCheckResult> AnswerAsync() =>
            new SealingHealth(world.Get<IDbContextFactory<PortalDb>>(), health, world.Get<CheckpointProtection>(), world.Get<ClockWatch>()).CheckHealthAsync(new HealthCheckContext(), Ct);

        async Task<AuditHealthReading> ReadAsync()
        {
            await using var db = world.OpenDb();
            return (await health.ReadAsync(db, world.Clock.GetUtcNow(), Ct))!;
        }
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

    [Theory]
    [InlineData(DatabaseKind.Sqlite, true)]
    [InlineData(DatabaseKind.Sqlite, false)]
    [InlineData(DatabaseKind.PostgreSql, true)]
    [InlineData(DatabaseKind.PostgreSql, false)]
    public async Task What_each_of_two_hosts_wrote_down_while_the_container_refused_is_in_the_database_in_the_end(DatabaseKind kind, bool firstGoesFirst)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var container = new FakeCheckpointStore();
        var hosts = new[] { new CheckpointStores([new FakeCheckpointStore(), container]), new CheckpointStores([new FakeCheckpointStore(), container]) };
        SealEvents[] sealers = [world.AnotherSealer("one", stores: hosts[0]), world.AnotherSealer("other", stores: hosts[1])];
        await TurnAsync(sealers[0]);
        container.Full = true;
        await Assert.ThrowsAsync<SealingException>(() => TurnAsync(sealers[0]));
        await Assert.ThrowsAsync<SealingException>(() => TurnAsync(sealers[1]));
        Assert.Equal(["3 6", "3 9"], hosts.Select(host => string.Join(' ', ((FakeCheckpointStore)host.All[0]).Notes.Select(CheckpointFile.SizeOf))));

        container.Full = false;
        var next = firstGoesFirst ? 0 : 1;
        for (var turn = 0; turn < 4; turn++)
            await TurnAsync(sealers[(next + turn) % 2]);
        foreach (var host in hosts)
            await AssertVerifiesAsync(world, host);

        Task TurnAsync(SealEvents sealer) => SealThreeAsync(world, sealer);
    }

    [Theory, BothDatabases]
    public async Task What_another_sealer_kept_and_did_not_save_is_saved_by_the_one_that_finds_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var one = world.AnotherSealer("one");
        var own = new FakeCheckpointStore();
        var other = world.AnotherSealer("other", stores: new CheckpointStores([world.Checkpoints, own]));
        await SealThreeAsync(world, one);
        own.Notes.AddRange(world.Checkpoints.Notes);
        own.Full = true;
        await RecordAsync(world, 2);
        Assert.Null((await one.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value.Signed);
        world.Clock.Advance(SealEvents.Lease);
        // The other signs for the one that is silent, and never comes to save that.
        await Assert.ThrowsAsync<SealingException>(() => other.ExecuteAsync(new SealOrder(true), Actor.System, Ct));
        Assert.Equal([3, 5], world.Checkpoints.Notes.Select(CheckpointFile.SizeOf));

        await SealThreeAsync(world, one);
        await AssertVerifiesAsync(world, new CheckpointStores([world.Checkpoints]));
    }

    private static async Task SealThreeAsync(PortalWorld world, SealEvents sealer)
    {
        await RecordAsync(world, 3);
        world.Clock.Advance(SealEvents.Lease);
        Assert.NotNull((await sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value.Signed);
    }

    private static async Task AssertVerifiesAsync(PortalWorld world, CheckpointStores stores)
    {
        var report = (await new VerifyDatabase(world.Get<IDbContextFactory<PortalDb>>(), world.Get<IAuditReading>(), stores).ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value;
        Assert.Empty(report.Findings);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
