using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using CsCheck;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Identity;

namespace Portal.Tests.Audit;

/// <summary>The CSV export, read back with a parser that shares no code with it.</summary>
public sealed class AuditCsvTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 22, 17, 40, 5, 7, TimeSpan.Zero);

    // Written out, not taken from the guard: what no cell of a file may start with.
    private static readonly char[] Dangerous = ['=', '+', '-', '@', '\t', '\r', '\n', '\uFF1D', '\uFF0B', '\uFF0D', '\uFF20'];

    [Fact]
    public async Task Every_naughty_string_that_may_be_typed_comes_back_as_it_was()
    {
        var texts = Strings("blns.json").Where(text => PersonText.CheckRequired(text, "justification") is null).ToList();
        Assert.True(texts.Count > 350, $"Only {texts.Count} strings are accepted.");
        await AssertComesBackAsync(texts);
    }

    [Fact]
    public async Task Every_formula_payload_comes_back_as_it_was_and_starts_no_cell()
    {
        var texts = Strings("csv-payloads.json");
        Assert.Equal(33, texts.Count);
        var cells = await AssertComesBackAsync(texts);
        Assert.Contains("'=cmd|' /C calc'!'A1'", cells);
    }

    [Fact]
    public Task Any_text_comes_back_as_it_was() =>
        Gen.String[Gen.OneOf(Gen.Char["=+-@'\"\t\r\n ,;|\uFF1D\uFF0B\uFE63\u200B\u00A0a1"], Gen.Char.AlphaNumeric), 0, 12].List[1, 40]
            .SampleAsync(async texts => { await AssertComesBackAsync(texts); }, iter: 300);

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("'=1+1", "''=1+1")]
    [InlineData("\t=1+1", "'\t=1+1")]
    [InlineData("\n=1+1", "'\n=1+1")]
    [InlineData(" \u200B\uFF1D1+1", "' \u200B\uFF1D1+1")]
    [InlineData("\uFE631", "'\uFE631")]
    // No formula to any spreadsheet: they start with a letter, a quote, a dash that is no minus. They stay as they are.
    [InlineData("DDE (\"cmd\";\"/C calc\";\"!A0\")A0", "DDE (\"cmd\";\"/C calc\";\"!A0\")A0")]
    [InlineData("\"=1+1", "\"=1+1")]
    [InlineData("a,=1+1", "a,=1+1")]
    [InlineData("\u2013", "\u2013")]
    [InlineData("'quoted'", "'quoted'")]
    [InlineData("a\u200B=b", "a\u200B=b")]
    [InlineData("", "")]
    public void The_guard_stands_before_what_a_spreadsheet_runs_and_nowhere_else(string text, string cell)
    {
        Assert.Equal(cell, SpreadsheetGuard.Add(text));
        Assert.Equal(cell != text, SpreadsheetGuard.IsDangerous(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(text, SpreadsheetGuard.Remove(cell));
    }

    [Fact]
    public async Task The_header_is_the_documented_one_and_an_export_of_nothing_says_so()
    {
        var file = await WriteAsync([]);
        Assert.Equal(
            "sequence,event_id,at,code,outcome,actor_kind,actor_tenant_id,actor_object_id,actor_name,actor_roles,on_behalf_of_object_id,subject_tenant_id,subject_object_id,subject_name,scope,vault,secret,role,request_id,request_reference,grant_id,policy,policy_version,reason,comment,provider_request_id,window_start,window_end,correlation_id,client_address,user_agent,on_behalf_of_tenant_id,on_behalf_of_name,provider_correlation_id,position,leaf_hash,field_digests,proof",
            string.Join(',', StrictCsv.Read(file)[0]));
    }

    [Fact]
    public async Task Every_field_stands_in_its_column()
    {
        var principal = new PrincipalId(Guid.NewGuid(), Guid.NewGuid());
        var behalf = new PrincipalId(Guid.NewGuid(), Guid.NewGuid());
        var actor = Person("Ada") with { OnBehalfOf = behalf, OnBehalfOfName = "Cyd", Client = new ClientInfo("192.0.2.7", "curl/8"), CorrelationId = "c0ffee" };
        var about = new AuditSubject
        {
            Principal = principal,
            PrincipalName = "Ben",
            Scope = "/subscriptions/s",
            VaultName = "kv-a",
            SecretName = "db",
            RoleName = "Key Vault Secrets User",
            RequestId = Guid.NewGuid(),
            RequestReference = "R-1",
            GrantId = Guid.NewGuid(),
            PolicyName = "prod",
            PolicyVersion = 3,
        };
        var happened = new AuditEvent(AuditCode.GrantActivated, AuditOutcome.Success, actor, about, new AuditDetail("why", "text", "prov-1", At.AddMinutes(1), At.AddMinutes(31)) { ProviderCorrelationId = "prov-2" }, At.ToOffset(TimeSpan.FromHours(5)));
        var records = StrictCsv.Read(await WriteAsync([happened]));
        var row = records[0].Zip(records[1]).ToDictionary(cell => cell.First, cell => cell.Second);

        Assert.Equal("0", row["sequence"]);
        Assert.Equal(happened.EventId.ToString("D"), row["event_id"]);
        Assert.Equal("2026-11-22T17:40:05.007Z", row["at"]);
        Assert.Equal("grant.activated", row["code"]);
        Assert.Equal("Success", row["outcome"]);
        Assert.Equal("Person", row["actor_kind"]);
        Assert.Equal(actor.Id!.Value.TenantId.ToString("D"), row["actor_tenant_id"]);
        Assert.Equal(actor.Id!.Value.ObjectId.ToString("D"), row["actor_object_id"]);
        Assert.Equal("Ada", row["actor_name"]);
        Assert.Equal("Requester Auditor", row["actor_roles"]);
        Assert.Equal(behalf.ObjectId.ToString("D"), row["on_behalf_of_object_id"]);
        Assert.Equal(principal.TenantId.ToString("D"), row["subject_tenant_id"]);
        Assert.Equal(principal.ObjectId.ToString("D"), row["subject_object_id"]);
        Assert.Equal("Ben", row["subject_name"]);
        Assert.Equal("/subscriptions/s", row["scope"]);
        Assert.Equal("kv-a", row["vault"]);
        Assert.Equal("db", row["secret"]);
        Assert.Equal("Key Vault Secrets User", row["role"]);
        Assert.Equal(about.RequestId!.Value.ToString("D"), row["request_id"]);
        Assert.Equal("R-1", row["request_reference"]);
        Assert.Equal(about.GrantId!.Value.ToString("D"), row["grant_id"]);
        Assert.Equal("prod", row["policy"]);
        Assert.Equal("3", row["policy_version"]);
        Assert.Equal("why", row["reason"]);
        Assert.Equal("text", row["comment"]);
        Assert.Equal("prov-1", row["provider_request_id"]);
        Assert.Equal("2026-11-22T17:41:05.007Z", row["window_start"]);
        Assert.Equal("2026-11-22T18:11:05.007Z", row["window_end"]);
        Assert.Equal("c0ffee", row["correlation_id"]);
        Assert.Equal("192.0.2.7", row["client_address"]);
        Assert.Equal("curl/8", row["user_agent"]);
        Assert.Equal(behalf.TenantId.ToString("D"), row["on_behalf_of_tenant_id"]);
        Assert.Equal("Cyd", row["on_behalf_of_name"]);
        Assert.Equal("prov-2", row["provider_correlation_id"]);
        Assert.Equal(records[0].Length, row.Count);
    }

    [Theory]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(40)]
    public async Task A_proof_in_a_log_of_many_millions_is_written_whole(int hashes)
    {
        var path = Enumerable.Range(0, hashes).Select(n => Enumerable.Repeat((byte)n, 32).ToArray()).ToList();
        var rows = new AuditRows();
        foreach (var _ in AuditColumn.All)
            rows.AddNothing();
        rows.EndRow(1_000_000, new byte[192]);
        // As an export does that reads beside the log's own tiles, of which no test makes so many.
        typeof(AuditRows).GetMethod("Prove", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<ProveRow>()(rows, 0, new byte[32], path);
        using var file = new MemoryStream();
        await AuditCsv.WriteAsync(Rows.Export(new[] { rows }.ToAsyncEnumerable()), file, TestContext.Current.CancellationToken);
        var row = StrictCsv.Read(file.ToArray())[1];
        Assert.Equal(string.Join(' ', path.Select(Convert.ToBase64String)), row[^1]);
    }

    private delegate void ProveRow(AuditRows rows, int row, ReadOnlySpan<byte> leaf, IReadOnlyList<byte[]>? path);

    [Fact]
    public async Task What_is_unknown_is_an_empty_cell()
    {
        var happened = new AuditEvent(AuditCode.RequestLapsed, AuditOutcome.Success, Actor.System with { CorrelationId = "" }, AuditSubject.Nothing, AuditDetail.None, At);
        var row = StrictCsv.Read(await WriteAsync([happened]))[1];
        Assert.Equal(["0", happened.EventId.ToString("D"), "2026-11-22T17:40:05.007Z", "request.lapsed", "Success", "System", "", "", "system"], row[..9]);
        Assert.All(row[9..], Assert.Empty);
    }

    [Fact]
    public async Task The_readers_culture_changes_nothing()
    {
        var before = CultureInfo.CurrentCulture;
        var happened = Saying("text");
        var usual = await WriteAsync([happened]);
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("ar-SA");
            Assert.Equal(usual, await WriteAsync([happened]));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public async Task A_fault_while_reading_comes_through_and_the_file_says_that_it_is_incomplete()
    {
        var destination = new OnlyAsync();
        var fault = await Assert.ThrowsAsync<IOException>(() => WriteAsync(Failing(), destination));
        Assert.Equal("gone", fault.Message);
        var records = StrictCsv.Read(destination.ToArray());
        Assert.Equal(("1", "export.incomplete"), (records[^1][0], records[^1][3]));
        Assert.Equal(3, records.Count);

        static async Task WriteAsync(IAsyncEnumerable<AuditRows> pieces, Stream destination)
        {
            var export = Rows.Export(pieces);
            await AuditCsv.WriteAsync(export, destination, TestContext.Current.CancellationToken);
            export.ThrowIfBroken();
        }

        static async IAsyncEnumerable<AuditRows> Failing()
        {
            await foreach (var piece in Rows.Of([Saying("one")]))
                yield return piece;
            throw new IOException("gone");
        }
    }

    [Fact]
    public async Task Memory_does_not_grow_with_the_number_of_events()
    {
        var piece = await Rows.Of(Enumerable.Repeat(Saying('=' + new string('x', 1000)), AuditRows.Most)).SingleAsync(TestContext.Current.CancellationToken);
        await AllocatedAsync(1_000);
        var few = await AllocatedAsync(10_000);
        var many = await AllocatedAsync(100_000);
        // Bytes per event; a writer that kept what it wrote would be at more than 1,000. Nothing here waits, so all of it runs on this thread.
        Assert.InRange((many - few) / 90_000, 0, 100);

        async Task<long> AllocatedAsync(int count)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var export = Rows.Export(Enumerable.Repeat(piece, count / AuditRows.Most).ToAsyncEnumerable());
            await AuditCsv.WriteAsync(export, new OnlyAsync(keep: false), TestContext.Current.CancellationToken);
            Assert.Equal(count, export.Rows);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static async Task<List<string>> AssertComesBackAsync(IReadOnlyList<string> texts)
    {
        var records = StrictCsv.Read(await WriteAsync([.. texts.Select(Saying)]));
        Assert.Equal(texts.Count + 2, records.Count);
        Assert.All(records.SelectMany(record => record), cell => Assert.False(cell.Length > 0 && Dangerous.Contains(cell[0]), $"A cell starts with {Quote(cell)}."));
        var column = records[0].IndexOf("comment");
        var cells = records[1..^1].ConvertAll(record => record[column]);
        for (var i = 0; i < texts.Count; i++)
        {
            Assert.True(texts[i] == SpreadsheetGuard.Remove(cells[i]), $"{Quote(texts[i])} came back as {Quote(cells[i])}.");
            Assert.True(texts[i] == cells[i] || "'" + texts[i] == cells[i], $"{Quote(texts[i])} was changed by more than the guard: {Quote(cells[i])}.");
        }

        return cells;
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    private static async Task<byte[]> WriteAsync(IReadOnlyList<AuditEvent> events)
    {
        var destination = new OnlyAsync();
        await AuditCsv.WriteAsync(Rows.Export(Rows.Of(events)), destination, TestContext.Current.CancellationToken);
        return destination.ToArray();
    }

    private static AuditEvent Saying(string text) =>
        new(AuditCode.RequestSubmitted, AuditOutcome.Success, Person("Ada Okafor"), new AuditSubject { VaultName = "kv-a" }, new AuditDetail(Comment: text), At);

    private static Actor Person(string name) =>
        new(ActorKind.Person, new PrincipalId(Guid.Parse("0c8a6dd0-0000-4000-8000-000000000001"), Guid.Parse("0c8a6dd0-0000-4000-8000-000000000002")), name, null, new HashSet<PortalRole> { PortalRole.Requester, PortalRole.Auditor }, new HashSet<Guid>());

    private static List<string> Strings(string file) =>
        JsonSerializer.Deserialize<List<string>>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", file), Encoding.UTF8))!;

    /// <summary>A response body: writing synchronously is an error, as Kestrel has it.</summary>
    private sealed class OnlyAsync(bool keep = true) : Stream
    {
        private readonly MemoryStream _kept = new();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public byte[] ToArray() => _kept.ToArray();

        public override void Flush() => throw new InvalidOperationException("Synchronous.");

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Write(byte[] buffer, int offset, int count) => throw new InvalidOperationException("Synchronous.");

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (keep)
                _kept.Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
