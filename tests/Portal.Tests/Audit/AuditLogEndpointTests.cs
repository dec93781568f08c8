using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>The sealed log over HTTP: who may, what they get, and that it can be checked with the public key alone.</summary>
public sealed class AuditLogEndpointTests : IAsyncLifetime
{
    private ExportHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await ExportHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task An_auditor_gets_a_proof_of_any_event_that_holds_by_the_public_key()
    {
        var log = await SealedAsync(40);
        var happened = await _host.World.ReadAsync(db => db.AuditEvents.AsNoTracking().OrderBy(e => e.Sequence).Skip(17).FirstAsync(Ct));
        var proof = await JsonAsync($"/audit/proof/{happened.EventId}", Company.Ingrid);
        Assert.Equal((happened.EventId, "Verified"), (proof.GetProperty("event_id").GetGuid(), proof.GetProperty("state").GetString()));
        Assert.Equal(JsonValueKind.Null, proof.GetProperty("fault").ValueKind);
        var leaf = new CanonicalEvent().Take(happened).LeafHash();
        Assert.Equal(Convert.ToHexStringLower(leaf), proof.GetProperty("leaf_hash").GetString());
        var note = SignedNote.Parse(proof.GetProperty("checkpoint").GetString()!)!;
        Assert.True(note.IsSignedBy(log.Key.Verifier));
        var checkpoint = Checkpoint.Parse(note.Text)!;
        var path = proof.GetProperty("proof").EnumerateArray().Select(h => h.GetBytesFromBase64()).ToList();
        Assert.True(MerkleTree.Includes(leaf, proof.GetProperty("position").GetInt64(), checkpoint.Size, path, checkpoint.Root));
    }

    [Fact]
    public async Task Who_is_no_auditor_gets_proofs_of_what_they_did_and_of_nothing_else()
    {
        await SealedAsync(60);
        var events = await _host.World.ReadAsync(db => db.AuditEvents.AsNoTracking().ToListAsync(Ct));
        var own = events.First(e => e.ActorObjectId == Company.Mira.ObjectId);
        var about = events.First(e => e.SubjectObjectId == Company.Mira.ObjectId && e.ActorObjectId != Company.Mira.ObjectId);
        Assert.Equal("Verified", (await JsonAsync($"/audit/proof/{own.EventId}", Company.Mira)).GetProperty("state").GetString());
        await AssertProblemAsync($"/audit/proof/{about.EventId}", Company.Mira, HttpStatusCode.NotFound, RefusalCode.NotFound, null);
        await AssertProblemAsync($"/audit/proof/{Guid.NewGuid()}", Company.Ingrid, HttpStatusCode.NotFound, RefusalCode.NotFound, null);
        Assert.Equal(HttpStatusCode.NotFound, (await _host.GetAsync("/audit/proof/17", Company.Ingrid)).StatusCode);
    }

    [Fact]
    public async Task An_event_that_waits_or_was_changed_is_said_to()
    {
        await SealedAsync(10);
        await AuditListTests.AddAsync(_host.World, 1, seed: 2);
        var ids = await _host.World.ReadAsync(db => db.AuditEvents.OrderBy(e => e.Sequence).Select(e => e.EventId).ToListAsync(Ct));
        Assert.Equal("Waiting", (await JsonAsync($"/audit/proof/{ids[^1]}", Company.Ingrid)).GetProperty("state").GetString());
        var (changed, after) = (ids[3], "Mallory");
        await _host.World.ReadAsync(db => db.AuditEvents.Where(e => e.EventId == changed).ExecuteUpdateAsync(set => set.SetProperty(e => e.ActorName, after), Ct));
        var proof = await JsonAsync($"/audit/proof/{changed}", Company.Ingrid);
        Assert.Equal(("Broken", "It was changed after it was sealed: actor_name."), (proof.GetProperty("state").GetString(), proof.GetProperty("fault").GetString()));
    }

    [Fact]
    public async Task Checkpoint_and_key_are_text_that_belongs_together()
    {
        var log = await SealedAsync(12);
        await AuditListTests.AddAsync(_host.World, 3, seed: 2);
        var answer = await _host.GetAsync("/audit/checkpoint", Company.Ingrid);
        Assert.Equal((HttpStatusCode.OK, "text/plain; charset=utf-8"), (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()));
        var note = SignedNote.Parse(await answer.Content.ReadAsStringAsync(Ct))!;
        Assert.True(note.IsSignedBy(log.Key.Verifier));
        // What waited was sealed for it.
        Assert.Equal(15, Checkpoint.Parse(note.Text)!.Size);
        Assert.Equal(log.Key.Verifier + "\n", await (await _host.GetAsync("/audit/key", Company.Ingrid)).Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task No_answer_is_kept_by_a_cache()
    {
        await SealedAsync(12);
        var happened = await _host.World.ReadAsync(db => db.AuditEvents.AsNoTracking().OrderBy(e => e.Sequence).FirstAsync(Ct));
        foreach (var url in (string[])["/audit/checkpoint", "/audit/key", $"/audit/proof/{happened.EventId}", "/audit/consistency?from=3&to=12", $"/audit/proof/{Guid.NewGuid()}"])
            Assert.True((await _host.GetAsync(url, Company.Ingrid)).Headers.CacheControl?.NoStore, url);
    }

    [Fact]
    public async Task Before_anything_is_sealed_there_is_no_checkpoint_and_no_key()
    {
        await AssertProblemAsync("/audit/checkpoint", Company.Ingrid, HttpStatusCode.NotFound, RefusalCode.NotFound, null);
        Assert.Empty(await (await _host.GetAsync("/audit/key", Company.Ingrid)).Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task That_the_log_only_grew_can_be_checked_from_outside()
    {
        var log = await SealedAsync(13);
        var before = await RootAsync();
        await AuditListTests.AddAsync(_host.World, 24, seed: 3);
        await log.SealAsync();
        var after = await RootAsync();
        var proof = await JsonAsync("/audit/consistency?from=13&to=37", Company.Ingrid);
        Assert.Equal((13, 37), (proof.GetProperty("from").GetInt64(), proof.GetProperty("to").GetInt64()));
        var hashes = proof.GetProperty("proof").EnumerateArray().Select(h => h.GetBytesFromBase64()).ToList();
        Assert.True(MerkleTree.IsConsistent(13, 37, before, after, hashes));
        Assert.False(MerkleTree.IsConsistent(13, 37, after, after, hashes));

        async Task<byte[]> RootAsync() => Checkpoint.Parse(SignedNote.Parse(await (await _host.GetAsync("/audit/checkpoint", Company.Ingrid)).Content.ReadAsStringAsync(Ct))!.Text)!.Root;
    }

    [Theory]
    [InlineData("", HttpStatusCode.BadRequest, RefusalCode.RangeInverted)]
    [InlineData("?from=5&to=3", HttpStatusCode.BadRequest, RefusalCode.RangeInverted)]
    [InlineData("?from=-1&to=3", HttpStatusCode.BadRequest, RefusalCode.RangeInverted)]
    [InlineData("?from=1&to=99", HttpStatusCode.NotFound, RefusalCode.NotFound)]
    public async Task Sizes_that_the_log_never_had_are_a_problem(string query, HttpStatusCode status, string code)
    {
        await SealedAsync(10);
        await AssertProblemAsync("/audit/consistency" + query, Company.Ingrid, status, code, "to");
    }

    [Theory]
    [InlineData("/audit/checkpoint")]
    [InlineData("/audit/key")]
    [InlineData("/audit/consistency?from=1&to=2")]
    public async Task What_is_for_auditors_is_refused_to_everyone_else(string url)
    {
        await SealedAsync(5);
        foreach (var other in (TestPerson[])[Company.Mira, Company.Priya, Company.Tomas])
            await AssertProblemAsync(url, other, HttpStatusCode.Forbidden, RefusalCode.RoleMissing, null);
        _host.World.Directory.TakeRoles(Company.Ingrid);
        Assert.Equal(HttpStatusCode.Forbidden, (await _host.GetAsync(url, Company.Ingrid)).StatusCode);
    }

    [Fact]
    public async Task A_proof_is_refused_to_who_lost_all_roles_and_reading_one_of_anothers_is_recorded()
    {
        await SealedAsync(20);
        var other = await _host.World.ReadAsync(db => db.AuditEvents.AsNoTracking().FirstAsync(e => e.ActorObjectId == Company.Jonas.ObjectId, Ct));
        await JsonAsync($"/audit/proof/{other.EventId}", Company.Ingrid);
        Assert.Equal($"event {other.EventId}", Assert.Single(await _host.World.EventsAsync(), e => e.Code == AuditCode.AuditRead.Value).Comment);
        _host.World.Directory.TakeRoles(Company.Ingrid);
        await AssertProblemAsync($"/audit/proof/{other.EventId}", Company.Ingrid, HttpStatusCode.Forbidden, RefusalCode.SignedOut, null);
    }

    private async Task<SealedLog> SealedAsync(int events)
    {
        await AuditListTests.AddAsync(_host.World, events, seed: 9);
        var log = new SealedLog(_host.World);
        await log.SealAsync();
        return log;
    }

    private async Task<JsonElement> JsonAsync(string url, TestPerson who)
    {
        var response = await _host.GetAsync(url, who);
        Assert.Equal((HttpStatusCode.OK, "application/json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        return await response.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private async Task AssertProblemAsync(string url, TestPerson who, HttpStatusCode status, string code, string? field)
    {
        var response = await _host.GetAsync(url, who);
        Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal((code, field), (problem.GetProperty("code").GetString(), problem.GetProperty("field").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("title").GetString()));
    }
}
