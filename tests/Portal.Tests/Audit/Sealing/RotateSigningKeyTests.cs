using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Audit.Sealing.WorldLog;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A change of keys beside a portal that seals, and one that cannot be finished.</summary>
public sealed class RotateSigningKeyTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

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

    private static async Task<SealOutcome> SealAsync(SealEvents sealer) => (await sealer.ExecuteAsync(new SealOrder(true), Actor.System, Ct)).Value;
}
