using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A change of keys beside a portal that seals, and one that cannot be finished.</summary>
public sealed class RotateSigningKeyTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite, 0, 1)]
    [InlineData(DatabaseKind.Sqlite, 1, 2)]
    [InlineData(DatabaseKind.PostgreSql, 1, 1)]
    [InlineData(DatabaseKind.PostgreSql, 0, 2)]
    public async Task While_the_log_is_verified_it_is_no_finding(DatabaseKind kind, int before, int meanwhile)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SignAsync();
        for (var change = 0; change < before; change++)
            await RotateAsync();
        var store = new LongStore(world.Checkpoints, async () =>
        {
            for (var change = 0; change < meanwhile; change++)
                await RotateAsync();
        });
        var verify = new VerifyDatabase(world.Get<IDbContextFactory<PortalDb>>(), world.Get<IAuditReading>(), new CheckpointStores([store]));
        Assert.Empty((await verify.ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings);
        Assert.Empty((await verify.ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings);

        // A key that the portal did not enter while it was verified is one all the same.
        var own = SigningKey.Create("portal.test/audit");
        store.Meanwhile = async () =>
        {
            await SignAsync();
            var newest = SignedNote.Parse(world.Checkpoints.Notes[^1])!;
            world.Checkpoints.Notes[^1] = (newest with { Signatures = [own.Sign(newest.Text)] }).ToString();
            await world.ReadAsync(async db =>
            {
                db.Add(new AuditKey(own.Verifier.ToString(), world.Clock.GetUtcNow()));
                return await db.SaveChangesAsync(Ct);
            });
        };
        Assert.Contains((await verify.ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings, f => f.What.Contains("was not entered by the portal", StringComparison.Ordinal));

        async Task SignAsync()
        {
            await RecordAsync(world, 1);
            await world.SealAsync(checkpoint: true);
        }

        async Task RotateAsync()
        {
            await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct);
            await SignAsync();
        }
    }

    [Theory, BothDatabases]
    public async Task A_note_of_nobody_at_the_end_makes_no_key_of_the_log_a_strangers(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await RecordAsync(world, 1);
        await world.SealAsync(checkpoint: true);
        await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct);
        await RecordAsync(world, 1);
        await world.SealAsync(checkpoint: true);
        var own = SigningKey.Create("portal.test/audit");
        var newest = SignedNote.Parse(world.Checkpoints.Notes[^1])!;
        world.Checkpoints.Notes[^1] = (newest with { Signatures = [own.Sign(newest.Text)] }).ToString();
        var finding = Assert.Single((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings);
        Assert.Contains("is signed by none of the log's keys", finding.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, true)]
    [InlineData(DatabaseKind.Sqlite, false)]
    [InlineData(DatabaseKind.PostgreSql, true)]
    [InlineData(DatabaseKind.PostgreSql, false)]
    public async Task Beside_a_portal_that_seals_whatever_comes_the_key_is_changed_at_once(DatabaseKind kind, bool busy)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var portal = world.AnotherSealer("portal");
        await RecordAsync(world, 3);
        var old = SignedNote.Parse((await SealAsync(portal)).Signed is null ? "" : world.Checkpoints.Notes[^1])!;
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var change = Task.Run(() => world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, givenUp.Token), Ct);
        for (var turn = 0; turn < 200 && !change.IsCompleted; turn++)
        {
            if (busy)
                await RecordAsync(world, 1);
            await SealAsync(portal);
            world.Clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(change, Task.Delay(5, Ct));
        }

        var inTime = change.IsCompleted;
        if (!inTime)
            await givenUp.CancelAsync();
        Assert.True(inTime, "The key was not changed.");
        var rotated = (await change).Value;
        var said = await world.ReadAsync(db => db.AuditEvents.Where(e => e.Code == AuditCode.SigningKeyRotated.Value).Select(e => e.Comment).ToListAsync(Ct));
        Assert.Equal([rotated.ToString()], said);
        var first = await world.ReadAsync(db => db.AuditKeys.Where(k => k.Until != null).Select(k => k.Vkey).SingleAsync(Ct));
        Assert.True(old.IsSignedBy(VerifierKey.Parse(first)!));
        Assert.Single(world.Checkpoints.Notes, note => SignedNote.Parse(note)!.IsSignedBy(VerifierKey.Parse(first)!) && SignedNote.Parse(note)!.IsSignedBy(rotated));

        // The portal goes on without waiting for a lease to pass, with the new key.
        await RecordAsync(world, 1);
        var next = await SealAsync(portal);
        Assert.False(next.ByAnother);
        Assert.NotNull(next.Signed);
        Assert.True(SignedNote.Parse(world.Checkpoints.Notes[^1])!.IsSignedBy(rotated));
        await AssertHoldsAsync(world);
        Assert.Empty((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_of_keys_that_cannot_be_signed_is_not_said_to_have_been(bool readable)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await RecordAsync(world, 3);
        await world.SealAsync(checkpoint: true);
        await RecordAsync(world, 1);
        await world.RestartAsync();
        (world.Checkpoints.Unreachable, world.Checkpoints.Full) = (!readable, readable);
        await Assert.ThrowsAsync<SealingException>(() => world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct));
        Assert.False(await world.ReadAsync(db => db.AuditEvents.AnyAsync(e => e.Code == AuditCode.SigningKeyRotated.Value, Ct)));
    }

    [Fact]
    public async Task Of_two_changes_of_keys_at_once_the_log_goes_by_the_last_and_its_key_is_in_the_file()
    {
        // On SQLite whoever saves has the only turn, and the other would wait for it here for ever.
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql, empty: true);
        await RecordAsync(world, 2);
        await world.SealAsync(checkpoint: true);
        VerifierKey? other = null;
        OnceBeforeKeysChange(world, () => other = Change(world, "other").ExecuteAsync(Actor.System, Ct).GetAwaiter().GetResult().Value);
        var one = Change(world, "one").ExecuteAsync(Actor.System, Ct);
        while (!one.IsCompleted)
        {
            world.Clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(one, Task.Delay(5, Ct));
        }

        var last = (await one).Value;
        Assert.NotNull(other);
        var inUse = await world.ReadAsync(db => db.AuditKeys.Where(k => k.Until == null).Select(k => k.Vkey).SingleAsync(Ct));
        Assert.Equal(last.ToString(), inUse);
        Assert.Equal(last, SigningKey.Parse(await File.ReadAllTextAsync(world.Sealing.SigningKeyFile, Ct))!.Verifier);
        Assert.Contains(world.Checkpoints.Notes, note => SignedNote.Parse(note)!.IsSignedBy(other) && SignedNote.Parse(note)!.IsSignedBy(last));
        Assert.Empty((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings);
    }

    [Fact]
    public async Task A_checkpoint_that_a_portal_found_in_the_store_and_saved_first_does_not_keep_the_key_from_changing()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql, empty: true);
        await RecordAsync(world, 2);
        await world.SealAsync(checkpoint: true);
        OnceBeforeKeysChange(world, () =>
        {
            var note = world.Checkpoints.Notes[^1];
            var checkpoint = Checkpoint.Parse(SignedNote.Parse(note)!.Text)!;
            using var db = world.OpenDb();
            db.AuditCheckpoints.Add(new AuditCheckpoint(checkpoint.Size, checkpoint.Time, note));
            db.SaveChanges();
        });

        var rotated = (await Change(world, "one").ExecuteAsync(Actor.System, Ct)).Value;
        Assert.Equal(rotated.ToString(), await world.ReadAsync(db => db.AuditKeys.Where(k => k.Until == null).Select(k => k.Vkey).SingleAsync(Ct)));
        Assert.Empty((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings);
    }

    [Fact]
    public async Task Of_two_changes_of_keys_at_once_one_waits_for_the_other_and_each_that_is_said_is_one_that_the_log_went_by()
    {
        // On SQLite whoever saves has the only turn, and the other would wait for it here for ever.
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql, empty: true);
        await RecordAsync(world, 2);
        await world.SealAsync(checkpoint: true);
        Task<Result<VerifierKey>>? other = null;
        OnceBeforeKeysChange(world, () =>
        {
            // The other tries for as long as half a lease, and takes nothing from the one.
            var fence = FenceAsync().GetAwaiter().GetResult();
            other = Change(world, "other").ExecuteAsync(Actor.System, Ct);
            for (var step = 0; step < 70; step++)
            {
                world.Clock.Advance(TimeSpan.FromMilliseconds(100));
                Task.WhenAny(other, Task.Delay(5, Ct)).GetAwaiter().GetResult();
            }

            Assert.False(other.IsCompleted);
            Assert.Equal(fence, FenceAsync().GetAwaiter().GetResult());
        });
        var first = (await Change(world, "one").ExecuteAsync(Actor.System, Ct)).Value;
        while (!other!.IsCompleted)
        {
            world.Clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(other, Task.Delay(5, Ct));
        }

        var second = (await other).Value;
        var said = await world.ReadAsync(db => db.AuditEvents.Where(e => e.Code == AuditCode.SigningKeyRotated.Value).OrderBy(e => e.Sequence).Select(e => e.Comment).ToListAsync(Ct));
        Assert.Equal([first.ToString(), second.ToString()], said);
        Assert.Equal(second.ToString(), await world.ReadAsync(db => db.AuditKeys.Where(k => k.Until == null).Select(k => k.Vkey).SingleAsync(Ct)));
        Assert.Empty((await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings);

        Task<long> FenceAsync() => world.ReadAsync(db => db.AuditSealers.Select(s => s.Fence).SingleAsync(Ct));
    }

    [Fact]
    public async Task A_host_that_wakes_in_the_middle_and_saves_its_own_checkpoint_does_not_take_away_the_one_with_both_signatures()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql, empty: true);
        await RecordAsync(world, 2);
        await world.SealAsync(checkpoint: true);
        var old = SigningKey.Parse(await File.ReadAllTextAsync(world.Sealing.SigningKeyFile, Ct))!;
        OnceBeforeKeysChange(world, () =>
        {
            // It signed the same a moment earlier, with the key that it knows, into a file of its own.
            var same = Checkpoint.Parse(SignedNote.Parse(world.Checkpoints.Notes[^1])!.Text)!;
            var own = same with { Time = same.Time - TimeSpan.FromSeconds(1) };
            using var db = world.OpenDb();
            db.AuditCheckpoints.Add(new AuditCheckpoint(own.Size, own.Time, SignedNote.Sign(own.ToText(), old).ToString()));
            db.SaveChanges();
        });

        var rotated = (await Change(world, "one").ExecuteAsync(Actor.System, Ct)).Value;
        var newest = SignedNote.Parse(await world.ReadAsync(db => db.AuditCheckpoints.OrderByDescending(c => c.Size).Select(c => c.Note).FirstAsync(Ct)))!;
        Assert.True(newest.IsSignedBy(rotated) && newest.IsSignedBy(old.Verifier));
        // With the stores of another host, which do not have it, the keys belong together too.
        foreach (var stores in new[] { new CheckpointStores([]), world.Get<CheckpointStores>() })
            Assert.Empty((await new VerifyDatabase(world.Get<IDbContextFactory<PortalDb>>(), world.Get<IAuditReading>(), stores).ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings);
    }

    private static RotateSigningKey Change(PortalWorld world, string holder) =>
        ActivatorUtilities.CreateInstance<RotateSigningKey>(world.Get<IServiceProvider>(), world.AnotherSealer(holder), world.Sealing with { Holder = holder });

    /// <summary>Something happens just before the database is told of the new key, when the stores know it already.</summary>
    private static void OnceBeforeKeysChange(PortalWorld world, Action happens) => world.DatabaseFaults.Break = sql =>
    {
        if (!sql.Contains("INSERT INTO \"AuditKeys\"", StringComparison.Ordinal))
            return null;
        world.DatabaseFaults.Break = null;
        Task.Run(happens, Ct).GetAwaiter().GetResult();
        return null;
    };

    private static async Task<SealOutcome> SealAsync(SealEvents sealer) => (await sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value;

    /// <summary>A store that takes so long to read that something happens once before its end is reached.</summary>
    private sealed class LongStore(FakeCheckpointStore real, Func<Task> meanwhile) : ICheckpointStore
    {
        public Func<Task>? Meanwhile { get; set; } = meanwhile;

        public bool IsConfigured => true;

        public string Name => real.Name;

        public string RememberedAs => real.RememberedAs;

        public string? Host => real.Host;

        public Task AppendAsync(long size, string note, CancellationToken ct) => real.AppendAsync(size, note, ct);

        public Task<string?> LatestAsync(CancellationToken ct) => real.LatestAsync(ct);

        public async IAsyncEnumerable<string> ReadAsync(long from, IReadOnlyCollection<long> besides, [EnumeratorCancellation] CancellationToken ct)
        {
            for (var place = 0; place < real.Notes.Count || Meanwhile is not null; place++)
            {
                if (place == real.Notes.Count && Meanwhile is { } happens)
                {
                    Meanwhile = null;
                    await happens();
                }

                yield return real.Notes[place];
            }
        }

        public Task<bool?> ProtectsAsync(CancellationToken ct) => real.ProtectsAsync(ct);
    }
}
