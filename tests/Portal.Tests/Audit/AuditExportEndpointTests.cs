using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;
using Portal.Tests.World;
using Portal.Web.Audit;
using Portal.Web.Hosting;

namespace Portal.Tests.Audit;

/// <summary>The export over HTTP, on Kestrel, since only a real connection shows how it ends.</summary>
public sealed class AuditExportEndpointTests : IAsyncLifetime
{
    private PortalWorld _world = null!;
    private WebApplication _app = null!;
    private HttpClient _client = null!;
    private BreakingReading _reading = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await PortalWorld.OpenAsync(empty: true);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _world.AddTo(builder.Services);
        _reading = new BreakingReading(_world.Get<IAuditReading>());
        builder.Services.AddSingleton<IAuditReading>(_reading);
        builder.Services.AddSingleton<ExportProgress>();
        builder.Services.AddLocalization().AddProblemDetails();
        builder.Services.AddRateLimits();
        _app = builder.Build();
        _app.UseExceptionHandler();
        _app.Use((context, next) =>
        {
            var person = Company.Everyone.Single(p => p.Upn == context.Request.Headers["X-Person"]);
            context.User = new ClaimsPrincipal(new ClaimsIdentity(
                [new("oid", person.ObjectId.ToString()), new("tid", Company.Tenant.ToString()), new("name", person.Name), .. person.Roles.Select(role => new Claim("roles", role.ToString()))], "test", "name", "roles"));
            return next(context);
        });
        _app.UseRouting();
        _app.UseRateLimiter();
        _app.MapAudit();
        await _app.StartAsync(Ct);
        _client = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_app is not null)
            await _app.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task What_the_filter_shows_comes_as_an_attachment_that_nobody_keeps()
    {
        await AuditListTests.AddAsync(_world, 200, seed: 9);
        var response = await GetAsync("/audit/export?vault=kv-a&from=2026-03-02T09:10Z", Company.Ingrid);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/csv; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment; filename=audit-kv-a-from-20260302T0910Z-at-0.csv", response.Content.Headers.ContentDisposition!.ToString());
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
        var response = await GetAsync("/audit/export?" + query, Company.Ingrid);
        await AssertProblemAsync(response, HttpStatusCode.BadRequest, code, field);
        Assert.Empty(await _world.EventsAsync());
    }

    [Theory]
    [InlineData("csv", "text/csv; charset=utf-8", "audit-kv-a-at-40.csv")]
    [InlineData("jsonl", "application/x-ndjson; charset=utf-8", "audit-kv-a-at-40.jsonl")]
    [InlineData("ocsf", "application/x-ndjson; charset=utf-8", "audit-kv-a-at-40.ocsf.jsonl")]
    public async Task Each_format_has_its_type_and_name_and_a_strong_tag(string format, string type, string name)
    {
        await SealedAsync(40);
        var response = await GetAsync($"/audit/export?vault=kv-a&format={format}", Company.Ingrid);
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
        var whole = await GetAsync(address, Company.Ingrid);
        var file = await whole.Content.ReadAsByteArrayAsync(Ct);
        await AuditListTests.AddAsync(_world, 50, seed: 10);
        await log.SealAsync();
        foreach (var from in (int[])[1, file.Length / 2, file.Length - 1])
        {
            var rest = await GetAsync(address, Company.Ingrid, from: from, tag: whole.Headers.ETag!.ToString());
            Assert.Equal(HttpStatusCode.PartialContent, rest.StatusCode);
            Assert.Equal($"bytes {from}-{file.Length - 1}/{file.Length}", rest.Content.Headers.ContentRange!.ToString());
            Assert.Equal(file[from..], await rest.Content.ReadAsByteArrayAsync(Ct));
        }

        Assert.Equal("from byte 1", (await _world.EventsAsync()).First(e => e.Code == AuditCode.AuditExported.Value && e.Comment is not null).Comment);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await GetAsync(address, Company.Ingrid, from: file.Length, tag: whole.Headers.ETag!.ToString())).StatusCode);
    }

    [Fact]
    public async Task What_is_not_the_download_that_was_begun_is_sent_whole()
    {
        var log = await SealedAsync(60);
        var begun = await GetAsync("/audit/export?vault=kv-a", Company.Ingrid);
        var tag = begun.Headers.ETag!.ToString();
        var size = await _world.ReadAsync(db => db.AuditLeaves.LongCountAsync(Ct));
        await AuditListTests.AddAsync(_world, 5, seed: 10);
        await log.SealAsync();
        // Another filter, another format, another reader, a tag of nothing, and no tag at all.
        foreach (var (address, who, given) in ((string, TestPerson, string?)[])
            [
                ("/audit/export?vault=kv-b", Company.Ingrid, tag), ("/audit/export?vault=kv-a&format=jsonl", Company.Ingrid, tag), ("/audit/export?vault=kv-a", Company.Mira, tag),
                ("/audit/export?vault=kv-a", Company.Ingrid, "\"77-abc-csv\""), ("/audit/export?vault=kv-a", Company.Ingrid, "\"x\""), ("/audit/export?vault=kv-a", Company.Ingrid, null),
            ])
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(address, who, from: 100, tag: given)).StatusCode);

        // An address that names the checkpoint says which file is meant.
        var file = await begun.Content.ReadAsByteArrayAsync(Ct);
        var rest = await GetAsync($"/audit/export?vault=kv-a&checkpoint={size}", Company.Ingrid, from: 100);
        Assert.Equal(HttpStatusCode.PartialContent, rest.StatusCode);
        Assert.Equal(file[100..], await rest.Content.ReadAsByteArrayAsync(Ct));
    }

    [Fact]
    public async Task The_page_that_started_a_download_can_follow_it_and_nobody_else_can()
    {
        await SealedAsync(60);
        var ticket = Guid.NewGuid();
        await (await GetAsync($"/audit/export?ticket={ticket:N}", Company.Ingrid)).Content.ReadAsByteArrayAsync(Ct);
        var progress = _app.Services.GetRequiredService<ExportProgress>();
        var export = progress.Find(ticket, await _world.IdentifyAsync(Company.Ingrid));
        Assert.Equal((1, 60, ExportOutcome.Complete), (export!.Share, export.Rows, export.End!.Outcome));
        Assert.Null(progress.Find(ticket, await _world.IdentifyAsync(Company.Mira)));
    }

    [Fact]
    public async Task Who_lost_their_roles_is_refused()
    {
        _world.Directory.TakeRoles(Company.Ingrid);
        await AssertProblemAsync(await GetAsync("/audit/export", Company.Ingrid), HttpStatusCode.Forbidden, "identity.signed_out", null);
    }

    [Fact]
    public async Task Who_exports_too_often_is_told_to_wait()
    {
        for (var i = 0; i < RateLimits.ExportsPerPerson; i++)
            Assert.Equal(HttpStatusCode.OK, (await GetAsync("/audit/export", Company.Mira)).StatusCode);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await GetAsync("/audit/export", Company.Mira)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/audit/export", Company.Ingrid)).StatusCode);
    }

    [Fact]
    public async Task A_fault_on_the_way_breaks_the_connection()
    {
        await AuditListTests.AddAsync(_world, 2500, seed: 9);
        _reading.BreakAt = 3;
        using var response = await GetAsync("/audit/export", Company.Ingrid, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(3, _reading.Reads);
    }

    [Fact]
    public async Task A_fault_before_the_first_byte_is_an_error_and_no_file()
    {
        await AuditListTests.AddAsync(_world, 5, seed: 9);
        _reading.BreakAt = 1;
        using var response = await GetAsync("/audit/export", Company.Ingrid);
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
        await AuditListTests.AddAsync(_world, events, seed: 9);
        var log = new SealedLog(_world);
        await log.SealAsync();
        return log;
    }

    private async Task<HttpResponseMessage> GetAsync(string url, TestPerson who, HttpCompletionOption until = HttpCompletionOption.ResponseContentRead, long? from = null, string? tag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { { "X-Person", who.Upn } } };
        if (from is { } first)
            request.Headers.Range = new RangeHeaderValue(first, null);
        if (tag is not null)
            request.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue(tag));
        return await _client.SendAsync(request, until, Ct);
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string code, string? field)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal((code, field), (problem.GetProperty("code").GetString(), problem.GetProperty("field").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("title").GetString()));
    }

    /// <summary>The database's own way of reading, which breaks at one of its turns.</summary>
    private sealed class BreakingReading(IAuditReading real) : IAuditReading
    {
        public int? BreakAt { get; set; }

        public int Reads { get; private set; }

        public Task ReadAsync(PortalDb db, IQueryable query, AuditRows into, CancellationToken ct) =>
            ++Reads == BreakAt ? throw new IOException("gone") : real.ReadAsync(db, query, into, ct);
    }
}
