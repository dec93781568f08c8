using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Portal.Azure;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Sandbox;
using Portal.Sandbox.Control;
using Portal.Tests.Sandbox;
using Portal.Tests.World;

namespace Portal.Tests.Azure;

/// <summary>Checkpoints as blobs, by the real SDK on the sandbox's wire, beside a store of the test's that stands for the file.</summary>
public sealed class BlobCheckpointsTests : IAsyncLifetime
{
    private const string Account = "stfenwickaudit";
    private const string Container = "audit-checkpoints";

    private readonly SandboxFixture _sandbox = new();
    private ServiceProvider _provider = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private SandboxControl Control => _sandbox.Host.Control;

    private ICheckpointStore Store => _provider.GetRequiredService<ICheckpointStore>();

    private IReadOnlyList<global::Portal.Sandbox.Storage.StoredBlob> Blobs => Control.Blobs.Blobs(Account, Container);

    public async ValueTask InitializeAsync()
    {
        await _sandbox.InitializeAsync();
        _provider = Provide($"https://{Account}.blob.core.windows.net/{Container}");
    }

    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        await _sandbox.DisposeAsync();
    }

    [Fact]
    public async Task Each_checkpoint_is_a_blob_of_its_own_that_says_its_size_and_together_they_are_a_checkpoint_file()
    {
        Assert.Null(await Store.LatestAsync(Ct));
        long[] sizes = [1, 9, 10, 11, 99, 100, 1_000_000];
        foreach (var size in sizes)
            await Store.AppendAsync(size, Note(size), Ct);
        Assert.Equal(Note(1_000_000), await Store.LatestAsync(Ct));
        Assert.Equal(sizes.Select(s => Note(s)), await AllAsync());
        Assert.Equal([Note(99), Note(100), Note(1_000_000)], await AllAsync(from: 99));
        Assert.Equal([Note(1), Note(10), Note(100), Note(1_000_000)], await AllAsync(from: 100, 1, 10, 12));
        Assert.Matches("^checkpoint-9223372036853775807-1000000-[0-9a-f]{16}$", Blobs[0].Name);
        Assert.Equal("text/plain; charset=utf-8", Blobs[0].ContentType);
        // As whoever downloads the container has them.
        Assert.Equal(sizes.Reverse().Select(s => Note(s)), CheckpointFile.Split(string.Concat(Blobs.Select(b => Encoding.UTF8.GetString(b.Content)))));
    }

    [Fact]
    public async Task A_container_protects_checkpoints_by_its_policy_alone()
    {
        Assert.True(await Store.ProtectsAsync(Ct));
        Control.Blobs.Put(Control.Blobs.Find(Account, Container)! with { Retention = null });
        Assert.False(await Store.ProtectsAsync(Ct));
        Control.Blobs.Remove(Account, Container);
        Assert.Equal(SealingProblem.StoreUnreachable, (await Assert.ThrowsAsync<SealingException>(() => Store.ProtectsAsync(Ct))).Problem);
    }

    [Fact]
    public async Task The_newest_of_many_is_found_in_one_list_and_all_of_them_over_pages()
    {
        for (var size = 1; size <= 5_003; size++)
            Control.Blobs.Write(Account, Container, (await NameOfAsync(size, size == 1)), Encoding.UTF8.GetBytes(Note(size) + "\n"));
        Control.Requests.Clear();
        Assert.Equal(Note(5_003), await Store.LatestAsync(Ct));
        Assert.Equal(2, Control.Requests.Calls.Count(c => c.Service.EndsWith(".blob.core.windows.net", StringComparison.Ordinal)));
        Control.Requests.Clear();
        Assert.Equal(Enumerable.Range(1, 5_003).Select(i => Note(i)), await AllAsync());
        Assert.Equal(2, Control.Requests.Calls.Count(c => c.Query.Contains("comp=list", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_answer_that_was_lost_costs_nothing_and_another_content_of_that_name_is_said()
    {
        Control.Faults.Add("PUT", "/checkpoint-", Fault.Storage(500, "InternalError", afterEffect: true)).Times(1);
        Assert.Equal(SealingProblem.StoreUnreachable, (await FaultAsync(() => Store.AppendAsync(5, Note(5), Ct))).Problem);
        await Store.AppendAsync(5, Note(5), Ct);
        Assert.Single(Blobs);

        Control.Blobs.Write(Account, Container, Blobs[0].Name, Encoding.UTF8.GetBytes(Note(5, "other") + "\n"));
        Assert.Equal(SealingProblem.StoreAltered, (await FaultAsync(() => Store.AppendAsync(5, Note(5), Ct))).Problem);
        Assert.Equal(SealingProblem.StoreAltered, (await FaultAsync(() => Store.LatestAsync(Ct))).Problem);
        // Whoever verifies is shown what is there.
        Assert.Equal([Note(5, "other")], await AllAsync());
        Control.Blobs.Write(Account, Container, Blobs[0].Name, new byte[100_000]);
        Assert.Equal(SealingProblem.StoreAltered, (await FaultAsync(() => Store.LatestAsync(Ct))).Problem);
        Control.Blobs.Delete(Account, Container, Blobs[0].Name);
        Control.Blobs.Write(Account, Container, "checkpoint-", "what is no checkpoint is passed over"u8.ToArray());
        Assert.Null(await Store.LatestAsync(Ct));
    }

    [Theory]
    [InlineData("reset", SealingProblem.StoreUnreachable, "no answer")]
    [InlineData("busy", SealingProblem.StoreUnreachable, "503 ServerBusy")]
    [InlineData("too many", SealingProblem.StoreUnreachable, "429 TooManyRequests")]
    [InlineData("forbidden", SealingProblem.StoreRefuses, "403 AuthorizationPermissionMismatch")]
    [InlineData("network", SealingProblem.StoreRefuses, "403 AuthorizationFailure")]
    [InlineData("full", SealingProblem.StoreRefuses, "409 AccountLimitExceeded")]
    [InlineData("gone", SealingProblem.StoreRefuses, "404 ContainerNotFound")]
    [InlineData("page", SealingProblem.StoreUnreachable, "502 without a code")]
    [InlineData("garbage", SealingProblem.StoreUnreachable, "an answer that cannot be read")]
    public async Task Every_fault_has_its_code_whether_it_writes_or_reads(string what, SealingProblem problem, string said)
    {
        if (what == "forbidden")
            Control.Resources.RemoveAssignment(Control.Resources.RoleAssignments.Single(a => a.Scope == Control.Blobs.Find(Account, Container)!.Scope).Name);
        else if (what == "gone")
        {
            Control.Blobs.Put(Control.Blobs.Find(Account, Container)! with { Name = "other" });
            Control.Blobs.Remove(Account, Container);
        }
        else
            Control.Faults.Add(c => c.Service.EndsWith(".blob.core.windows.net", StringComparison.Ordinal), what switch
            {
                "reset" => Fault.ResetBefore,
                "busy" => Fault.Storage(503, "ServerBusy"),
                "too many" => Fault.Storage(429, "TooManyRequests"),
                "network" => Fault.Storage(403, "AuthorizationFailure"),
                "full" => Fault.Storage(409, "AccountLimitExceeded"),
                "page" => Fault.Html(502),
                "garbage" => Fault.Answer(200, "<EnumerationResults><Blobs>", "application/xml"),
                _ => throw new InvalidOperationException(what),
            });
        var reading = await FaultAsync(() => Store.LatestAsync(Ct));
        Assert.Equal(problem, reading.Problem);
        Assert.Contains(said, reading.Message, StringComparison.Ordinal);
        Assert.Equal(problem, (await FaultAsync(() => AllAsync())).Problem);
        if (what != "garbage")
            Assert.Equal(problem, (await FaultAsync(() => Store.AppendAsync(1, Note(1), Ct))).Problem);
        Assert.DoesNotContain("eyJ", reading.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_token_it_is_out_of_reach_and_without_a_container_it_is_not_there()
    {
        Control.Faults.Add("POST", "/oauth2/v2.0/token", Fault.Error(503, "temporarily_unavailable"));
        Assert.Equal(SealingProblem.StoreUnreachable, (await FaultAsync(() => Store.LatestAsync(Ct))).Problem);
        await using var none = Provide(container: null);
        Assert.False(none.GetRequiredService<ICheckpointStore>().IsConfigured);
        Assert.Empty(new CheckpointStores(none.GetServices<ICheckpointStore>()).All);
    }

    [Fact]
    public async Task A_database_that_was_rolled_back_is_caught_by_the_blob_alone()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        var sealer = Sealer(world);
        await RecordAsync(world, 3);
        await SealAsync(sealer);
        var file = world.Checkpoints.Notes.ToList();
        await RecordAsync(world, 2);
        world.Clock.Advance(TimeSpan.FromSeconds(30));
        await SealAsync(sealer);
        Assert.Equal([3, 5], (await AllAsync()).Select(CheckpointFile.SizeOf));

        // Database and file are put back to what they were; the container cannot be.
        world.Checkpoints.Notes.Clear();
        world.Checkpoints.Notes.AddRange(file);
        await using (var db = world.OpenDb())
        {
            await db.AuditCheckpoints.Where(c => c.Size == 5).ExecuteDeleteAsync(Ct);
            await db.AuditStores.ExecuteUpdateAsync(s => s.SetProperty(x => x.Size, 3), Ct);
            var late = await db.AuditLeaves.Where(l => l.Position >= 3).Select(l => l.EventId).ToListAsync(Ct);
            await db.AuditLeaves.Where(l => l.Position >= 3).ExecuteDeleteAsync(Ct);
            await db.AuditEvents.Where(e => late.Contains(e.EventId)).ExecuteDeleteAsync(Ct);
            var tile = await db.AuditTiles.AsNoTracking().SingleAsync(t => t.Level == 0, Ct);
            var short3 = tile.Hashes[..(3 * MerkleTree.HashSize)];
            await db.AuditTiles.Where(t => t.Level == 0).ExecuteUpdateAsync(t => t.SetProperty(x => x.Hashes, short3), Ct);
        }

        var report = (await Verifier(world).ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value;
        Assert.False(report.Holds);
        Assert.StartsWith($"The container https://{Account}.blob.core.windows.net/{Container} has a checkpoint of 5 events", report.Findings[0].What, StringComparison.Ordinal);
        await RecordAsync(world, 1);
        Assert.Equal(SealingProblem.Contradiction, (await FaultAsync(() => SealAsync(Sealer(world)))).Problem);
        Assert.NotNull((await HealthAsync(world)).Hold);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_the_container_takes_nothing_nothing_counts_as_signed_though_the_file_has_it_and_then_the_container_gets_it(bool forgets)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        await RecordAsync(world, 3);
        await SealAsync(Sealer(world));
        var rule = Control.Faults.Add("PUT", "/checkpoint-", Fault.Storage(403, "AuthorizationPermissionMismatch"));
        await RecordAsync(world, 1);
        world.Clock.Advance(TimeSpan.FromSeconds(20));
        var sealer = Sealer(world);
        Assert.Equal(SealingProblem.StoreRefuses, (await FaultAsync(() => SealAsync(sealer))).Problem);
        Assert.Equal([3, 4], world.Checkpoints.Notes.Select(CheckpointFile.SizeOf));
        // The file alone does not make it signed: not at the next turn, and not in a new process.
        Assert.Equal(SealingProblem.StoreRefuses, (await FaultAsync(() => SealAsync(forgets ? Sealer(world) : sealer))).Problem);
        Assert.Equal(3, await world.ReadAsync(db => db.AuditCheckpoints.MaxAsync(c => c.Size, Ct)));
        Assert.Null((await HealthAsync(world)).Hold);
        world.Clock.Advance(TimeSpan.FromMinutes(3));
        var held = (await HealthAsync(world)).Hold!;
        Assert.Contains("Storage Blob Data Contributor", held, StringComparison.Ordinal);

        Control.Faults.Clear();
        Assert.Equal(2, rule.Fired);
        await SealAsync(forgets ? Sealer(world) : sealer);
        Assert.Null((await HealthAsync(world)).Hold);
        Assert.Equal([3, 4], (await AllAsync()).Select(CheckpointFile.SizeOf));
        Assert.True((await Verifier(world).ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Holds);
    }

    [Fact]
    public async Task A_container_that_lost_what_it_was_given_is_noticed_though_the_file_has_it()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        var sealer = Sealer(world);
        await RecordAsync(world, 3);
        await SealAsync(sealer);
        Control.Blobs.Delete(Account, Container, Blobs[0].Name);
        await RecordAsync(world, 1);
        world.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(SealingProblem.StoreForgets, (await FaultAsync(() => SealAsync(sealer))).Problem);
        Assert.NotNull((await HealthAsync(world)).Hold);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_container_that_lost_something_while_no_portal_ran_is_noticed_at_the_next_start_and_by_a_verification(int left)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        foreach (var events in (int[])[3, 2])
        {
            await RecordAsync(world, events);
            world.Clock.Advance(TimeSpan.FromSeconds(20));
            await SealAsync(Sealer(world));
        }

        // The newest first.
        foreach (var blob in Blobs.Take(2 - left).ToList())
            Control.Blobs.Delete(Account, Container, blob.Name);
        Assert.Equal(SealingProblem.StoreForgets, (await FaultAsync(() => SealAsync(Sealer(world)))).Problem);
        Assert.StartsWith($"The container https://{Account}.blob.core.windows.net/{Container} held a checkpoint of 5 events", (await HealthAsync(world)).Hold, StringComparison.Ordinal);
        Assert.Equal(left, Blobs.Count);
        var found = Assert.Single((await Verifier(world).ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings).What;
        Assert.Contains(left == 0 ? "and shows none" : "and shows one of 3 at most", found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Something_else_in_the_place_of_the_newest_stops_granting_at_once()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        var sealer = Sealer(world);
        await RecordAsync(world, 3);
        await SealAsync(sealer);
        Control.Blobs.Write(Account, Container, Blobs[0].Name, Encoding.UTF8.GetBytes(Note(3) + "\n"));
        await RecordAsync(world, 1);
        world.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(SealingProblem.StoreAltered, (await FaultAsync(() => SealAsync(sealer))).Problem);
        Assert.Contains(Blobs[0].Name, (await HealthAsync(world)).Hold!, StringComparison.Ordinal);
        Assert.False((await Verifier(world).ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Holds);
    }

    [Fact]
    public async Task A_blob_that_is_too_long_for_a_checkpoint_keeps_verification_from_no_finding()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        await RecordAsync(world, 3);
        await SealAsync(Sealer(world));
        const string Foreign = "checkpoint-9223372036854775805-2-0123456789abcdef";
        Control.Blobs.Write(Account, Container, Foreign, new byte[65 * 1024]);
        await world.ReadAsync(db => db.AuditEvents.Where(e => e.Sequence == 2).ExecuteUpdateAsync(set => set.SetProperty(e => e.Comment, "another"), Ct));
        var found = (await Verifier(world).ExecuteAsync(new VerifyInput(), null, Actor.System, Ct)).Value.Findings;
        Assert.Contains(found, f => f.What.Contains($"{Container} cannot be read", StringComparison.Ordinal));
        Assert.Contains(found, f => f is { Position: 1, Field: "comment" });
        Assert.Contains(Foreign, await AllAsync());
    }

    [Fact]
    public async Task A_name_that_the_store_would_not_give_is_no_checkpoints()
    {
        await Store.AppendAsync(5, Note(5), Ct);
        Control.Blobs.Write(Account, Container, Blobs[0].Name.Replace("-5-", "-005-", StringComparison.Ordinal), Encoding.UTF8.GetBytes(Note(5) + "\n"));
        Assert.Equal([Note(5)], await AllAsync());
    }

    private static string Note(long size, string name = "portal.test/audit") =>
        $"{name}\n{size}\n{Convert.ToBase64String(MerkleTree.EmptyRoot())}\ntime 2026-03-02T09:00:00.000Z\n\n\u2014 {name} {Convert.ToBase64String(new byte[68])}\n";

    /// <summary>The name that the store gives: by its own rule, which the first one is compared with.</summary>
    private async Task<string> NameOfAsync(long size, bool compare)
    {
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(Note(size))))[..16];
        var name = FormattableString.Invariant($"checkpoint-{long.MaxValue - size:d19}-{size}-{hash}");
        if (compare)
        {
            await Store.AppendAsync(size, Note(size), Ct);
            Assert.Equal(name, Assert.Single(Blobs).Name);
        }

        return name;
    }

    private async Task<List<string>> AllAsync(long from = 0, params IReadOnlyCollection<long> besides)
    {
        var all = new List<string>();
        await foreach (var note in Store.ReadAsync(from, besides, Ct))
            all.Add(note);
        return all;
    }

    private static Task<SealingException> FaultAsync(Func<Task> call) => Assert.ThrowsAsync<SealingException>(call);

    private CheckpointStores Both(PortalWorld world) => new([world.Checkpoints, Store]);

    private SealEvents Sealer(PortalWorld world) => ActivatorUtilities.CreateInstance<SealEvents>(world.Get<IServiceProvider>(), Both(world), new LogState());

    private VerifyDatabase Verifier(PortalWorld world) => ActivatorUtilities.CreateInstance<VerifyDatabase>(world.Get<IServiceProvider>(), Both(world));

    private static Task SealAsync(SealEvents sealer) => sealer.ExecuteAsync(new SealOrder(CheckpointNow: true), Actor.System, Ct);

    private static async Task<AuditHealthReading> HealthAsync(PortalWorld world)
    {
        await using var db = world.OpenDb();
        return (await world.Get<AuditHealth>().ReadAsync(db, world.Clock.GetUtcNow(), Ct))!;
    }

    private static async Task RecordAsync(PortalWorld world, int count)
    {
        await using var db = world.OpenDb();
        var trail = new AuditTrail(db, Actor.System, world.Clock.GetUtcNow());
        for (var i = 0; i < count; i++)
            trail.Record(AuditCode.RequestLapsed, AuditSubject.Nothing, new AuditDetail(Comment: $"text {i}"));
        await db.SaveChangesAsync(Ct);
    }

    private ServiceProvider Provide(string? container) => new ServiceCollection()
        .AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = Environments.Development })
        .AddSingleton(new CloudTransport(_sandbox.Host.CreateHandler))
        .AddSingleton(SealingOptions.None with { CheckpointContainer = container is null ? null : new Uri(container) })
        .AddPortalAzure(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureAd:TenantId"] = _sandbox.Host.Addresses.TenantId.ToString(),
            ["AzureAd:ClientId"] = _sandbox.Host.PortalClient.ClientId.ToString(),
            ["AzureAd:ClientSecret"] = _sandbox.Host.PortalClient.ClientSecret,
            ["Cloud:AuthorityHost"] = _sandbox.Host.Addresses.Instance,
            ["Cloud:Credential"] = "ClientSecret",
        }).Build())
        .BuildServiceProvider();
}
