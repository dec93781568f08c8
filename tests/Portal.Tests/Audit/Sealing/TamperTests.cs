using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>Whoever changes the database behind the portal's back is found out: every row, every column and every kind of change of a log of 1,000 events.</summary>
public sealed class TamperTests
{
    private const int Events = 1000;

    private static readonly string[] Tables = ["AuditEvents", "AuditLeaves", "AuditTiles", "AuditCheckpoints", "AuditKeys", "PendingSeals"];

    // Column and what it is: t text, g GUID, i instant, n number.
    private static readonly (string Column, EventField Field, char Kind)[] Columns =
    [
        ("At", EventField.At, 'i'), ("Code", EventField.Code, 't'), ("Outcome", EventField.Outcome, 't'), ("ActorKind", EventField.ActorKind, 't'), ("ActorTenantId", EventField.ActorTenantId, 'g'),
        ("ActorObjectId", EventField.ActorObjectId, 'g'), ("ActorName", EventField.ActorName, 't'), ("ActorRoles", EventField.ActorRoles, 't'), ("OnBehalfOfObjectId", EventField.OnBehalfOfObjectId, 'g'),
        ("SubjectTenantId", EventField.SubjectTenantId, 'g'), ("SubjectObjectId", EventField.SubjectObjectId, 'g'), ("SubjectName", EventField.SubjectName, 't'), ("Scope", EventField.Scope, 't'),
        ("VaultName", EventField.Vault, 't'), ("SecretName", EventField.Secret, 't'), ("RoleName", EventField.Role, 't'), ("RequestId", EventField.RequestId, 'g'),
        ("RequestReference", EventField.RequestReference, 't'), ("GrantId", EventField.GrantId, 'g'), ("PolicyName", EventField.Policy, 't'), ("PolicyVersion", EventField.PolicyVersion, 'n'),
        ("Reason", EventField.Reason, 't'), ("Comment", EventField.Comment, 't'), ("ProviderRequestId", EventField.ProviderRequestId, 't'), ("WindowStart", EventField.WindowStart, 'i'),
        ("WindowEnd", EventField.WindowEnd, 'i'), ("CorrelationId", EventField.CorrelationId, 't'), ("ClientAddress", EventField.ClientAddress, 't'), ("UserAgent", EventField.UserAgent, 't'),
        ("OnBehalfOfTenantId", EventField.OnBehalfOfTenantId, 'g'), ("OnBehalfOfName", EventField.OnBehalfOfName, 't'), ("ProviderCorrelationId", EventField.ProviderCorrelationId, 't'),
    ];

    [Fact]
    public void Every_column_is_tampered_with() =>
        Assert.Equal(Enum.GetValues<EventField>().Except([EventField.Sequence, EventField.EventId]).Order(), Columns.Select(c => c.Field).Order());

    [Theory, BothDatabases]
    public async Task Every_change_of_any_column_of_any_row_is_named(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind);
        foreach (var (column, field, type) in Columns)
        {
            await SqlAsync(world, $"UPDATE \"AuditEvents\" SET \"{column}\" = {Other(kind, type, column)}");
            await AssertNamedAsync(world, field, Events);
            await RestoreAsync(world, "AuditEvents");
        }

        foreach (var (column, field, _) in Columns.Where(c => c.Column is "ActorTenantId" or "SubjectName" or "VaultName" or "RequestId" or "Comment" or "WindowStart" or "PolicyVersion" or "UserAgent"))
        {
            var held = await CountAsync(world, $"SELECT count(*) FROM \"AuditEvents\" WHERE \"{column}\" IS NOT NULL");
            Assert.InRange(held, 1, Events);
            await SqlAsync(world, $"UPDATE \"AuditEvents\" SET \"{column}\" = NULL");
            await AssertNamedAsync(world, field, held);
            await RestoreAsync(world, "AuditEvents");
        }

        // The same in another form, which no filter and no legal hold would meet any more: only SQLite can hold one.
        if (kind == DatabaseKind.Sqlite)
            foreach (var (column, field, type) in Columns)
                foreach (var (form, where) in OtherForms(column, type))
                {
                    var held = await CountAsync(world, $"SELECT count(*) FROM \"AuditEvents\" WHERE {where}");
                    Assert.InRange(held, 1, Events);
                    await SqlAsync(world, $"UPDATE \"AuditEvents\" SET \"{column}\" = {form} WHERE {where}");
                    await AssertNamedAsync(world, field, held);
                    await RestoreAsync(world, "AuditEvents");
                }

        // The number that the database gave an event is sealed as well.
        await SqlAsync(world, "UPDATE \"AuditEvents\" SET \"Sequence\" = \"Sequence\" + 100000");
        await AssertNamedAsync(world, EventField.Sequence, Events);
        await RestoreAsync(world, "AuditEvents");
        Assert.True((await VerifyAsync(world)).Holds);
    }

    [Theory]
    [InlineData("a changed time by a microsecond", "UPDATE \"AuditEvents\" SET \"At\" = '2026-03-02 09:00:00.000001' WHERE \"Sequence\" = 1", "at is now '2026-03-02T09:00:00.0000010Z'")]
    [InlineData("a text in a number's place", "UPDATE \"AuditEvents\" SET \"PolicyVersion\" = 'three' WHERE \"Sequence\" = 500", "policy_version is now 'three'")]
    [InlineData("a number that is no GUID", "UPDATE \"AuditEvents\" SET \"GrantId\" = 7 WHERE \"Sequence\" = 500", "grant_id is now '7'")]
    [InlineData("36 bytes that are no GUID where there was nothing", "UPDATE \"AuditEvents\" SET \"GrantId\" = 'ü2345678-0000-4000-8000-00000000000' WHERE \"Sequence\" = 1", "grant_id is now 'ü2345678-")]
    [InlineData("bytes that would be read as what they took the place of", "UPDATE \"AuditEvents\" SET \"SubjectName\" = CAST(replace(CAST(\"SubjectName\" AS BLOB), x'e280af', x'ff') AS TEXT) WHERE \"Sequence\" = 500", "subject_name is now")]
    [InlineData("bytes in a text's place", "UPDATE \"AuditEvents\" SET \"Comment\" = x'00ff' WHERE \"Sequence\" = 500", "comment is now")]
    [InlineData("a time with zeros behind it, which sorts elsewhere", "UPDATE \"AuditEvents\" SET \"At\" = \"At\" || '0' WHERE \"Sequence\" = 500", "at is now '2026-03-02")]
    [InlineData("a time as the log has it, and no database of the portal's", "UPDATE \"AuditEvents\" SET \"At\" = replace(\"At\", ' ', 'T') || 'Z' WHERE \"Sequence\" = 500", "in a form in which")]
    [InlineData("an empty text where there was no id", "UPDATE \"AuditEvents\" SET \"GrantId\" = '' WHERE \"Sequence\" = 1", "grant_id is now empty, in a form")]
    [InlineData("an empty text where there was no instant", "UPDATE \"AuditEvents\" SET \"WindowEnd\" = '' WHERE \"Sequence\" = 1", "window_end is now empty, in a form")]
    [InlineData("an empty text where there was no number", "UPDATE \"AuditEvents\" SET \"PolicyVersion\" = '' WHERE \"Sequence\" = 1", "policy_version is now empty, in a form")]
    public async Task What_the_portal_could_never_write_is_named_and_not_stumbled_over(string what, string sql, string says)
    {
        await using var world = await SealedAsync(DatabaseKind.Sqlite);
        await SqlAsync(world, sql);
        var report = await VerifyAsync(world);
        Assert.True(report.Findings.Count == 1 && report.Findings[0].What.Contains(says, StringComparison.Ordinal), $"{what}: {string.Join('\n', report.Findings.Select(f => f.What))}");
    }

    [Theory, BothDatabases]
    public async Task Every_other_kind_of_change_is_found_and_said(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind);
        var id = kind == DatabaseKind.Sqlite ? "'FFFFFFFF-0000-4000-8000-' || printf('%012X', \"Sequence\")" : "gen_random_uuid()";
        var columns = string.Join(", ", Columns.Select(c => $"\"{c.Column}\""));
        var byHand = $"INSERT INTO \"AuditEvents\" (\"Sequence\", \"EventId\", {columns}) SELECT \"Sequence\" + 5000, {id}, {columns} FROM \"AuditEvents\" WHERE \"Sequence\" = 7";
        var never = kind == DatabaseKind.Sqlite ? "'9998-01-01 00:00:00'" : "timestamptz '9998-01-01 00:00:00Z'";
        var own = SigningKey.Create("portal.test/audit");
        var beneath = SignedNote.Parse(world.Checkpoints.Notes.Single(note => CheckpointFile.SizeOf(note) == 300))!;
        beneath = beneath with { Signatures = [.. beneath.Signatures, own.Sign(beneath.Text)] };
        (string Sql, string Says)[] changes =
        [
            ("DELETE FROM \"AuditEvents\" WHERE \"Sequence\" = 1", "at position 0 is not in the database: it was taken away"),
            ("DELETE FROM \"AuditEvents\" WHERE \"Sequence\" = 500", "at position 499 is not in the database"),
            ("DELETE FROM \"AuditEvents\" WHERE \"Sequence\" > 990", "at position 990 is not in the database"),
            ("DELETE FROM \"AuditEvents\"", "at position 0 is not in the database"),
            ("DELETE FROM \"AuditLeaves\" WHERE \"Position\" = 499", "no event at position 499"),
            ("DELETE FROM \"AuditEvents\" WHERE \"Sequence\" = 500; DELETE FROM \"AuditLeaves\" WHERE \"Position\" = 499", "no event at position 499"),
            ("DELETE FROM \"AuditEvents\" WHERE \"Sequence\" > 990; DELETE FROM \"AuditLeaves\" WHERE \"Position\" >= 990", "has a checkpoint of 1000 events"),
            (byHand, "number 5007, was not written by the portal"),
            ($"{byHand}; INSERT INTO \"AuditLeaves\" (\"Position\", \"EventId\", \"FieldDigests\") SELECT 1000, e.\"EventId\", l.\"FieldDigests\" FROM \"AuditEvents\" e, \"AuditLeaves\" l WHERE e.\"Sequence\" = 5007 AND l.\"Position\" = 6", "at position 1000 was changed after it was sealed: sequence"),
            ("DROP INDEX \"IX_AuditEvents_EventId\"; INSERT INTO \"AuditEvents\" (\"Sequence\", \"EventId\", " + columns + ") SELECT \"Sequence\" + 5000, \"EventId\", " + columns + " FROM \"AuditEvents\" WHERE \"Sequence\" = 7", "position 6"),
            ($"UPDATE \"AuditEvents\" SET \"EventId\" = {id} WHERE \"Sequence\" = 500", "at position 499 is not in the database"),
            ($"UPDATE \"AuditEvents\" SET \"EventId\" = {id} WHERE \"Sequence\" = 500", "number 500, was not written by the portal"),
            ("UPDATE \"AuditLeaves\" SET \"Position\" = 5000 WHERE \"Position\" = 10; UPDATE \"AuditLeaves\" SET \"Position\" = 10 WHERE \"Position\" = 20; UPDATE \"AuditLeaves\" SET \"Position\" = 20 WHERE \"Position\" = 5000", "position 10 is not the one whose hash was sealed"),
            ("UPDATE \"AuditEvents\" SET \"Comment\" = (SELECT s.\"Comment\" FROM \"Saved_AuditEvents\" s WHERE s.\"Sequence\" = 31 - \"AuditEvents\".\"Sequence\") WHERE \"Sequence\" IN (10, 21)", "position 9 was changed after it was sealed: comment"),
            ($"UPDATE \"AuditLeaves\" SET \"FieldDigests\" = {Bytes(kind, "0102")} WHERE \"Position\" = 12", "position 12 were changed; the event was not"),
            ($"UPDATE \"AuditEvents\" SET \"Comment\" = 'x' WHERE \"Sequence\" = 13; UPDATE \"AuditLeaves\" SET \"FieldDigests\" = {Bytes(kind, "0102")} WHERE \"Position\" = 12", "position 12"),
            ($"UPDATE \"AuditTiles\" SET \"Hashes\" = {Bytes(kind, new string('0', 512 * 32))} WHERE \"Level\" = 0 AND \"Index\" = 1", "position 256 is not the one whose hash was sealed"),
            ($"UPDATE \"AuditTiles\" SET \"Hashes\" = {Bytes(kind, new string('0', 192))} WHERE \"Level\" = 1", "of level 1 of the log was changed"),
            ($"UPDATE \"AuditTiles\" SET \"Hashes\" = {Longer(kind, 16_384)} WHERE \"Level\" = 0 AND \"Index\" = 0", "Tile 0 of level 0 of the log was changed"),
            ($"UPDATE \"AuditTiles\" SET \"Hashes\" = {Longer(kind, 32)} WHERE \"Level\" = 0 AND \"Index\" = 3", "Tile 3 of level 0 of the log was changed"),
            ($"UPDATE \"AuditTiles\" SET \"Hashes\" = {Longer(kind, 5)} WHERE \"Level\" = 1", "Tile 0 of level 1 of the log was changed"),
            ("DELETE FROM \"AuditTiles\" WHERE \"Level\" = 0 AND \"Index\" = 0", "position 0 is missing"),
            ("DELETE FROM \"AuditTiles\" WHERE \"Level\" = 1", "of level 1 of the log was changed or taken away"),
            ($"INSERT INTO \"AuditTiles\" (\"Level\", \"Index\", \"Hashes\") VALUES (3, 9, {Bytes(kind, "00")})", "tiles, and"),
            ("DELETE FROM \"AuditCheckpoints\" WHERE \"Size\" = 300", "is in the test's store and not in the database"),
            ("UPDATE \"AuditCheckpoints\" SET \"Size\" = 299 WHERE \"Size\" = 300", "checkpoint of 299 events in the database has another size"),
            ("UPDATE \"AuditCheckpoints\" SET \"Note\" = replace(\"Note\", 'portal', 'mortal') WHERE \"Size\" = 300", "is signed by none of the log's keys"),
            ("UPDATE \"AuditCheckpoints\" SET \"Note\" = 'gone' WHERE \"Size\" = 300", "cannot be read"),
            ("INSERT INTO \"AuditCheckpoints\" (\"Size\", \"Time\", \"Note\") SELECT -1, \"Time\", 'x' FROM \"AuditCheckpoints\" WHERE \"Size\" = 300", "The checkpoint of -1 events"),
            ("INSERT INTO \"AuditCheckpoints\" (\"Size\", \"Time\", \"Note\") SELECT -1, \"Time\", \"Note\" FROM \"AuditCheckpoints\" WHERE \"Size\" = 300", "The checkpoint of -1 events"),
            ("UPDATE \"AuditKeys\" SET \"Until\" = \"Since\"", "No key of the log is in use in the database"),
            ("DELETE FROM \"AuditKeys\"", "is signed by none of the log's keys"),
            ($"INSERT INTO \"AuditKeys\" (\"Vkey\", \"Since\", \"Until\") SELECT '{own.Verifier}', \"Since\", \"Since\" FROM \"AuditKeys\"", "signed no checkpoint together with another of the log's keys"),
            ($"INSERT INTO \"AuditKeys\" (\"Vkey\", \"Since\", \"Until\") SELECT '{own.Verifier}', \"Since\", \"Since\" FROM \"AuditKeys\"; UPDATE \"AuditCheckpoints\" SET \"Note\" = '{beneath}' WHERE \"Size\" = 300", "signed no checkpoint together with another of the log's keys"),
            ("INSERT INTO \"AuditKeys\" (\"Vkey\", \"Since\", \"Until\") SELECT 'none', \"Since\", \"Since\" FROM \"AuditKeys\"", "A key of the log in the database cannot be read"),
            // An event by hand, and what would make up for it in the count: a note for an event that never was, or one more for an event that waits.
            ($"{byHand}; INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") SELECT {never}, {id} FROM \"AuditEvents\" WHERE \"Sequence\" = 8", "number 5007, was not written by the portal"),
            ($"{byHand}; INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") SELECT {never}, {id} FROM \"AuditEvents\" WHERE \"Sequence\" = 8", "a note was entered for one that never was"),
            ($"{byHand}; {byHand.Replace("5000", "6000", StringComparison.Ordinal).Replace("= 7", "= 9", StringComparison.Ordinal)}; INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") SELECT {never}, \"EventId\" FROM \"AuditEvents\" WHERE \"Sequence\" = 6009; INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") SELECT \"At\", \"EventId\" FROM \"AuditEvents\" WHERE \"Sequence\" = 6009", "number 5007, was not written by the portal"),
        ];
        foreach (var (sql, says) in changes)
        {
            await SqlAsync(world, sql);
            var report = await VerifyAsync(world);
            Assert.True(report.Findings.Any(f => f.What.Contains(says, StringComparison.Ordinal)), $"{sql}\n{string.Join('\n', report.Findings.Take(5).Select(f => f.What))}");
            foreach (var table in Tables)
                await RestoreAsync(world, table);
        }

        Assert.True((await VerifyAsync(world)).Holds);
    }

    [Theory, BothDatabases]
    public async Task A_database_that_hashes_everything_anew_after_a_change_contradicts_what_was_signed(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind);
        var real = SigningKey.Parse(await File.ReadAllTextAsync(world.Sealing.SigningKeyFile, Ct))!;

        // Without the key: with a key of their own, entered as if it were the log's.
        var own = SigningKey.Create("portal.test/audit");
        await HashAnewAsync(world, own);
        await SqlAsync(world, $"UPDATE \"AuditKeys\" SET \"Vkey\" = '{own.Verifier}'");
        Assert.Contains("is signed by none of the log's keys", (await VerifyAsync(world)).Findings[0].What, StringComparison.Ordinal);
        Assert.Contains((await VerifyAsync(world, real.Verifier)).Findings, f => f.What.StartsWith("The checkpoint of 300 events in the database is signed by none", StringComparison.Ordinal));
        foreach (var table in Tables)
            await RestoreAsync(world, table);

        // With the key, and without the store: the store tells what was signed.
        await HashAnewAsync(world, real);
        var found = (await VerifyAsync(world)).Findings;
        Assert.Contains(found, f => f.What.Contains("not those of the checkpoint in the test's store", StringComparison.Ordinal) && f.What.Contains("from position 300 to 699", StringComparison.Ordinal));

        // The limit: with the key and the store there is nothing left that tells.
        var kept = await world.ReadAsync(db => db.AuditCheckpoints.OrderBy(c => c.Size).Select(c => c.Note).ToListAsync());
        world.Checkpoints.Notes.Clear();
        world.Checkpoints.Notes.AddRange(kept);
        Assert.True((await VerifyAsync(world)).Holds);
    }

    [Fact]
    public async Task A_database_put_back_from_a_backup_is_told_by_the_store()
    {
        await using var world = await SealedAsync(DatabaseKind.Sqlite);
        await WorldLog.RecordAsync(world, 5);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.SealAsync(checkpoint: true);
        foreach (var table in Tables)
            await RestoreAsync(world, table);
        var finding = Assert.Single((await VerifyAsync(world)).Findings);
        Assert.Contains("has a checkpoint of 1005 events", finding.What, StringComparison.Ordinal);
        Assert.Contains("rolled back", finding.What, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task From_a_checkpoint_on_only_what_is_new_is_read_and_a_change_before_it_is_for_the_whole_verification(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind);
        var report = await VerifyAsync(world, from: 700);
        Assert.Equal((true, 300L), (report.Holds, report.Events));
        await SqlAsync(world, "UPDATE \"AuditEvents\" SET \"ActorName\" = 'Mallory' WHERE \"Sequence\" IN (650, 750)");
        Assert.Equal(749, Assert.Single((await VerifyAsync(world, from: 700)).Findings).Position);
        Assert.Equal(649, (await VerifyAsync(world)).Findings[0].Position);
        Assert.Contains("not the 2000", Assert.Single((await VerifyAsync(world, from: 2000)).Findings).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_and_what_no_checkpoint_covers_yet_is_said()
    {
        await using var world = await SealedAsync(DatabaseKind.Sqlite);
        await WorldLog.RecordAsync(world, 4);
        await world.SealAsync();
        await WorldLog.RecordAsync(world, 3);
        var report = await VerifyAsync(world);
        Assert.Equal((true, 1004L, 4L, 3L, 4), (report.Holds, report.Events, report.Unsigned, report.Waiting, report.Checkpoints));
        await SqlAsync(world, "DELETE FROM \"AuditEvents\" WHERE \"Sequence\" = 1006");
        Assert.Contains("was taken away before it was sealed", Assert.Single((await VerifyAsync(world)).Findings).What, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task After_a_change_of_keys_what_either_signed_holds(DatabaseKind kind)
    {
        await using var world = await SealedAsync(kind);
        var old = await world.ReadAsync(db => db.AuditKeys.Select(k => k.Vkey).SingleAsync());
        var rotated = (await world.Get<RotateSigningKey>().ExecuteAsync(Actor.System, Ct)).Value;
        Assert.NotEqual(old, rotated.ToString());
        var both = SignedNote.Parse(world.Checkpoints.Notes[^1])!;
        Assert.True(both.IsSignedBy(rotated) && both.IsSignedBy(VerifierKey.Parse(old)!));
        Assert.Equal("audit.key_rotated", (await world.EventsAsync())[^1].Code);

        await WorldLog.RecordAsync(world, 2);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.SealAsync(checkpoint: true);
        var next = SignedNote.Parse(world.Checkpoints.Notes[^1])!;
        Assert.True(next.IsSignedBy(rotated) && !next.IsSignedBy(VerifierKey.Parse(old)!));
        Assert.True((await VerifyAsync(world)).Holds);
        Assert.Equal([(old, false), (rotated.ToString(), true)], await world.ReadAsync(async db => (await db.AuditKeys.OrderBy(k => k.Since).ToListAsync()).Select(k => (k.Vkey, k.Until is null)).ToList()));
    }

    // Changes the name in event 400, and hashes and signs as the portal would have, had the event been so.
    private static async Task HashAnewAsync(PortalWorld world, SigningKey key)
    {
        await SqlAsync(world, "UPDATE \"AuditEvents\" SET \"ActorName\" = 'Mallory' WHERE \"Sequence\" = 401");
        await using var db = world.OpenDb();
        var events = await db.AuditLeaves.OrderBy(l => l.Position).Join(db.AuditEvents, l => l.EventId, e => e.EventId, (_, e) => e).AsNoTracking().ToListAsync(Ct);
        var checkpoints = await db.AuditCheckpoints.AsNoTracking().ToDictionaryAsync(c => c.Size, Ct);
        var log = new TileAppender();
        var canonical = new CanonicalEvent();
        foreach (var happened in events)
        {
            log.Append(canonical.Take(happened).LeafHash());
            var position = log.Size - 1;
            if (happened.ActorName == "Mallory")
                await db.AuditLeaves.Where(l => l.Position == position).ExecuteUpdateAsync(l => l.SetProperty(x => x.FieldDigests, canonical.FieldDigests()), Ct);
            if (!checkpoints.TryGetValue(log.Size, out var row))
                continue;
            var note = SignedNote.Sign(new Checkpoint(key.Verifier.Name, log.Size, log.Root(), row.Time).ToText(), key).ToString();
            await db.AuditCheckpoints.Where(c => c.Size == row.Size).ExecuteUpdateAsync(c => c.SetProperty(x => x.Note, note), Ct);
        }

        foreach (var (id, hashes) in log.TakeChanged())
            await db.AuditTiles.Where(t => t.Level == id.Level && t.Index == id.Index).ExecuteUpdateAsync(t => t.SetProperty(x => x.Hashes, hashes), Ct);
    }

    private static async Task AssertNamedAsync(PortalWorld world, EventField field, int rows)
    {
        var report = await VerifyAsync(world);
        Assert.True(rows == report.Findings.Count, $"{report.Findings.Count} findings, and not {rows}. {string.Join('\n', report.Findings.Where(f => f.Field != field.Name()).Select(f => f.What).Take(5))}");
        Assert.All(report.Findings, f => Assert.True(f.Field == field.Name(), $"{field}: {f.What}"));
        Assert.Equal(rows, report.Findings.Select(f => f.Position).Distinct().Count());
    }

    private static async Task<VerifyReport> VerifyAsync(PortalWorld world, VerifierKey? key = null, long from = 0) =>
        (await world.Get<VerifyDatabase>().ExecuteAsync(new VerifyInput(from, key is null ? null : [key]) { MostFindings = 2 * Events }, null, Actor.System, Ct)).Value;

    private static IEnumerable<(string Form, string Where)> OtherForms(string column, char type)
    {
        // Nothing and an empty text are one to the portal, and in the log.
        yield return ($"CAST(\"{column}\" AS BLOB)", $"length(\"{column}\") > 0");
        if (type == 'g')
            yield return ($"lower(\"{column}\")", $"\"{column}\" <> lower(\"{column}\")");
        if (type == 'i')
            yield return ($"\"{column}\" || CASE WHEN \"{column}\" LIKE '%.%' THEN '0' ELSE '.0' END", $"\"{column}\" IS NOT NULL");
    }

    private static string Other(DatabaseKind kind, char type, string column) => (type, kind) switch
    {
        ('t', _) => $"coalesce(\"{column}\", '') || 'x'",
        ('n', _) => $"coalesce(\"{column}\", 0) + 1",
        ('g', DatabaseKind.Sqlite) => "'FFFFFFFF-0000-4000-8000-' || printf('%012X', \"Sequence\")",
        ('g', _) => "CAST('ffffffff-0000-4000-8000-' || lpad(to_hex(\"Sequence\"), 12, '0') AS uuid)",
        ('i', DatabaseKind.Sqlite) => $"strftime('%Y-%m-%d %H:%M:%f', coalesce(\"{column}\", '2026-01-01 00:00:00'), '+1 seconds')",
        _ => $"coalesce(\"{column}\", timestamptz '2026-01-01 00:00:00Z') + interval '1 millisecond'",
    };

    // Not by chance: one value in 65,536 has the digest of the one that it takes the place of, and the change has no name then.
    private static Guid Id(int kind, int number) => Guid.Parse(string.Create(CultureInfo.InvariantCulture, $"019cadc6-000{kind}-7000-8000-{number:x12}"));

    private static string Bytes(DatabaseKind kind, string hex) => kind == DatabaseKind.Sqlite ? $"x'{hex}'" : $"'\\x{hex}'::bytea";

    private static string Longer(DatabaseKind kind, int bytes) =>
        kind == DatabaseKind.Sqlite ? $"CAST(\"Hashes\" || {Bytes(kind, new string('0', 2 * bytes))} AS BLOB)" : $"\"Hashes\" || {Bytes(kind, new string('0', 2 * bytes))}";

    private static async Task<int> CountAsync(PortalWorld world, string sql)
    {
        await using var db = world.OpenDb();
        await db.Database.OpenConnectionAsync(Ct);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt32(await command.ExecuteScalarAsync(Ct), CultureInfo.InvariantCulture);
    }

    private static async Task SqlAsync(PortalWorld world, string sql)
    {
        await using var db = world.OpenDb();
        await db.Database.OpenConnectionAsync(Ct);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static Task RestoreAsync(PortalWorld world, string table)
    {
        // A database may keep columns of its own making beside those of the events.
        var columns = table == "AuditEvents" ? string.Join(", ", Columns.Select(c => $"\"{c.Column}\"").Prepend("\"EventId\"").Prepend("\"Sequence\"")) : null;
        return SqlAsync(world, $"DELETE FROM \"{table}\"; INSERT INTO \"{table}\" {(columns is null ? "" : $"({columns})")} SELECT {columns ?? "*"} FROM \"Saved_{table}\"");
    }

    // 1,000 events that know much and little, sealed under four checkpoints.
    private static async Task<PortalWorld> SealedAsync(DatabaseKind kind)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true);
        var person = new PrincipalId(Guid.Parse("0c8a6dd0-0000-4000-8000-000000000001"), Guid.Parse("0c8a6dd0-0000-4000-8000-000000000002"));
        var ada = new Actor(ActorKind.Person, person, "Ada Okafor", null, new HashSet<PortalRole> { PortalRole.Approver }, new HashSet<Guid>())
        {
            OnBehalfOf = person,
            OnBehalfOfName = "Cyd",
            Client = new ClientInfo("192.0.2.7", "curl/8"),
        };
        var recorded = 0;
        foreach (var upTo in new[] { 1, 300, 700, Events })
        {
            await using (var db = world.OpenDb())
            {
                for (; recorded < upTo; recorded++)
                {
                    var trail = new AuditTrail(db, recorded % 5 == 0 ? Actor.System : ada, PortalWorld.Start.AddMilliseconds(recorded));
                    if (recorded % 7 == 0)
                        trail.Record(AuditCode.RequestLapsed, AuditSubject.Nothing);
                    else
                        trail.Record(AuditCode.GrantActivated, new AuditSubject
                        {
                            Principal = person,
                            PrincipalName = "Ben \u202f \U0001F511",
                            Scope = "/subscriptions/s",
                            VaultName = "kv-a",
                            SecretName = "db",
                            RoleName = "Key Vault Secrets User",
                            RequestId = Id(1, recorded),
                            RequestReference = string.Create(CultureInfo.InvariantCulture, $"R-{recorded}"),
                            GrantId = Id(2, recorded),
                            PolicyName = "prod",
                            PolicyVersion = recorded,
                        }, new AuditDetail("why", $"text \"{recorded}\"\n", "prov-1", PortalWorld.Start, PortalWorld.Start.AddHours(1)) { ProviderCorrelationId = "prov-2" });
                    if (recorded % 20 == 19)
                        await db.SaveChangesAsync(Ct);
                }

                await db.SaveChangesAsync(Ct);
            }

            world.Clock.Advance(TimeSpan.FromMinutes(1));
            await world.SealAsync(checkpoint: true);
        }

        foreach (var table in Tables)
            await SqlAsync(world, $"CREATE TABLE \"Saved_{table}\" AS SELECT * FROM \"{table}\"");
        return world;
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
