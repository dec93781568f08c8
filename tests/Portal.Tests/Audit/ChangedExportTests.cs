using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>What becomes of a download when the portal would make another file by now for the same checkpoint: it is not put together of two.</summary>
public sealed class ChangedExportTests : IAsyncLifetime
{
    private const int Old = 300;

    private static readonly TimeSpan Period = TimeSpan.FromDays(400);

    private ExportHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await ExportHost.StartAsync();
        await AddAsync(_host.World, Old);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    [InlineData("ocsf")]
    public async Task A_download_of_all_that_was_begun_before_the_first_pruning_is_sent_anew(string format)
    {
        var address = $"/audit/export?format={format}";
        var begun = await _host.GetAsync(address, Company.Ingrid);
        await PruneAsync(Old);
        await AssertSentAnewAsync(address, begun);
    }

    [Fact]
    public async Task A_filtered_download_is_sent_anew_when_retention_took_something_meanwhile()
    {
        const string Address = "/audit/export?vault=kv-a";
        await (await _host.GetAsync("/audit/export", Company.Ingrid)).Content.ReadAsByteArrayAsync(Ct);
        await PruneAsync(Old);
        await AddAsync(_host.World, 200);
        await (await _host.GetAsync("/audit/export", Company.Ingrid)).Content.ReadAsByteArrayAsync(Ct);
        var begun = await _host.GetAsync(Address, Company.Ingrid);
        Assert.Equal(HttpStatusCode.PartialContent, (await AgainAsync(Address, begun)).StatusCode);
        await PruneAsync(200);
        await AssertSentAnewAsync(Address, begun);
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    public async Task A_download_is_sent_anew_when_another_key_signs_meanwhile(string format)
    {
        var address = $"/audit/export?vault=kv-a&format={format}";
        var begun = await _host.GetAsync(address, Company.Ingrid);
        Assert.True((await _host.World.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct)).Succeeded);
        await AssertSentAnewAsync(address, begun);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_address_that_names_the_checkpoint_is_sent_anew_at_that_checkpoint_with_a_tag_of_before_and_without_any(bool tagged)
    {
        var address = $"/audit/export?checkpoint={Old}";
        var begun = await _host.GetAsync("/audit/export", Company.Ingrid);
        await PruneAsync(Old);
        await AddAsync(_host.World, 30);
        var rest = tagged ? await AgainAsync(address, begun) : await _host.GetAsync(address, Company.Ingrid, from: 1000);
        Assert.Equal(HttpStatusCode.OK, rest.StatusCode);
        var verdict = await VerifyExportTests.VerifyAsync(new SealedLog(_host.World), await rest.Content.ReadAsByteArrayAsync(Ct));
        Assert.True(verdict.Holds, verdict.Fault?.Message);
        Assert.Equal(Old, verdict.Statement!.Size);
    }

    [Fact]
    public async Task Exports_of_what_nobody_has_signed_are_other_files_when_more_happened()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, 5, seal: false);
        var reader = await world.IdentifyAsync(Company.Ingrid);
        var order = new ExportOrder(new AuditFilter(), Size: 0);
        var begun = (await world.Get<ExportAuditEvents>().ExecuteAsync(order, reader, Ct)).Value;
        var later = (await world.Get<ExportAuditEvents>().ExecuteAsync(order, reader, Ct)).Value;
        Assert.Equal(("unsealed", "unsealed"), (begun.Kind, later.Kind));
        Assert.NotEqual(begun.Fingerprint, later.Fingerprint);
    }

    [Theory, BothDatabases]
    public async Task An_export_of_all_during_which_retention_prunes_says_that_it_is_incomplete_and_why(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        // The first piece is of what stays for ever.
        await AddAsync(world, AuditRows.Most, code: AuditCode.PolicyLoaded);
        await AddAsync(world, 20);
        var size = await world.ReadAsync(db => db.AuditLeaves.LongCountAsync(Ct));
        Assert.Empty((await world.Get<NoteExport>().ExecuteAsync(size, await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
        world.Clock.Advance(Period + TimeSpan.FromSeconds(1));
        await world.SealAsync(checkpoint: true);

        var begun = (await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter(), size), await world.IdentifyAsync(Company.Ingrid), Ct)).Value;
        Assert.Equal("whole", begun.Kind);
        Assert.Equal(20, (await world.Prune(Period).ExecuteAsync(Actor.System, Ct)).Value);
        var file = new MemoryStream();
        await begun.WriteAsync(ExportFormat.Csv, file, Ct);
        begun.ThrowIfBroken();
        Assert.Equal((ExportOutcome.Incomplete, AuditRows.Most, false), (begun.End!.Outcome, begun.End.Rows, begun.CoversAll));
        var verdict = await VerifyExportTests.VerifyAsync(new SealedLog(world), file.ToArray());
        Assert.Equal("export.incomplete", verdict.Statement!.Code);
        Assert.Contains("Retention pruned", verdict.Statement.Words, StringComparison.Ordinal);

        // Taken again it has all that is left.
        var again = await VerifyExportTests.VerifyAsync(new SealedLog(world), await VerifyExportTests.ExportAsync(world, new AuditFilter(), ExportFormat.Csv));
        Assert.True(again.Holds, again.Fault?.Message);
    }

    [Theory, BothDatabases]
    public async Task A_filtered_export_during_which_retention_prunes_says_so_when_it_reaches_back_to_what_went(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, 40);
        var size = await world.ReadAsync(db => db.AuditLeaves.LongCountAsync(Ct));
        Assert.Empty((await world.Get<NoteExport>().ExecuteAsync(size, await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
        world.Clock.Advance(Period + TimeSpan.FromSeconds(1));
        await AddAsync(world, 30);
        var young = world.Clock.GetUtcNow();
        var left = await world.ReadAsync(db => db.AuditEvents.LongCountAsync(e => e.VaultName == "kv-a" && e.At >= young, Ct));

        var all = await BegunAsync(new AuditFilter { VaultName = "kv-a" });
        var recent = await BegunAsync(new AuditFilter { VaultName = "kv-a", From = young });
        Assert.Equal(40, (await world.Prune(Period).ExecuteAsync(Actor.System, Ct)).Value);
        var file = await WriteAsync(all);
        Assert.Equal(ExportOutcome.Incomplete, all.End!.Outcome);
        var verdict = await VerifyExportTests.VerifyAsync(new SealedLog(world), file);
        Assert.Equal("export.incomplete", verdict.Statement!.Code);
        Assert.Contains("Retention pruned", verdict.Statement.Words, StringComparison.Ordinal);

        // Nothing of that went.
        await WriteAsync(recent);
        Assert.Equal((ExportOutcome.Complete, left), (recent.End!.Outcome, recent.End.Rows));

        // Taken again it has all that is left, and says nothing of what had gone before it began.
        var again = await BegunAsync(new AuditFilter { VaultName = "kv-a" });
        await WriteAsync(again);
        Assert.Equal((ExportOutcome.Complete, left), (again.End!.Outcome, again.End.Rows));

        async Task<AuditExport> BegunAsync(AuditFilter filter) =>
            (await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(filter, await world.ReadAsync(db => db.AuditCheckpoints.MaxAsync(c => (long?)c.Size, Ct))), await world.IdentifyAsync(Company.Ingrid), Ct)).Value;

        static async Task<byte[]> WriteAsync(AuditExport export)
        {
            var file = new MemoryStream();
            await export.WriteAsync(ExportFormat.Csv, file, Ct);
            export.ThrowIfBroken();
            return file.ToArray();
        }
    }

    private async Task AssertSentAnewAsync(string address, HttpResponseMessage begun)
    {
        var file = await begun.Content.ReadAsByteArrayAsync(Ct);
        var rest = await AgainAsync(address, begun);
        Assert.Equal(HttpStatusCode.OK, rest.StatusCode);
        Assert.NotEqual(begun.Headers.ETag, rest.Headers.ETag);
        var anew = await rest.Content.ReadAsByteArrayAsync(Ct);
        Assert.NotEqual(file, anew);
        var keys = (await _host.World.ReadAsync(db => db.AuditKeys.Select(k => k.Vkey).ToListAsync(Ct))).ConvertAll(vkey => VerifierKey.Parse(vkey)!);
        var verdict = await VerifyExportTests.VerifyAsync(keys, anew);
        Assert.True(verdict.Holds, verdict.Fault?.Message);
    }

    private Task<HttpResponseMessage> AgainAsync(string address, HttpResponseMessage begun) => _host.GetAsync(address, Company.Ingrid, from: 1000, tag: begun.Headers.ETag!.ToString());

    private async Task PruneAsync(int events)
    {
        _host.World.Clock.Advance(Period + TimeSpan.FromSeconds(1));
        await _host.World.SealAsync(checkpoint: true);
        Assert.Equal(events, (await _host.World.Prune(Period).ExecuteAsync(Actor.System, Ct)).Value);
    }

    private static async Task AddAsync(PortalWorld world, int events, bool seal = true, AuditCode? code = null)
    {
        var random = new Random(events);
        await using (var db = world.OpenDb())
        {
            for (var i = 0; i < events; i++)
                db.AuditEvents.Add(new AuditEvent(code ?? AuditCode.SignedIn, AuditOutcome.Success, Actor.System, new AuditSubject { VaultName = random.Next(2) == 0 ? "kv-a" : "kv-b" }, AuditDetail.None, world.Clock.GetUtcNow()));
            await db.SaveChangesAsync(Ct);
        }

        if (seal)
            await world.SealAsync(checkpoint: true);
    }
}
