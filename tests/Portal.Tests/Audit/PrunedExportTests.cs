using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>What is taken away of a log that retention has pruned: all that is left, each row with its proof, and nothing that somebody else took goes unsaid.</summary>
public sealed class PrunedExportTests : IAsyncLifetime
{
    private const int Old = 300;
    private const int Young = 120;

    private static readonly TimeSpan Period = TimeSpan.FromDays(400);

    private ExportHost _host = null!;
    private SealedLog _log = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await ExportHost.StartAsync();
        _log = new SealedLog(_host.World);
        await AddAsync(Old);
        Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync("/audit/export", Company.Ingrid)).StatusCode);
        _host.World.Clock.Advance(Period + TimeSpan.FromSeconds(1));
        await AddAsync(Young);
        var prune = _host.World.Prune(Period, batch: 70);
        Assert.Equal(Old, (await prune.ExecuteAsync(Actor.System, Ct)).Value);
        await _log.SealAsync();
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    [InlineData("ocsf")]
    public async Task An_export_without_a_filter_is_complete_and_each_row_holds_by_itself(string format)
    {
        var left = await _host.World.ReadAsync(db => db.AuditEvents.CountAsync(Ct));
        Assert.InRange(left, Young + 1, Old);
        var verdict = await VerifyAsync(await FileAsync($"/audit/export?format={format}"));
        Assert.True(verdict.Holds, verdict.Fault?.Message);
        Assert.Equal((left, 0, "filtered"), (verdict.Rows, verdict.Unproven, verdict.Statement!.Kind));
        // It covers all that there is, so that what it covers may go in its turn.
        Assert.Equal(2, (await _host.World.EventsAsync()).Count(e => e.Code == AuditCode.ExportCompleted.Value));
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    [InlineData("ocsf")]
    public async Task A_file_that_reaches_back_over_what_went_says_so_and_no_other_does(string format)
    {
        const string says = "Retention has pruned events up to 2026-03-02T09:";
        var young = _host.World.Clock.GetUtcNow().AddMinutes(-1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        foreach (var (asked, said) in new[] { ("", true), ("&vault=kv-a", true), ("&from=2026-03-01", true), ($"&from={young}", false) })
            Assert.Equal(said, Encoding.UTF8.GetString(await FileAsync($"/audit/export?format={format}{asked}")).Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Evidence_of_a_time_of_which_events_went_says_so()
    {
        using var zip = new ZipArchive(new MemoryStream(await FileAsync("/audit/evidence?from=2026-03-01")));
        using var summary = new StreamReader(await zip.GetEntry("summary.html")!.OpenAsync(Ct));
        Assert.Contains("Retention has pruned events up to 2026-03-02 09:", await summary.ReadToEndAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filtered_export_that_reaches_back_over_what_went_holds()
    {
        var left = await _host.World.ReadAsync(db => db.AuditEvents.CountAsync(e => e.VaultName == "kv-a", Ct));
        var verdict = await VerifyAsync(await FileAsync("/audit/export?vault=kv-a&from=2020-01-01"));
        Assert.True(verdict.Holds, verdict.Fault?.Message);
        Assert.Equal(left, verdict.Rows);
    }

    [Fact]
    public async Task A_pack_of_evidence_over_what_went_holds_with_all_its_checkpoints()
    {
        foreach (var period in (string[])["", "?from=2026-03-01&to=2026-03-03", "?from=2026-03-01"])
        {
            var verdict = await VerifyAsync(await FileAsync("/audit/evidence" + period));
            Assert.True(verdict.Holds, verdict.Fault?.Message);
            Assert.InRange(verdict.Checkpoints, 1, 20);
        }

        // Of the days that went nothing is left but that an auditor took them away.
        Assert.Equal(2, (await VerifyAsync(await FileAsync("/audit/evidence?from=2026-03-01&to=2026-03-03"))).Rows);
    }

    [Theory]
    [InlineData("event", "position 307 is gone")]
    [InlineData("digests", "position 307 is gone")]
    [InlineData("place", "no event at position 307")]
    public async Task What_somebody_else_took_is_said(string andWhat, string says)
    {
        var position = Old + 7L;
        await using (var db = _host.World.OpenDb())
        {
            await db.AuditEvents.Where(e => db.AuditLeaves.Any(l => l.EventId == e.EventId && l.Position == position)).ExecuteDeleteAsync(Ct);
            if (andWhat == "place")
                await db.AuditLeaves.Where(l => l.Position == position).ExecuteDeleteAsync(Ct);
            else if (andWhat == "digests")
                await db.AuditLeaves.Where(l => l.Position == position).ExecuteUpdateAsync(set => set.SetProperty(l => l.FieldDigests, Array.Empty<byte>()), Ct);
        }

        var verdict = await VerifyAsync(await FileAsync("/audit/export"));
        Assert.False(verdict.Holds);
        Assert.Equal("export.unverified", verdict.Statement!.Code);
        Assert.Contains(says, verdict.Statement.Words, StringComparison.Ordinal);
        Assert.Single(await _host.World.EventsAsync(), e => e.Code == AuditCode.ExportCompleted.Value);
    }

    [Fact]
    public async Task A_record_of_pruning_that_nobody_sealed_excuses_nothing()
    {
        var position = Old + 7L;
        await using (var db = _host.World.OpenDb())
        {
            await db.AuditEvents.Where(e => db.AuditLeaves.Any(l => l.EventId == e.EventId && l.Position == position)).ExecuteDeleteAsync(Ct);
            db.AuditEvents.Add(new AuditEvent(AuditCode.EventsPruned, AuditOutcome.Success, await _host.World.IdentifyAsync(Company.Tomas), AuditSubject.Nothing, new AuditDetail("1", $"positions {position}"), _host.World.Clock.GetUtcNow()));
            await db.SaveChangesAsync(Ct);
        }

        Assert.Equal("export.unverified", (await VerifyAsync(await FileAsync("/audit/export"))).Statement!.Code);
    }

    private async Task AddAsync(int events)
    {
        var now = _host.World.Clock.GetUtcNow();
        var random = new Random(events);
        await using (var db = _host.World.OpenDb())
        {
            for (var i = 0; i < events; i++)
                db.AuditEvents.Add(new AuditEvent(AuditCode.SignedIn, AuditOutcome.Success, Actor.System, new AuditSubject { VaultName = random.Next(2) == 0 ? "kv-a" : "kv-b" }, AuditDetail.None, now.AddSeconds(-random.Next(60))));
            await db.SaveChangesAsync(Ct);
        }

        await _log.SealAsync();
    }

    private async Task<byte[]> FileAsync(string url)
    {
        var answer = await _host.GetAsync(url, Company.Ingrid);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsByteArrayAsync(Ct);
    }

    private async Task<ExportVerdict> VerifyAsync(byte[] file)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, file, Ct);
            return (await new VerifyExport().ExecuteAsync(new ExportToVerify(path, [_log.Key.Verifier]), null, Actor.System, Ct)).Value;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
