using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>What keeps the log from being sealed, and what that stops.</summary>
public sealed class SealingFaultTests
{
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

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
