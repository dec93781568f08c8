using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.Hosting;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A checkpoint, a key or the lease in the database whose time is none: it is said wherever it matters, and is no error that says nothing.</summary>
public sealed class UnreadableCheckpointTests
{
    private const string Says = "The time of the checkpoint of 60 events in the database is none";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task An_export_at_it_has_all_rows_and_is_unverified(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind);
        await SpoilAsync(world, kind, "AuditCheckpoints", "Time", "\"Size\" = 60");
        foreach (var format in Enum.GetValues<ExportFormat>())
            foreach (var filter in (AuditFilter[])[new(), new() { VaultName = "kv-a" }, new() { RequestReference = "none" }])
            {
                var file = await VerifyExportTests.ExportAsync(world, filter, format, size: 60);
                var verdict = await VerifyExportTests.VerifyAsync(new SealedLog(world), file);
                Assert.Equal("export.unverified", verdict.Statement!.Code);
                Assert.Contains(Says, verdict.Statement.Words, StringComparison.Ordinal);
                Assert.Equal(filter.RequestReference is null ? 60 : 0, verdict.Rows);
            }
    }

    [Theory, BothDatabases]
    public async Task The_proof_of_an_event_that_it_covers_refuses_with_words(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        var covered = await world.ReadAsync(db => db.AuditLeaves.Where(l => l.Position == 7).Select(l => l.EventId).SingleAsync(Ct));
        await SpoilAsync(world, kind, "AuditCheckpoints", "Time", "\"Size\" = 60");
        var proof = (await world.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(covered), auditor, Ct)).Value;
        Assert.Equal(ProofState.Broken, proof.State);
        Assert.Contains(Says, proof.Fault, StringComparison.Ordinal);

        // Since when it is in the log, the first that covers it says.
        await using var other = await SealedAsync(kind);
        covered = await other.ReadAsync(db => db.AuditLeaves.Where(l => l.Position == 7).Select(l => l.EventId).SingleAsync(Ct));
        await SpoilAsync(other, kind, "AuditCheckpoints", "Time", "\"Size\" = 30");
        proof = (await other.Get<GetInclusionProof>().ExecuteAsync(new InclusionQuery(covered), await other.IdentifyAsync(Company.Ingrid), Ct)).Value;
        Assert.Equal(ProofState.Broken, proof.State);
        Assert.Contains("checkpoint of 30 events", proof.Fault, StringComparison.Ordinal);
    }

    [Theory, BothDatabases("AuditCheckpoints", "AuditSealers")]
    public async Task Nothing_is_sealed_and_granted_and_health_says_why_with_a_code(DatabaseKind kind, string table)
    {
        await using var world = await SealedAsync(kind, sealing: true);
        var says = table == "AuditCheckpoints" ? Says : "AuditSealers";
        var (column, which) = table == "AuditCheckpoints" ? ("Time", "\"Size\" = 60") : ("Until", "\"Id\" = 1");
        await SpoilAsync(world, kind, table, column, which);
        // Before a turn looks at it, and when one has.
        await AssertSaidAsync();
        await world.RestartAsync();
        await WorldLog.RecordAsync(world, 1);
        var fault = await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
        Assert.Equal(SealingProblem.Contradiction, fault.Problem);
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
        await AssertSaidAsync();

        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(table == "AuditCheckpoints" ? "UPDATE \"AuditCheckpoints\" SET \"Time\" = (SELECT max(\"At\") FROM \"AuditEvents\")" : "UPDATE \"AuditSealers\" SET \"Until\" = NULL", Ct));
        Assert.Equal(1, await world.SealAsync(checkpoint: true));
        Assert.Null((await WorldLog.HealthAsync(world)).Hold);
        Assert.Null(world.Get<AuditHealth>().Fault);

        async Task AssertSaidAsync()
        {
            Assert.Contains(says, (await WorldLog.HealthAsync(world)).Hold, StringComparison.Ordinal);
            Assert.Equal(SealingProblem.Contradiction, world.Get<AuditHealth>().Fault?.Problem);
            var answer = await new SealingHealth(world.Get<IDbContextFactory<PortalDb>>(), world.Get<AuditHealth>(), world.Get<CheckpointProtection>(), world.Get<ClockWatch>()).CheckHealthAsync(new HealthCheckContext(), Ct);
            Assert.Equal(HealthStatus.Degraded, answer.Status);
            Assert.StartsWith("AuditNotSealed (Contradiction)", answer.Description, StringComparison.Ordinal);
        }
    }

    [Theory, BothDatabases]
    public async Task Since_when_a_key_was_used_is_nothing_that_sealing_and_the_list_of_keys_and_a_change_of_keys_need(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind);
        await SpoilAsync(world, kind, "AuditKeys", "Since", "1 = 1");
        await world.RestartAsync();
        await WorldLog.RecordAsync(world, 1);
        Assert.Equal(1, await world.SealAsync(checkpoint: true));
        Assert.Single((await world.Get<ListCheckpoints>().ExecuteAsync(new CheckpointQuery(), await world.IdentifyAsync(Company.Ingrid), Ct)).Value.Keys);
        Assert.True((await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct)).Succeeded);
    }

    [Fact]
    public async Task Two_keys_in_use_are_a_contradiction_that_is_said()
    {
        await using var world = await SealedAsync(DatabaseKind.Sqlite);
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("INSERT INTO \"AuditKeys\" (\"Vkey\", \"Since\", \"Until\") SELECT 'another', \"Since\", NULL FROM \"AuditKeys\"", Ct));
        await WorldLog.RecordAsync(world, 1);
        Assert.Equal(SealingProblem.Contradiction, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
    }

    [Fact]
    public async Task Checkpoints_are_listed_and_given_and_packed_all_the_same()
    {
        await using var host = await ExportHost.StartAsync();
        await FillAsync(host.World);
        await SpoilAsync(host.World, DatabaseKind.Sqlite, "AuditCheckpoints", "Time", "\"Size\" = 60", "2026-13-01 00:00:00");
        var listed = (await host.World.Get<ListCheckpoints>().ExecuteAsync(new CheckpointQuery(), await host.World.IdentifyAsync(Company.Ingrid), Ct)).Value;
        Assert.Equal([(60, true), (30, false)], listed.Checkpoints.Items.Select(c => (c.Size, c.Time is null)));
        var newest = await host.GetAsync("/audit/checkpoint", Company.Ingrid);
        Assert.Equal(HttpStatusCode.OK, newest.StatusCode);
        Assert.Equal(60, CheckpointFile.SizeOf(await newest.Content.ReadAsStringAsync(Ct)));
        foreach (var period in (string[])["", "?from=2026-01-01"])
        {
            var pack = await host.GetAsync("/audit/evidence" + period, Company.Ingrid);
            Assert.Equal(HttpStatusCode.OK, pack.StatusCode);
            using var zip = new ZipArchive(new MemoryStream(await pack.Content.ReadAsByteArrayAsync(Ct)));
            using var notes = new StreamReader(await zip.GetEntry(EvidencePack.Checkpoints)!.OpenAsync(Ct), Encoding.UTF8);
            Assert.Contains(60, CheckpointFile.Split(await notes.ReadToEndAsync(Ct)).Select(CheckpointFile.SizeOf));
            using var events = new StreamReader(await zip.GetEntry(EvidencePack.Events)!.OpenAsync(Ct), Encoding.UTF8);
            Assert.Contains("export.unverified", await events.ReadToEndAsync(Ct), StringComparison.Ordinal);
        }
    }

    private static Task SpoilAsync(PortalWorld world, DatabaseKind kind, string table, string column, string which, string noTime = "x")
    {
        var none = kind == DatabaseKind.Sqlite ? $"'{noTime}'" : "timestamptz '0044-03-15 00:00:00Z BC'";
        var sql = $"UPDATE \"{table}\" SET \"{column}\" = {none} WHERE {which}";
        return world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(sql, Ct));
    }

    private static async Task<PortalWorld> SealedAsync(DatabaseKind kind, bool sealing = false)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true, sealing: sealing);
        await FillAsync(world);
        return world;
    }

    // Signed twice.
    private static async Task FillAsync(PortalWorld world)
    {
        for (var i = 0; i < 2; i++)
        {
            await WorldLog.RecordAsync(world, 30);
            world.Clock.Advance(TimeSpan.FromMinutes(1));
            await world.SealAsync(checkpoint: true);
        }
    }
}
