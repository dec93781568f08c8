using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.Audit;
using Portal.Web.Hosting;

namespace Portal.Tests.Audit;

/// <summary>The export over HTTP, on Kestrel, since only a real connection shows how it ends.</summary>
public sealed class AuditExportEndpointTests : IAsyncLifetime
{
    private ExportHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await ExportHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task What_the_filter_shows_comes_as_an_attachment_that_nobody_keeps()
    {
        await AuditListTests.AddAsync(_host.World, 200, seed: 9);
        var response = await _host.GetAsync("/audit/export?vault=kv-a&from=2026-03-02T09:10Z", Company.Ingrid);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/csv; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment; filename=audit-kv-a-from-20260302T0910Z-at-200.csv", response.Content.Headers.ContentDisposition!.ToString());
        Assert.True(response.Headers.CacheControl!.NoStore);
        var rows = StrictCsv.Read(await response.Content.ReadAsByteArrayAsync(Ct));
        var vault = rows[0].IndexOf("vault");
        Assert.True(rows.Count > 20);
        Assert.All(rows[1..^1], row => Assert.Equal("kv-a", row[vault]));
    }

    [Theory]
    [InlineData("from=2026-03-02T10:00Z&to=2026-03-02T09:00Z", "audit.range_inverted", "to")]
    [InlineData("from=yesterday", "audit.filter_unreadable", "from")]
    [InlineData("person=mira", "audit.filter_unreadable", "person")]
    [InlineData("code=grant.exploded", "audit.filter_unreadable", "code")]
    [InlineData("vault=%00", "audit.filter_unreadable", "vault")]
    [InlineData("valut=kv-a", "audit.filter_unreadable", "valut")]
    [InlineData("format=xml", "audit.filter_unreadable", "format")]
    [InlineData("checkpoint=-1", "audit.filter_unreadable", "checkpoint")]
    [InlineData("checkpoint=77", "audit.filter_unreadable", "checkpoint")]
    public async Task What_cannot_be_meant_is_a_problem_with_code_and_field_and_no_event(string query, string code, string field)
    {
        var response = await _host.GetAsync("/audit/export?" + query, Company.Ingrid);
        await AssertProblemAsync(response, HttpStatusCode.BadRequest, code, field);
        Assert.Empty(await _host.World.EventsAsync());
    }

    [Theory]
    [InlineData("csv", "text/csv; charset=utf-8", "audit-kv-a-at-40.csv")]
    [InlineData("jsonl", "application/x-ndjson; charset=utf-8", "audit-kv-a-at-40.jsonl")]
    [InlineData("ocsf", "application/x-ndjson; charset=utf-8", "audit-kv-a-at-40.ocsf.jsonl")]
    public async Task Each_format_has_its_type_and_name_and_a_strong_tag(string format, string type, string name)
    {
        await SealedAsync(40);
        var response = await _host.GetAsync($"/audit/export?vault=kv-a&format={format}", Company.Ingrid);
        Assert.Equal((type, $"attachment; filename={name}"), (response.Content.Headers.ContentType!.ToString(), response.Content.Headers.ContentDisposition!.ToString()));
        Assert.False(response.Headers.ETag!.IsWeak);
        Assert.Equal("bytes", Assert.Single(response.Headers.AcceptRanges));
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    [InlineData("ocsf")]
    public async Task A_download_goes_on_where_it_was_broken_off_though_more_happened_since(string format)
    {
        var log = await SealedAsync(300);
        var address = $"/audit/export?vault=kv-a&format={format}";
        var whole = await _host.GetAsync(address, Company.Ingrid);
        var file = await whole.Content.ReadAsByteArrayAsync(Ct);
        await AuditListTests.AddAsync(_host.World, 50, seed: 10);
        await log.SealAsync();
        foreach (var from in (int[])[1, file.Length / 2, file.Length - 1])
        {
            var rest = await _host.GetAsync(address, Company.Ingrid, from: from, tag: whole.Headers.ETag!.ToString());
            Assert.Equal(HttpStatusCode.PartialContent, rest.StatusCode);
            Assert.Equal($"bytes {from}-{file.Length - 1}/{file.Length}", rest.Content.Headers.ContentRange!.ToString());
            Assert.Equal(file[from..], await rest.Content.ReadAsByteArrayAsync(Ct));
        }

        Assert.Equal("from byte 1", (await _host.World.EventsAsync()).First(e => e.Code == AuditCode.AuditExported.Value && e.Comment is not null).Comment);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await _host.GetAsync(address, Company.Ingrid, from: file.Length, tag: whole.Headers.ETag!.ToString())).StatusCode);
    }

    [Fact]
    public async Task What_is_not_the_download_that_was_begun_is_sent_whole()
    {
        var log = await SealedAsync(60);
        var begun = await _host.GetAsync("/audit/export?vault=kv-a", Company.Ingrid);
        var tag = begun.Headers.ETag!.ToString();
        var size = await _host.World.ReadAsync(db => db.AuditLeaves.LongCountAsync(Ct));
        await AuditListTests.AddAsync(_host.World, 5, seed: 10);
        await log.SealAsync();
        // Another filter, another format, another reader, a tag of nothing, and no tag at all.
        foreach (var (address, who, given) in ((string, TestPerson, string?)[])
            [
                ("/audit/export?vault=kv-b", Company.Ingrid, tag), ("/audit/export?vault=kv-a&format=jsonl", Company.Ingrid, tag), ("/audit/export?vault=kv-a", Company.Mira, tag),
                ("/audit/export?vault=kv-a", Company.Ingrid, "\"77-abc-csv\""), ("/audit/export?vault=kv-a", Company.Ingrid, "\"x\""), ("/audit/export?vault=kv-a", Company.Ingrid, null),
            ])
            Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync(address, who, from: 100, tag: given)).StatusCode);

        // An address that names the checkpoint does not say which file is meant: only the tag does, and only where both name the same.
        var file = await begun.Content.ReadAsByteArrayAsync(Ct);
        var pinned = $"/audit/export?vault=kv-a&checkpoint={size}";
        foreach (var given in (string?[])[null, tag.Replace($"{size}-", $"{size + 6}-", StringComparison.Ordinal)])
        {
            var anew = await _host.GetAsync(pinned, Company.Ingrid, from: 100, tag: given);
            Assert.Equal(HttpStatusCode.OK, anew.StatusCode);
            Assert.Equal(file, await anew.Content.ReadAsByteArrayAsync(Ct));
        }

        var rest = await _host.GetAsync(pinned, Company.Ingrid, from: 100, tag: tag);
        Assert.Equal(HttpStatusCode.PartialContent, rest.StatusCode);
        Assert.Equal(file[100..], await rest.Content.ReadAsByteArrayAsync(Ct));
    }

    [Fact]
    public async Task Who_wants_the_rest_of_that_file_or_nothing_gets_it_or_is_told()
    {
        var log = await SealedAsync(60);
        var begun = await _host.GetAsync("/audit/export?vault=kv-a", Company.Ingrid);
        var (tag, file) = (begun.Headers.ETag!.ToString(), await begun.Content.ReadAsByteArrayAsync(Ct));
        await AuditListTests.AddAsync(_host.World, 5, seed: 10);
        await log.SealAsync();
        var rest = await _host.GetAsync("/audit/export?vault=kv-a", Company.Ingrid, from: 100, match: tag);
        Assert.Equal(HttpStatusCode.PartialContent, rest.StatusCode);
        Assert.Equal(file[100..], await rest.Content.ReadAsByteArrayAsync(Ct));
        foreach (var (address, who) in ((string, TestPerson)[])[("/audit/export?vault=kv-b", Company.Ingrid), ("/audit/export?vault=kv-a", Company.Mira)])
            Assert.Equal(HttpStatusCode.PreconditionFailed, (await _host.GetAsync(address, who, from: 100, match: tag)).StatusCode);
    }

    [Fact]
    public async Task An_export_is_recorded_once_for_what_is_given_its_length_too_and_not_for_what_is_not()
    {
        await SealedAsync(60);
        const string Address = "/audit/export?vault=kv-a&checkpoint=60";
        var begun = await _host.GetAsync(Address, Company.Ingrid);
        var (tag, length) = (begun.Headers.ETag!.ToString(), (await begun.Content.ReadAsByteArrayAsync(Ct)).Length);
        var stale = tag.Replace("60-", "60-0", StringComparison.Ordinal);
        Assert.Equal([null], await CommentsAsync());

        Assert.Equal(HttpStatusCode.PreconditionFailed, (await _host.GetAsync(Address, Company.Ingrid, from: 100, match: stale)).StatusCode);
        Assert.Equal([null], await CommentsAsync());

        // All of it, and not from some byte on.
        Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync(Address, Company.Ingrid, from: 100, tag: stale)).StatusCode);
        Assert.Equal([null, null], await CommentsAsync());
        Assert.Equal(HttpStatusCode.PartialContent, (await _host.GetAsync(Address, Company.Ingrid, from: 100, tag: tag)).StatusCode);
        Assert.Equal([null, null, "from byte 100"], await CommentsAsync());

        // The tag is no secret: whoever works it out for a filter would hear how much that shows, and by halving its range what and when.
        var beyond = await _host.GetAsync(Address, Company.Ingrid, from: length, match: tag);
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, length), (beyond.StatusCode, beyond.Content.Headers.ContentRange!.Length));
        Assert.Equal([null, null, "from byte 100", $"from byte {length}"], await CommentsAsync());

        async Task<IReadOnlyList<string?>> CommentsAsync() => [.. (await _host.World.EventsAsync()).Where(e => e.Code == AuditCode.AuditExported.Value).Select(e => e.Comment)];
    }

    [Fact]
    public async Task The_page_that_started_a_download_can_follow_it_and_nobody_else_can()
    {
        await SealedAsync(60);
        var ticket = Guid.NewGuid();
        await (await _host.GetAsync($"/audit/export?ticket={ticket:N}", Company.Ingrid)).Content.ReadAsByteArrayAsync(Ct);
        var progress = _host.Services.GetRequiredService<ExportProgress>();
        var export = progress.Find(ticket, await _host.World.IdentifyAsync(Company.Ingrid));
        Assert.Equal((1, 60, ExportOutcome.Complete), (export!.Share, export.Rows, export.End!.Outcome));
        Assert.Null(progress.Find(ticket, await _host.World.IdentifyAsync(Company.Mira)));
    }

    [Fact]
    public async Task Who_lost_their_roles_is_refused()
    {
        _host.World.Directory.TakeRoles(Company.Ingrid);
        await AssertProblemAsync(await _host.GetAsync("/audit/export", Company.Ingrid), HttpStatusCode.Forbidden, "identity.signed_out", null);
    }

    [Fact]
    public async Task Who_exports_too_often_is_told_to_wait()
    {
        for (var i = 0; i < RateLimits.ExportsPerPerson; i++)
            Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync("/audit/export", Company.Mira)).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await _host.GetAsync("/audit/export", Company.Mira)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync("/audit/export", Company.Ingrid)).StatusCode);
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    [InlineData("ocsf")]
    public async Task Who_loses_their_role_in_the_middle_gets_a_file_that_says_that_it_is_incomplete(string format)
    {
        await SealedAsync(2500);
        _host.Reading.BeforeRead = turn =>
        {
            if (turn != 2)
                return;
            _host.World.Directory.TakeRoles(Company.Ingrid);
            _host.World.Clock.Advance(ExportAuditEvents.AskEvery);
        };
        var response = await _host.GetAsync($"/audit/export?format={format}", Company.Ingrid);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var file = await response.Content.ReadAsByteArrayAsync(Ct);
        var path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, file, Ct);
        var verdict = (await new VerifyExport().ExecuteAsync(new ExportToVerify(path, [new SealedLog(_host.World).Key.Verifier]), null, Actor.System, Ct)).Value;
        File.Delete(path);
        Assert.Equal("export.incomplete", verdict.Statement!.Code);
        Assert.Contains("role was taken away", verdict.Statement.Words, StringComparison.Ordinal);
        Assert.InRange(verdict.Statement.Rows, 1000, 2499);
        Assert.False(verdict.Holds);
        // What was not taken away whole may not be pruned.
        Assert.DoesNotContain(await _host.World.EventsAsync(), e => e.Code == AuditCode.ExportCompleted.Value);
        Assert.Equal(HttpStatusCode.Forbidden, (await _host.GetAsync("/audit/export", Company.Ingrid)).StatusCode);
    }

    [Fact]
    public async Task A_fault_on_the_way_breaks_the_connection()
    {
        await AuditListTests.AddAsync(_host.World, 2500, seed: 9);
        _host.Reading.BreakAt = 2000;
        using var response = await _host.GetAsync("/audit/export", Company.Ingrid, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync(Ct));
    }

    [Fact]
    public async Task A_fault_before_the_first_byte_is_an_error_and_no_file()
    {
        await AuditListTests.AddAsync(_host.World, 5, seed: 9);
        _host.Reading.BreakAt = 0;
        using var response = await _host.GetAsync("/audit/export", Company.Ingrid);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Null(response.Content.Headers.ContentDisposition);
    }

    [Fact]
    public void A_file_is_called_by_what_is_in_it()
    {
        var at = new ExportPoint(1204, new DateTimeOffset(2026, 11, 22, 17, 40, 59, TimeSpan.Zero), "note", [], []);
        Assert.Equal("audit-at-1204.csv", ExportPart.FileName(new AuditFilter(), at, ExportFormat.Csv));
        Assert.Equal("audit-grant-ended-a--b-from-20261101T0000Z-to-20261102T0000Z-at-1204.ocsf.jsonl", ExportPart.FileName(
            new AuditFilter { VaultName = "a\"/b", Code = "grant.ended", From = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero), To = new DateTimeOffset(2026, 11, 2, 0, 0, 0, TimeSpan.Zero) }, at, ExportFormat.Ocsf));
    }

    private async Task<SealedLog> SealedAsync(int events)
    {
        await AuditListTests.AddAsync(_host.World, events, seed: 9);
        var log = new SealedLog(_host.World);
        await log.SealAsync();
        return log;
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string code, string? field)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal((code, field), (problem.GetProperty("code").GetString(), problem.GetProperty("field").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("title").GetString()));
    }
}
