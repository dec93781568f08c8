using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>The evidence pack over HTTP, on Kestrel, and checked with nothing but the zip and the public key.</summary>
public sealed class EvidenceTests : IAsyncLifetime
{
    private ExportHost _host = null!;
    private SealedLog _log = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await ExportHost.StartAsync();
        _log = new SealedLog(_host.World);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task The_zip_has_all_that_an_auditor_needs_and_holds()
    {
        await FillAsync();
        var response = await GetAsync("/audit/evidence?from=2026-03-02T09:10Z&to=2026-03-02T09:50Z");
        Assert.Equal((HttpStatusCode.OK, "application/zip"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal("attachment; filename=evidence-from-20260302T0910Z-to-20260302T0950Z-at-1500.zip", response.Content.Headers.ContentDisposition!.ToString());
        var file = await response.Content.ReadAsByteArrayAsync(Ct);
        var verdict = await VerifyAsync(file);
        Assert.True(verdict.Holds, verdict.Fault?.Message);
        Assert.Equal(2, verdict.Checkpoints);

        var parts = Read(file);
        Assert.Equal(["audit.csv", "checkpoints.txt", "consistency.jsonl", "public-keys.txt", "summary.html", "VERIFY.txt"], parts.Keys);
        Assert.Equal(_log.Key.Verifier + "\n", parts["public-keys.txt"]);
        Assert.Contains("audit verify --export evidence-from-20260302T0910Z-to-20260302T0950Z-at-1500.zip", parts["VERIFY.txt"], StringComparison.Ordinal);
        var rows = StrictCsv.Read([.. Encoding.UTF8.GetBytes(parts["audit.csv"])]);
        var summary = parts["summary.html"];
        Assert.StartsWith("<!DOCTYPE html>", summary, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", summary, StringComparison.Ordinal);
        Assert.DoesNotContain("http", summary, StringComparison.OrdinalIgnoreCase);
        foreach (var code in rows[1..^1].GroupBy(row => row[3]))
            Assert.Contains($"<code>{code.Key}</code></td><td class=\"number\">{code.Count():N0}</td>", summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_people_wrote_is_text_in_the_summary()
    {
        await using (var db = _host.World.OpenDb())
        {
            db.AuditEvents.Add(new AuditEvent(AuditCode.AttemptRefused, AuditOutcome.Refused, await _host.World.IdentifyAsync(Company.Mira) with { DisplayName = "<script>alert(1)</script>" }, AuditSubject.Nothing, new AuditDetail("identity.role_missing", "<img src=x onerror=alert(1)>"), PortalWorld.Start));
            await db.SaveChangesAsync(Ct);
        }

        await _log.SealAsync();
        var summary = Read(await (await GetAsync("/audit/evidence")).Content.ReadAsByteArrayAsync(Ct))["summary.html"];
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", summary, StringComparison.Ordinal);
        Assert.Contains("&lt;img src=x", summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pack_that_somebody_changed_does_not_hold()
    {
        await FillAsync();
        var file = await (await GetAsync("/audit/evidence")).Content.ReadAsByteArrayAsync(Ct);
        Assert.True((await VerifyAsync(file)).Holds);
        (string What, Action<Dictionary<string, string>> Change)[] changes =
        [
            ("an event is changed", parts => parts["audit.csv"] = parts["audit.csv"].Replace("grant.ended", "grant.endex", StringComparison.Ordinal)),
            ("the events are gone", parts => parts.Remove("audit.csv")),
            ("the checkpoints are gone", parts => parts.Remove("checkpoints.txt")),
            ("a checkpoint is gone", parts => parts["checkpoints.txt"] = parts["checkpoints.txt"][(parts["checkpoints.txt"].IndexOf("\n\nportal.test", StringComparison.Ordinal) + 2)..]),
            ("a checkpoint is changed", parts => parts["checkpoints.txt"] = parts["checkpoints.txt"].Replace("portal.test/audit\n500\n", "portal.test/audit\n501\n", StringComparison.Ordinal)),
            ("a checkpoint is cut off", parts => parts["checkpoints.txt"] = parts["checkpoints.txt"].TrimEnd()[..^5]),
            ("something stands between the checkpoints", parts => parts["checkpoints.txt"] = parts["checkpoints.txt"].Replace("\n\nportal.test", "\n\nx\n\nportal.test", StringComparison.Ordinal)),
            ("a proof is gone", parts => parts["consistency.jsonl"] = parts["consistency.jsonl"][(parts["consistency.jsonl"].IndexOf('\n') + 1)..]),
            ("a proof is changed", parts => parts["consistency.jsonl"] = parts["consistency.jsonl"].Replace("\"from\":500", "\"from\":499", StringComparison.Ordinal)),
        ];
        foreach (var (what, change) in changes)
        {
            var parts = Read(file);
            var before = string.Concat(parts.Values);
            change(parts);
            Assert.NotEqual(before, string.Concat(parts.Values));
            Assert.False((await VerifyAsync(await ZipAsync(parts))).Holds, what);
        }

        Assert.False((await VerifyAsync(file[..(file.Length / 2)])).Holds);
    }

    [Theory]
    [InlineData("INSERT INTO \"AuditCheckpoints\" (\"Size\", \"Time\", \"Note\") SELECT -1, min(\"Time\"), 'x' FROM \"AuditCheckpoints\"", 3)]
    [InlineData("INSERT INTO \"AuditCheckpoints\" (\"Size\", \"Time\", \"Note\") SELECT -1, \"Time\", \"Note\" FROM \"AuditCheckpoints\" WHERE \"Size\" = 1000", 3)]
    [InlineData("UPDATE \"AuditCheckpoints\" SET \"Note\" = 'gone' WHERE \"Size\" = 1000", 2)]
    [InlineData("UPDATE \"AuditCheckpoints\" SET \"Size\" = 999 WHERE \"Size\" = 1000", 2)]
    public async Task What_is_no_checkpoint_of_its_size_keeps_nobody_from_the_pack(string sql, int checkpoints)
    {
        await FillAsync();
        await _host.World.ReadAsync(db => db.Database.ExecuteSqlRawAsync(sql, Ct));
        foreach (var period in (string[])["", "?from=2026-03-02&to=2026-03-03", "?from=2026-03-01T00:00Z&to=2026-03-03"])
        {
            var verdict = await VerifyAsync(await (await GetAsync("/audit/evidence" + period)).Content.ReadAsByteArrayAsync(Ct));
            Assert.True(verdict.Holds, verdict.Fault?.Message);
            // Each pack is recorded, which the next one's checkpoint covers.
            Assert.InRange(verdict.Checkpoints, checkpoints, checkpoints + 2);
        }
    }

    [Fact]
    public async Task After_a_change_of_keys_the_pack_says_which_keys_check_it()
    {
        await FillAsync();
        var old = _log.Key.Verifier.ToString();
        Assert.True((await _host.World.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct)).Succeeded);
        var file = await (await GetAsync("/audit/evidence")).Content.ReadAsByteArrayAsync(Ct);
        var says = Read(file)["VERIFY.txt"];
        Assert.Contains("--key \"VKEY1\" --key \"VKEY2\"", says, StringComparison.Ordinal);
        Assert.True(says.IndexOf(_log.Key.Verifier.ToString(), StringComparison.Ordinal) is > 0 and var latest && says.IndexOf(old, StringComparison.Ordinal) > latest);
        Assert.False((await VerifyAsync(file)).Holds);
        Assert.True((await VerifyAsync(file, VerifierKey.Parse(old)!)).Holds);
    }

    [Fact]
    public async Task Only_auditors_get_it_and_a_filter_that_it_does_not_know_is_refused()
    {
        Assert.Equal(HttpStatusCode.Forbidden, (await _host.GetAsync("/audit/evidence", Company.Mira)).StatusCode);
        var refused = await GetAsync("/audit/evidence?vault=kv-a");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal("vault", (await refused.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("field").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await GetAsync("/audit/evidence?from=2026-03-02&to=2026-03-01")).StatusCode);
    }

    // Three checkpoints, an hour apart.
    private async Task FillAsync()
    {
        for (var i = 0; i < 3; i++)
        {
            await AuditListTests.AddAsync(_host.World, 500, seed: i);
            await _log.SealAsync();
            _host.World.Clock.Advance(TimeSpan.FromHours(1));
        }
    }

    private Task<HttpResponseMessage> GetAsync(string url) => _host.GetAsync(url, Company.Ingrid);

    private static Dictionary<string, string> Read(byte[] file)
    {
        using var zip = new ZipArchive(new MemoryStream(file));
        return zip.Entries.ToDictionary(e => e.FullName, e =>
        {
            using var bytes = new MemoryStream();
            using (var content = e.Open())
                content.CopyTo(bytes);
            return Encoding.UTF8.GetString(bytes.ToArray());
        });
    }

    private static async Task<byte[]> ZipAsync(Dictionary<string, string> parts)
    {
        var file = new MemoryStream();
        await using (var zip = await ZipArchive.CreateAsync(file, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8, Ct))
            foreach (var (name, text) in parts)
                await using (var entry = await zip.CreateEntry(name).OpenAsync(Ct))
                    await entry.WriteAsync(Encoding.UTF8.GetBytes(text), Ct);
        return file.ToArray();
    }

    private async Task<ExportVerdict> VerifyAsync(byte[] file, params VerifierKey[] older)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, file, Ct);
            return (await new VerifyExport().ExecuteAsync(new ExportToVerify(path, [_log.Key.Verifier, .. older]), null, Actor.System, Ct)).Value;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
