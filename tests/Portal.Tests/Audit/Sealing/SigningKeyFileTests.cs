using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>The signing key's file while the log changes keys.</summary>
public sealed class SigningKeyFileTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_portal_that_puts_the_new_key_in_its_place_first_does_not_fail_whoever_changes_keys()
    {
        await using var world = await PortalWorld.OpenAsync(sealing: true);
        var file = world.Get<SigningKeyFile>();
        file.Create();
        var next = file.Prepare();
        // The log is signed with it already when the portal looks.
        Assert.Equal(next.Verifier, file.Load(next.Verifier.ToString())!.Verifier);
        file.Adopt(next);
        Assert.Equal(next.Verifier, file.Load(next.Verifier.ToString())!.Verifier);
    }

    [Fact]
    public async Task A_new_key_that_somebody_took_away_is_missed()
    {
        await using var world = await PortalWorld.OpenAsync(sealing: true);
        var file = world.Get<SigningKeyFile>();
        file.Create();
        var next = file.Prepare();
        File.Delete(world.Sealing.SigningKeyFile + ".next");
        Assert.Throws<FileNotFoundException>(() => file.Adopt(next));
    }

    [Fact]
    public async Task A_change_of_keys_that_was_cut_off_after_it_was_signed_is_finished_by_the_next_one()
    {
        await using var world = await PortalWorld.OpenAsync(sealing: true);
        await WorldLog.RecordAsync(world, 2);
        await world.SealAsync(checkpoint: true);
        var file = world.Sealing.SigningKeyFile;
        var old = await File.ReadAllTextAsync(file, Ct);
        var cutOff = (await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct)).Value;
        // As it was before the new key took the old one's place.
        File.Move(file, file + ".next");
        await File.WriteAllTextAsync(file, old, Ct);

        var rotated = (await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct)).Value;
        Assert.NotEqual(cutOff, rotated);
        var last = SignedNote.Parse(world.Checkpoints.Notes[^1])!;
        Assert.True(last.IsSignedBy(cutOff) && last.IsSignedBy(rotated));
    }
}
