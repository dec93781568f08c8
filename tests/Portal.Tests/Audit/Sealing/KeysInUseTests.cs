using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>Which key the portal signs with stands in the database: whoever changes it there is found out, beside a change of keys of the portal's own.</summary>
public sealed class KeysInUseTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task A_key_that_was_put_back_into_use_is_named_at_once_and_later(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SignAsync(world);
        var rotated = (await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct)).Value;
        // While the newest checkpoint carries both signatures, and when the new key has signed alone.
        for (var turn = 0; turn < 2; turn++)
        {
            Assert.Empty(await FindAsync(world));
            await SwapAsync(world);
            var finding = Assert.Single(await FindAsync(world));
            Assert.Contains("is in use in the database", finding.What, StringComparison.Ordinal);
            Assert.Contains($"{rotated}", finding.What, StringComparison.Ordinal);
            Assert.Equal(finding.What, Assert.Single(await FindAsync(world, from: 2)).What);
            await SwapAsync(world);
            await SignAsync(world);
        }
    }

    [Theory, BothDatabases]
    public async Task More_than_one_key_in_use_is_named(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await SignAsync(world);
        await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct);
        await SqlAsync(world, "UPDATE \"AuditKeys\" SET \"Until\" = NULL");
        Assert.Contains("2 keys in use", Assert.Single(await FindAsync(world)).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_nothing_was_signed_of_yet_has_a_key_in_use_or_none()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        Assert.Empty(await FindAsync(world));
        await WorldLog.RecordAsync(world, 2);
        Assert.Empty(await FindAsync(world));
    }

    [Theory, BothDatabases]
    public async Task A_signature_beneath_a_checkpoint_of_another_size_makes_nobody_a_key_of_the_log(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var i = 0; i < 3; i++)
            await SignAsync(world);
        var own = SigningKey.Create("portal.test/audit");
        var beneath = SignedNote.Parse(world.Checkpoints.Notes[0])!;
        beneath = beneath with { Signatures = [.. beneath.Signatures, own.Sign(beneath.Text)] };
        await SqlAsync(world, $"INSERT INTO \"AuditKeys\" (\"Vkey\", \"Since\", \"Until\") SELECT '{own.Verifier}', \"Since\", \"Since\" FROM \"AuditKeys\"");
        await SqlAsync(world, $"INSERT INTO \"AuditCheckpoints\" (\"Size\", \"Time\", \"Note\") SELECT 3, \"Time\", '{beneath}' FROM \"AuditCheckpoints\" WHERE \"Size\" = 2");
        Assert.Contains("signed no checkpoint together with another", Assert.Single(await FindAsync(world, from: 4)).What, StringComparison.Ordinal);
    }

    private static Task SwapAsync(PortalWorld world) =>
        SqlAsync(world, "UPDATE \"AuditKeys\" SET \"Until\" = CASE WHEN \"Until\" IS NULL THEN (SELECT max(k.\"Since\") FROM \"AuditKeys\" k) END");

    private static async Task SignAsync(PortalWorld world)
    {
        await WorldLog.RecordAsync(world, 2);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.SealAsync(checkpoint: true);
    }

    private static async Task<IReadOnlyList<VerifyFinding>> FindAsync(PortalWorld world, long from = 0) =>
        (await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(from), null, Actor.System, Ct)).Value.Findings;

    private static Task SqlAsync(PortalWorld world, string sql) => world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(sql, Ct));
}
