using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Migrations.Sqlite;
using Portal.Sandbox.Control;
using Portal.Tests.Sandbox;
using Portal.Tests.World;
using Portal.Web.Commands;
using Portal.Web.Hosting;

namespace Portal.Tests.Commands;

/// <summary><c>audit verify</c>, <c>public-key</c>, <c>rotate-key</c> and <c>accept-store</c> as a process of their own, on a database and a checkpoint file as a portal leaves them.</summary>
public sealed class AuditLogCommandsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("audit-log-test-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Connection => $"Data Source={Path.Combine(_directory, "portal.db")};Pooling=False";

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_log_is_verified_its_key_changed_and_a_changed_event_named()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await LeaveAsync(world);

        var holds = await RunAsync("audit", "verify");
        Assert.True(holds.Code == ExitCode.Done, holds.Out + holds.Error);
        Assert.Equal("HOLDS: 40 events are as they were sealed, and 1 signed checkpoints, the newest of 2026-03-02 09:00:00Z, are of this log. Nothing waits.", holds.Out.Trim());

        var key = await RunAsync("audit", "public-key");
        Assert.Equal(ExitCode.Done, key.Code);
        Assert.NotNull(VerifierKey.Parse(key.Out));
        var rotated = await RunAsync("audit", "rotate-key");
        Assert.True(rotated.Code == ExitCode.Done, rotated.Out + rotated.Error);
        Assert.NotEqual(key.Out, rotated.Out);
        var keys = (await RunAsync("audit", "public-key")).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([rotated.Out.Trim(), key.Out.Trim()], keys.Select(k => k.Trim()));
        Assert.StartsWith("HOLDS: 41 events", (await RunAsync("audit", "verify")).Out, StringComparison.Ordinal);

        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalSqlite(Connection);
        await using (var db = new PortalDb(options.Options))
            await db.AuditEvents.Where(e => e.Sequence == 7).ExecuteUpdateAsync(e => e.SetProperty(x => x.Comment, "changed"), Ct);
        var broken = await RunAsync("audit", "verify");
        Assert.Equal(ExitCode.Incomplete, broken.Code);
        Assert.Matches("^DOES NOT HOLD: The event [0-9a-f-]{36} at position 6 was changed after it was sealed: comment is now 'changed'\\.\\s*$", broken.Out);
        Assert.Equal(ExitCode.Done, (await RunAsync("audit", "verify", "--from-checkpoint", "40")).Code);
        Assert.Equal(ExitCode.Incomplete, (await RunAsync("audit", "verify", "--key", SigningKey.Create("portal.test/audit").Verifier.ToString())).Code);
    }

    [Fact]
    public async Task A_file_that_shows_less_than_it_held_is_named_and_taken_as_it_is_once_somebody_says_so()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await LeaveAsync(world);
        var file = $"{Dns.GetHostName()}:{Path.Combine(_directory, "audit-checkpoints")}";
        Assert.Equal((ExitCode.Done, $"{file} shows a checkpoint of 40 events; nothing is remembered of it. There is nothing to accept."), await AcceptAsync());

        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalSqlite(Connection);
        await using var db = new PortalDb(options.Options);
        db.Add(new AuditStore(file, Dns.GetHostName(), 44, PortalWorld.Start));
        await db.SaveChangesAsync(Ct);
        var short4 = await RunAsync("audit", "verify");
        Assert.Equal(ExitCode.Incomplete, short4.Code);
        Assert.StartsWith($"DOES NOT HOLD: {Path.Combine(_directory, "audit-checkpoints")} held a checkpoint of 44 events and shows one of 40 at most", short4.Out, StringComparison.Ordinal);

        var found = $"{file} held a checkpoint of 44 events and shows a checkpoint of 40 events.";
        Assert.Equal((ExitCode.Done, $"{found} Nothing was changed; --yes accepts it as it is."), await AcceptAsync());
        Assert.Equal((ExitCode.Refused, ""), await AcceptAsync("--yes", "--store", "another"));
        Assert.Equal(40, await db.AuditEvents.CountAsync(Ct));
        Assert.Equal((ExitCode.Done, $"{found} It is accepted as it is."), await AcceptAsync("--yes", "--store", file));
        Assert.Equal((ExitCode.Done, $"{file} shows a checkpoint of 40 events, and all that it held. There is nothing to accept."), await AcceptAsync("--yes"));
        var said = await db.AuditEvents.AsNoTracking().OrderBy(e => e.Sequence).LastAsync(Ct);
        Assert.Equal(("audit.store_accepted", "portal audit accept-store", file, "held a checkpoint of 44 events; shows one of 40"), (said.Code, said.ActorName, said.Reason, said.Comment));
        Assert.Equal(ExitCode.Done, (await RunAsync("audit", "verify")).Code);

        async Task<(int, string)> AcceptAsync(params IReadOnlyList<string> given)
        {
            var (code, output, _) = await RunAsync(["audit", "accept-store", .. given]);
            return (code, output.Trim());
        }
    }

    [Fact]
    public async Task A_container_of_checkpoints_is_asked_too_and_what_it_knows_more_or_hides_is_said()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await LeaveAsync(world);
        await using var own = new OwnSandbox();
        var sandbox = (await own.StartAsync()).Host;
        Directory.CreateDirectory(Path.Combine(_directory, "sandbox"));
        // As a portal in Development leaves it for commands: its sandbox, its database, its container.
        SandboxLink.Leave(sandbox, new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Portal:DataDirectory"] = _directory,
            ["Database:Provider"] = "Sqlite",
            ["ConnectionStrings:Portal"] = Connection,
            ["Audit:CheckpointFile"] = Path.Combine(_directory, "audit-checkpoints"),
            ["Audit:CheckpointContainer"] = "https://stfenwickaudit.blob.core.windows.net/audit-checkpoints",
        }).Build());
        var settings = new Dictionary<string, string>();
        var holds = await PortalProcess.RunAsync(_directory, ["audit", "verify"], settings);
        Assert.True(holds.Code == ExitCode.Done, holds.Out + holds.Error);

        var key = SigningKey.Parse(await File.ReadAllTextAsync(Path.Combine(_directory, "audit-signing-key"), Ct))!;
        var note = SignedNote.Sign(new Checkpoint(key.Verifier.Name, 99, MerkleTree.EmptyRoot(), PortalWorld.Start).ToText(), key).ToString();
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(note)))[..16];
        sandbox.Control.Blobs.Write("stfenwickaudit", "audit-checkpoints", $"checkpoint-{long.MaxValue - 99:d19}-99-{hash}", Encoding.UTF8.GetBytes(note + "\n"));
        var shorter = await PortalProcess.RunAsync(_directory, ["audit", "verify"], settings);
        Assert.Equal(ExitCode.Incomplete, shorter.Code);
        Assert.StartsWith("DOES NOT HOLD: The container https://stfenwickaudit.blob.core.windows.net/audit-checkpoints has a checkpoint of 99 events", shorter.Out, StringComparison.Ordinal);

        sandbox.Control.Faults.Add("GET", "/audit-checkpoints", Fault.Storage(403, "AuthorizationFailure"));
        var hidden = await PortalProcess.RunAsync(_directory, ["audit", "verify"], settings);
        Assert.Equal((ExitCode.Refused, ""), (hidden.Code, hidden.Out));
        Assert.Contains("403 AuthorizationFailure", hidden.Error, StringComparison.Ordinal);

        var stand = await PortalProcess.RunAsync(_directory, ["audit", "accept-store"], settings);
        Assert.Equal(ExitCode.Incomplete, stand.Code);
        Assert.Contains($"{Dns.GetHostName()}:{Path.Combine(_directory, "audit-checkpoints")} shows a checkpoint of 40 events", stand.Out, StringComparison.Ordinal);
        Assert.Contains("https://stfenwickaudit.blob.core.windows.net/audit-checkpoints cannot be asked: ", stand.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--key", "nonsense")]
    [InlineData("--from-checkpoint", "-1")]
    public async Task What_makes_no_sense_is_refused(string option, string value)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await LeaveAsync(world);
        var refused = await RunAsync("audit", "verify", $"{option}={value}");
        Assert.Equal((ExitCode.Refused, ""), (refused.Code, refused.Out));
    }

    // What a portal leaves in its data directory.
    private async Task LeaveAsync(PortalWorld world)
    {
        await using (var db = world.OpenDb())
        {
            var trail = new AuditTrail(db, Actor.System, world.Clock.GetUtcNow());
            for (var i = 0; i < 40; i++)
                trail.Record(AuditCode.RequestLapsed, AuditSubject.Nothing, new AuditDetail(Comment: $"text {i}"));
            await db.SaveChangesAsync(Ct);
        }

        await world.SealAsync(checkpoint: true);
        await using (var db = world.OpenDb())
            await db.Database.ExecuteSqlAsync($"VACUUM INTO {Path.Combine(_directory, "portal.db")}", Ct);
        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalSqlite(Connection);
        // The copy is no write-ahead log until somebody opens it who may write.
        await using (var copy = new PortalDb(options.Options))
            await copy.Database.OpenConnectionAsync(Ct);
        File.Copy(world.Sealing.SigningKeyFile, Path.Combine(_directory, "audit-signing-key"));
        await new CheckpointFile(Path.Combine(_directory, "audit-checkpoints")).AppendAsync(40, world.Checkpoints.Notes.Single(), Ct);
    }

    private Task<(int Code, string Out, string Error)> RunAsync(params IReadOnlyList<string> arguments) => PortalProcess.RunAsync(_directory,
        [.. arguments], new Dictionary<string, string> { ["ConnectionStrings__Portal"] = Connection, ["Database__Provider"] = "Sqlite", ["AzureAd__TenantId"] = "0c8a6dd0-0000-4000-8000-000000000001" });
}
