using Portal.Core.Audit.Sealing;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>The signing key's file while the log changes keys.</summary>
public sealed class SigningKeyFileTests
{
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
}
