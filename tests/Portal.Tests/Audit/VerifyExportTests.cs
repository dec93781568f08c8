using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Exports.Checking;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>Export files, whole and broken in every way that we thought of, checked with nothing but the file and the public key.</summary>
public sealed class VerifyExportTests
{
    private static readonly AuditFilter Vault = new() { VaultName = "kv-a" };

    public static TheoryData<ExportFormat, bool> Files => new(from format in Enum.GetValues<ExportFormat>() from whole in new[] { true, false } select (format, whole));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task Every_file_of_every_format_holds_whatever_people_wrote(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AuditReadingTests.AddHostileAsync(world);
        await AuditListTests.AddAsync(world, 1200, seed: 3);
        var log = new SealedLog(world);
        await log.SealAsync();
        // What just happened is sealed for the file.
        await AuditListTests.AddAsync(world, 7, seed: 4);
        foreach (var format in Enum.GetValues<ExportFormat>())
            foreach (var filter in (AuditFilter[])[new(), Vault, new() { From = PortalWorld.Start.AddMinutes(20) }, new() { PersonObjectId = Company.Mira.ObjectId }, new() { RequestReference = "none" }])
            {
                var file = await ExportAsync(world, filter, format);
                var verdict = await VerifyAsync(log, file);
                Assert.True(verdict.Holds, $"{format}: {verdict.Fault?.Message}");
                Assert.Equal(filter == new AuditFilter() ? "whole" : "filtered", verdict.Statement!.Kind);
                Assert.Equal(verdict.Rows, verdict.Statement.Rows);
            }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_changed_cell_of_any_column_is_named_with_its_event(bool whole)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await FillAsync(world);
        var records = StrictCsv.Read(await ExportAsync(world, whole ? new AuditFilter() : Vault, ExportFormat.Csv));
        var header = records[0];
        for (var column = 0; column < header.Length; column++)
        {
            if (whole && header[column] == "proof")
                continue;
            var changed = records.ConvertAll(record => (string[])record.Clone());
            changed[5][column] = Other(header[column], changed[5][column]);
            var verdict = await VerifyAsync(log, Csv(changed));
            Assert.False(verdict.Holds, header[column]);
            Assert.Equal(5, verdict.Fault!.Row);
            // What was moved to another place is known by its place; what it would have to be there is not.
            if (header[column] is not ("position" or "proof"))
                Assert.Equal(header[column], verdict.Fault.Field);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_changed_cell_of_the_last_row_is_found(bool whole)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await FillAsync(world);
        var records = StrictCsv.Read(await ExportAsync(world, whole ? new AuditFilter() : Vault, ExportFormat.Csv));
        var header = records[0];
        for (var column = 0; column < header.Length; column++)
        {
            var changed = records.ConvertAll(record => (string[])record.Clone());
            var cell = changed[^1][column];
            // Its words are for people; the signed checkpoint below them is not.
            changed[^1][column] = header[column] == "comment" ? cell.Replace("\n\n", "\n\nx", StringComparison.Ordinal) : header[column] == "reason" ? (whole ? "filtered" : "whole") : Other(header[column], cell);
            Assert.False((await VerifyAsync(log, Csv(changed))).Holds, header[column]);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_that_lost_repeats_moves_or_adds_rows_does_not_hold(ExportFormat format, bool whole)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await FillAsync(world);
        var lines = Lines(await ExportAsync(world, whole ? new AuditFilter() : Vault, format), format);
        var first = format == ExportFormat.Ocsf ? 0 : 1;
        (string What, Func<List<string>, IEnumerable<string>> Break)[] ways =
        [
            ("a row is gone", l => l.Where((_, i) => i != first + 3)),
            ("the first row is gone", l => l.Where((_, i) => i != first)),
            ("the last row is gone", l => l.Where((_, i) => i != l.Count - 2)),
            ("the end is gone", l => l[..^1]),
            ("the file is cut", l => l[..10]),
            ("a row is there twice", l => [.. l[..(first + 4)], l[first + 3], .. l[(first + 4)..]]),
            ("a row is there again later", l => [.. l[..^1], l[first + 3], l[^1]]),
            ("two rows are swapped", l => [.. l[..(first + 3)], l[first + 4], l[first + 3], .. l[(first + 5)..]]),
            ("all rows are turned round", l => [.. l[..first], .. l[first..^1].AsEnumerable().Reverse(), l[^1]]),
            ("a row follows the end", l => [.. l, l[first + 1]]),
            ("the end is there twice", l => [.. l, l[^1]]),
            ("two files in one", l => [.. l, .. l]),
            ("nothing is left", _ => []),
        ];
        foreach (var (what, way) in ways)
        {
            var broken = Encoding.UTF8.GetBytes(string.Concat(way(lines)));
            var verdict = await VerifyAsync(log, broken);
            Assert.False(verdict.Holds, what);
            Assert.NotNull(verdict.Fault);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_cut_at_any_byte_does_not_hold(ExportFormat format, bool whole)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await FillAsync(world, 12);
        var file = await ExportAsync(world, whole ? new AuditFilter() : Vault, format);
        for (var length = 0; length < file.Length - 2; length += 61)
            Assert.False((await VerifyAsync(log, file[..length])).Holds, $"{length} of {file.Length}");
    }

    [Theory]
    [InlineData(ExportFormat.JsonLines)]
    [InlineData(ExportFormat.Ocsf)]
    public async Task A_changed_value_of_a_json_line_is_found(ExportFormat format)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await FillAsync(world);
        var lines = Lines(await ExportAsync(world, Vault, format), format);
        var leaves = new List<string>();
        Walk(JsonNode.Parse(lines[3])!, "", (path, _) => leaves.Add(path));
        Assert.True(leaves.Count > 20);
        foreach (var leaf in leaves)
        {
            var line = JsonNode.Parse(lines[3])!;
            Walk(line, "", (path, node) =>
            {
                if (path == leaf)
                    node.ReplaceWith(node.GetValueKind() == System.Text.Json.JsonValueKind.Number ? JsonValue.Create(node.GetValue<long>() + 1) : JsonValue.Create(node.GetValue<string>() + "x"));
            });
            var changed = lines.ToList();
            changed[3] = line.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
            Assert.False((await VerifyAsync(log, Encoding.UTF8.GetBytes(string.Concat(changed)))).Holds, leaf);
        }
    }

    [Fact]
    public async Task An_event_changed_together_with_its_hashes_is_found_and_more_checkpoints_say_where()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AuditListTests.AddAsync(world, 30, seed: 5);
        var log = new SealedLog(world);
        await log.SealAsync();
        await AuditListTests.AddAsync(world, 30, seed: 6);
        await log.SealAsync();
        var kept = string.Join('\n', await world.ReadAsync(db => db.AuditCheckpoints.OrderBy(c => c.Size).Select(c => c.Note).ToListAsync(Ct)));
        foreach (var filter in (AuditFilter[])[new(), Vault])
        {
            var records = StrictCsv.Read(await ExportAsync(world, filter, ExportFormat.Csv));
            Forge(records[0], records[8]);
            var verdict = await VerifyAsync(log, Csv(records));
            Assert.Equal(ExportFaultCode.NotInLog, verdict.Fault!.Code);
            Assert.Equal(filter == Vault ? 8 : null, verdict.Fault.Row);
            if (filter == Vault)
                continue;
            var narrowed = await VerifyAsync(log, Csv(records), kept);
            Assert.StartsWith("The first 30 events", narrowed.Fault!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_of_another_log_another_key_or_another_checkpoint_does_not_hold()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await FillAsync(world);
        await using var elsewhere = await PortalWorld.OpenAsync(empty: true);
        var other = await FillAsync(elsewhere);
        var file = await ExportAsync(world, new AuditFilter(), ExportFormat.Csv);
        Assert.Equal(ExportFaultCode.Signature, (await VerifyAsync(other, file)).Fault!.Code);

        // Rows of one export under the end of another.
        var (mine, theirs) = (StrictCsv.Read(file), StrictCsv.Read(await ExportAsync(elsewhere, new AuditFilter(), ExportFormat.Csv)));
        Assert.False((await VerifyAsync(log, Csv([.. theirs[..^1], mine[^1]]))).Holds);
        // A filtered export that claims to be whole.
        var part = StrictCsv.Read(await ExportAsync(world, Vault, ExportFormat.Csv));
        part[^1][part[0].IndexOf("reason")] = "whole";
        Assert.False((await VerifyAsync(log, Csv(part))).Holds);
        // A checkpoint that was kept elsewhere and says something else of the same log.
        var lie = new Checkpoint(log.Key.Verifier.Name, long.Parse(mine[^1][mine[0].IndexOf("position")], CultureInfo.InvariantCulture), new byte[32], PortalWorld.Start);
        var verdict = await VerifyAsync(log, file, SignedNote.Sign(lie.ToText(), log.Key).ToString());
        Assert.Equal(ExportFaultCode.Checkpoints, verdict.Fault!.Code);
    }

    [Fact]
    public async Task What_an_auditor_may_not_see_of_others_carries_no_proof_and_the_verdict_says_so()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await FillAsync(world);
        var file = await ExportAsync(world, new AuditFilter(), ExportFormat.Csv, Company.Mira);
        var verdict = await VerifyAsync(log, file);
        Assert.Null(verdict.Fault);
        Assert.InRange(verdict.Unproven, 1, verdict.Rows - 1);
        Assert.False(verdict.Holds);
        Assert.Contains("carry no proof", verdict.Statement!.Words, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, ExportFormat> Tampering => new(
        from way in new (string Change, string What)[]
        {
            ("UPDATE \"AuditEvents\" SET \"Comment\" = 'I was never here' WHERE \"Sequence\" = 7", "is not as it was sealed: comment"),
            ("DELETE FROM \"AuditEvents\" WHERE \"Sequence\" = 7", "is gone"),
            ("stranger", "was never sealed"),
            // A note for an event that never was, to make up for it in the count.
            ("stranger; INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") VALUES ('9998-01-01 00:00:00', '0193B3B0-0000-7000-8000-00000000000F')", "was never sealed"),
            ("DELETE FROM \"AuditLeaves\" WHERE \"Position\" = 6", "lost its events from position 6"),
            ("DELETE FROM \"AuditTiles\" WHERE \"Level\" = 0", "lost the hash at position 0"),
            ("UPDATE \"AuditTiles\" SET \"Hashes\" = zeroblob(length(\"Hashes\"))", "position 0 is not as it was sealed"),
        }
        from format in Enum.GetValues<ExportFormat>()
        select (way.Change, way.What, format));

    [Theory]
    [MemberData(nameof(Tampering))]
    public async Task A_log_that_does_not_hold_is_exported_and_the_file_says_what_is_wrong(string change, string what, ExportFormat format)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await FillAsync(world);
        var size = await world.ReadAsync(db => db.AuditCheckpoints.MaxAsync(c => c.Size, Ct));
        await using (var db = world.OpenDb())
            await db.Database.ExecuteSqlRawAsync(change.Replace("stranger", Copy(db), StringComparison.Ordinal), Ct);
        // Of the checkpoint that there is: a new one waits for what waits, by a clock that stands still here.
        var export = await OrderAsync(world, new AuditFilter(), Company.Ingrid, size);
        var file = new MemoryStream();
        await export.WriteAsync(format, file, Ct);
        Assert.Equal("export.unverified", export.End!.Code);
        Assert.Contains(what, export.End.Why, StringComparison.Ordinal);
        Assert.False((await VerifyAsync(log, file.ToArray())).Holds);
    }

    [Fact]
    public async Task Who_loses_their_role_in_the_middle_gets_a_file_that_says_that_it_is_incomplete()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var log = await FillAsync(world, 2500);
        var export = await OrderAsync(world, new AuditFilter(), Company.Ingrid);
        var pieces = 0;
        await foreach (var piece in export.ReadAsync(Ct))
            if (++pieces == 1)
            {
                world.Directory.TakeRoles(Company.Ingrid);
                world.Clock.Advance(ExportAuditEvents.AskEvery);
            }

        Assert.Equal((1, ExportOutcome.Incomplete, 1000), (pieces, export.End!.Outcome, export.End.Rows));
        export.ThrowIfBroken();
        Assert.NotNull(log);
    }

    [Fact]
    public async Task The_same_export_is_the_same_to_the_byte_and_another_readers_is_another()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await FillAsync(world);
        var size = await world.ReadAsync(db => db.AuditLeaves.LongCountAsync(Ct));
        var (one, same, other) = (await OrderAsync(world, Vault, Company.Ingrid, size), await OrderAsync(world, Vault, Company.Ingrid, size), await OrderAsync(world, Vault, Company.Mira, size));
        Assert.Equal(one.Fingerprint, same.Fingerprint);
        Assert.NotEqual(one.Fingerprint, other.Fingerprint);
        foreach (var format in Enum.GetValues<ExportFormat>())
            Assert.Equal(await ExportAsync(world, Vault, format, size: size), await ExportAsync(world, Vault, format, size: size));
    }

    [Fact]
    public async Task Filters_that_a_line_feed_makes_look_alike_are_other_exports()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await FillAsync(world);
        var size = await world.ReadAsync(db => db.AuditLeaves.LongCountAsync(Ct));
        AuditFilter[] filters =
        [
            new() { Text = "key", VaultName = "kv-a" },
            new() { Text = "key\nvault_name=kv-a" },
            new() { SecretName = "db\ntext=key\nvault_name=kv-a" },
            new() { SecretName = "db\ntext=key", VaultName = "kv-a" },
            new() { SecretName = "db", Text = "key\nvault_name=kv-a" },
            new() { SecretName = "db", Text = "key", VaultName = "kv-a" },
        ];
        var exports = new List<string>();
        foreach (var filter in filters)
            exports.Add((await OrderAsync(world, filter, Company.Ingrid, size)).Fingerprint);
        Assert.Equal(filters.Length, exports.Distinct().Count());
    }

    internal static async Task<SealedLog> FillAsync(PortalWorld world, int events = 60)
    {
        await AuditListTests.AddAsync(world, events, seed: 8);
        var log = new SealedLog(world);
        await log.SealAsync();
        return log;
    }

    private static async Task<AuditExport> OrderAsync(PortalWorld world, AuditFilter filter, TestPerson reader, long? size = null)
    {
        var result = await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(filter, size), await world.IdentifyAsync(reader), Ct);
        Assert.Empty(result.Refusals);
        return result.Value;
    }

    internal static async Task<byte[]> ExportAsync(PortalWorld world, AuditFilter filter, ExportFormat format, TestPerson? reader = null, long? size = null)
    {
        var file = new MemoryStream();
        await (await OrderAsync(world, filter, reader ?? Company.Ingrid, size)).WriteAsync(format, file, Ct);
        return file.ToArray();
    }

    internal static Task<ExportVerdict> VerifyAsync(SealedLog log, byte[] file, string? checkpoints = null) => VerifyAsync([log.Key.Verifier], file, checkpoints);

    internal static async Task<ExportVerdict> VerifyAsync(IReadOnlyList<VerifierKey> keys, byte[] file, string? checkpoints = null)
    {
        var directory = Directory.CreateTempSubdirectory("portal-verify-").FullName;
        try
        {
            var path = Path.Combine(directory, "export");
            await File.WriteAllBytesAsync(path, file, Ct);
            if (checkpoints is not null)
                await File.WriteAllTextAsync(path + ".notes", checkpoints, Ct);
            return (await new VerifyExport().ExecuteAsync(new ExportToVerify(path, keys, checkpoints is null ? null : path + ".notes"), null, Actor.System, Ct)).Value;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // An event that nobody recorded: a copy of another with an id and a number of its own.
    private static string Copy(PortalDb db)
    {
        var columns = db.Model.FindEntityType(typeof(AuditEvent))!.GetProperties().Select(p => p.Name).ToList();
        var values = columns.Select(c => c switch { "Sequence" => "1000", "EventId" => "'0193B3B0-0000-7000-8000-000000000000'", _ => $"\"{c}\"" });
        return $"INSERT INTO \"AuditEvents\" ({string.Join(", ", columns.Select(c => $"\"{c}\""))}) SELECT {string.Join(", ", values)} FROM \"AuditEvents\" WHERE \"Sequence\" = 7";
    }

    private static void Forge(string[] header, string[] record)
    {
        record[header.IndexOf("comment")] = "I was never here";
        var canonical = new CanonicalEvent();
        for (var column = 0; column < EventFields.Count; column++)
            if (record[column].Length > 0)
                canonical.SetUtf8((EventField)column, Encoding.UTF8.GetBytes(SpreadsheetGuard.Remove(record[column])));
        record[header.IndexOf("leaf_hash")] = Convert.ToHexStringLower(canonical.LeafHash());
        record[header.IndexOf("field_digests")] = SpreadsheetGuard.Add(System.Buffers.Text.Base64Url.EncodeToString(canonical.FieldDigests()));
    }

    internal static string Other(string column, string cell) => column switch
    {
        "leaf_hash" => (cell.StartsWith('0') ? "1" : "0") + (cell.Length > 0 ? cell[1..] : new string('0', 63)),
        "field_digests" => cell.Length > 4 ? cell[..2] + (cell[2] == 'A' ? "B" : "A") + cell[3..] : "AAAA",
        "proof" => cell.Length > 10 ? cell[..4] + (cell[4] == 'A' ? "B" : "A") + cell[5..] : Convert.ToBase64String(new byte[32]),
        "position" or "sequence" or "policy_version" => (long.Parse(cell.Length == 0 ? "0" : cell, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture),
        "at" when cell.Length > 0 => cell[..20] + (cell[20] == '9' ? "8" : "9") + cell[21..],
        _ => cell + "x",
    };

    private static byte[] Csv(IEnumerable<string[]> records) =>
        [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(string.Concat(records.Select(record => string.Join(',', record.Select(cell => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\r\n")))];

    internal static List<string> Lines(byte[] file, ExportFormat format) => format == ExportFormat.Csv
        ? [.. StrictCsv.Read(file).Select((record, i) => (i == 0 ? "\uFEFF" : "") + string.Join(',', record.Select(cell => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\r\n")]
        : [.. Encoding.UTF8.GetString(file).Split('\n')[..^1].Select(line => line + "\n")];

    private static void Walk(JsonNode node, string path, Action<string, JsonValue> visit)
    {
        switch (node)
        {
            case JsonObject many:
                foreach (var (name, value) in many.ToList())
                    Walk(value!, $"{path}.{name}", visit);
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                    Walk(list[i]!, $"{path}[{i}]", visit);
                break;
            case JsonValue value:
                visit(path, value);
                break;
        }
    }
}
