using System.Globalization;
using System.Text;
using CsCheck;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Reads;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>What is typed into the search of the trail is text: words that an event holds, and nothing else.</summary>
public sealed class AuditSearchTests
{
    private static readonly string[] Comments =
        ["Rotate the key, INC-4711", "café déjà-vu 100%", "a_b c%d 'quoted' \"twice\"", "AND OR NOT NEAR", "ключ от сервера", "key of the PayPal account; see https://wiki/x?y=1&z=2", "鍵 を 回す", "x*y^z {w}:v"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task Words_are_found_whatever_their_case_their_accents_and_what_stands_between_them(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, [.. Comments]);
        foreach (var (text, found) in ((string, string[])[])
        [
            ("inc-4711", [Comments[0]]), ("INC 4711", [Comments[0]]), ("4711-INC", []), ("key", [Comments[0], Comments[5]]), ("KEY paypal", [Comments[5]]), ("ke", []),
            ("cafe", [Comments[1]]), ("CAFÉ 100", [Comments[1]]), ("deja-vu", [Comments[1]]), ("vu-deja", []), ("ключ", [Comments[4]]), ("鍵", [Comments[6]]), ("wiki/x?y=1", [Comments[5]]),
        ])
            Assert.Equal((text, string.Join('|', found)), (text, string.Join('|', (await ListAsync(world, Company.Ingrid, new AuditFilter { Text = text })).Select(e => e.Comment).Reverse())));
    }

    [Theory]
    [BothDatabases]
    public async Task Signs_of_query_languages_mean_nothing(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, [.. Comments]);
        foreach (var (text, found) in ((string, int)[])
        [
            ("key OR cafe", 0), ("key NOT paypal", 0), ("AND", 1), ("NOT NEAR", 1), ("\"key\" AND", 0), ("key*", 2), ("k*", 0), ("\"the key\"", 2), ("'quoted'", 1), ("\"twice", 1), ("100%", 1), ("%key%", 2), ("a_b", 1),
            ("Comment:key", 0), ("Words:key", 0), ("{w}:v", 1), ("x*y^z", 1), ("key) OR (1=1", 0), ("NEAR(key paypal, 5)", 0), ("-key", 2), ("key & paypal | !cafe", 0), ("paypal <-> account", 1), ("key:*", 2),
            ("(((((((((key", 2), ("\\key\\", 2), ("'; DROP TABLE \"AuditEvents\"; --", 0), ("{0} {1}", 0), ("(a+)+$", 1), ("\tkey\n", 2), (string.Concat(Enumerable.Repeat("key ", 50)).TrimEnd(), 2), (new string('(', 199) + "k", 0),
        ])
            Assert.Equal((text, found), (text, (await ListAsync(world, Company.Ingrid, new AuditFilter { Text = text })).Count));
        Assert.Equal(Comments.Length, await world.ReadAsync(db => db.AuditEvents.CountAsync(e => e.Code != AuditCode.AuditRead.Value, Ct)));
    }

    [Theory]
    [BothDatabases]
    public async Task What_has_no_word_in_it_is_refused(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        foreach (var text in (string[])[" ", "%", "\"\"", "*", "…", "a\0", "\ud800", new string('k', 201), "\u202Ekey"])
        {
            var refusal = Assert.Single((await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(new AuditFilter { Text = text }), auditor, Ct)).Refusals);
            Assert.Equal((RefusalCode.FilterUnreadable, "text"), (refusal.Code, refusal.Field));
        }
    }

    [Theory]
    [BothDatabases]
    public async Task Any_text_finds_what_reading_every_event_would_with_any_other_filter_page_by_page_both_ways(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AuditListTests.AddAsync(world, 300, seed: 11);
        await AddAsync(world, [.. Enumerable.Range(0, 60).Select(i => Comments[i % Comments.Length])]);
        var everything = await world.ReadAsync(db => db.AuditEvents.AsNoTracking().OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence).ToListAsync(Ct));
        var people = Company.Everyone;
        string[] parts = ["key", "KEY", "mira", "okafor", "tomas", "kv-a", "kv", "a", "b", "db", "r-1", "grant.ended", "submitted", "cafe", "100%", "\"", "%", "*", "AND", "priya raman", "system", "ключ", "_", "4711"];
        var filters =
            from words in Gen.Int[0, parts.Length - 1].Select(i => parts[i]).Array[1, 3]
            from person in Gen.Int[-8, people.Count - 1]
            from vault in Gen.Int[-3, 1]
            from code in Gen.Int[-3, 0]
            from minute in Gen.Int[-40, 60]
            from length in Gen.Int[-30, 40]
            select new AuditFilter
            {
                Text = string.Join(' ', words),
                PersonObjectId = person < 0 ? null : people[person].ObjectId,
                VaultName = vault < 0 ? null : new[] { "kv-a", "kv-b" }[vault],
                Code = code < 0 ? null : AuditCode.GrantEnded.Value,
                From = minute < 0 ? null : PortalWorld.Start.AddMinutes(minute),
                To = length <= 0 ? null : PortalWorld.Start.AddMinutes(Math.Max(minute, 0) + length),
            };
        var matched = 0;
        await Gen.Select(filters, Gen.Bool).SampleAsync(async (filter, audits) =>
        {
            if (filter.Fault() is not null)
                return;
            var reader = audits ? Company.Ingrid : Company.Mira;
            var expected = everything.Where(e => Fits(e, filter, reader)).Select(e => e.Sequence).ToList();
            Assert.Equal(expected, (await ListAsync(world, reader, filter)).Select(e => e.Sequence));
            Assert.Equal(expected, (await ListBackAsync(world, reader, filter)).Select(e => e.Sequence));
            Assert.Equal(expected.Count, (await world.Get<CountAuditEvents>().ExecuteAsync(filter, await world.IdentifyAsync(reader), Ct)).Value.Events);
            matched += expected.Count > 0 ? 1 : 0;
        }, iter: 60, threads: 1);
        Assert.True(matched > 10, $"Only {matched} texts match anything.");
    }

    [Theory]
    [BothDatabases]
    public async Task An_export_of_a_search_holds_what_the_list_shows_and_says_what_was_searched_for(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AuditListTests.AddAsync(world, 2300, seed: 5);
        foreach (var reader in (TestPerson[])[Company.Ingrid, Company.Mira])
        {
            var filter = new AuditFilter { Text = "kv mira", Code = AuditCode.GrantEnded.Value };
            var listed = (await ListAsync(world, reader, filter)).Select(e => e.EventId.ToString("D")).Reverse().ToList();
            Assert.NotEmpty(listed);
            var exported = await Rows.ReadAsync((await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(filter), await world.IdentifyAsync(reader), Ct)).Value.ReadAsync(Ct));
            Assert.Equal(listed, exported.Select(row => row["event_id"]));
            Assert.Equal("text kv mira", (await world.EventsAsync())[^1].Comment);
        }

        var all = new AuditFilter { Text = "kv" };
        // The two exports before are among them: they say that kv was searched for.
        Assert.Equal(2302, (await Rows.ReadAsync((await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(all), await world.IdentifyAsync(Company.Ingrid), Ct)).Value.ReadAsync(Ct))).Count);
    }

    [Theory]
    [BothDatabases]
    public async Task Where_a_client_sat_is_not_found_by_its_words(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.AskAsync(Company.Mira);
        Assert.NotEmpty(await ListAsync(world, Company.Ingrid, new AuditFilter { Text = "Mira" }));
        Assert.Empty(await ListAsync(world, Company.Ingrid, new AuditFilter { Text = "192.0.2.7" }));
    }

    [Theory]
    [BothDatabases]
    public async Task What_is_pruned_or_changed_is_found_as_it_is_then(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, "one key", "other key");
        await world.ReadAsync(db => db.AuditEvents.Where(e => e.Comment == "one key").ExecuteDeleteAsync(Ct));
        Assert.Equal("other key", Assert.Single(await ListAsync(world, Company.Ingrid, new AuditFilter { Text = "key" })).Comment);
        await world.ReadAsync(db => db.AuditEvents.ExecuteUpdateAsync(set => set.SetProperty(e => e.Comment, "lock"), Ct));
        Assert.Empty(await ListAsync(world, Company.Ingrid, new AuditFilter { Text = "key" }));
        Assert.Single(await ListAsync(world, Company.Ingrid, new AuditFilter { Text = "lock" }));
    }

    [Theory]
    [BothDatabases]
    public async Task Events_from_before_there_was_a_search_are_found(DatabaseKind kind)
    {
        await using var database = await PortalDatabase.CreateAsync(kind);
        await using (var empty = database.Open())
            await empty.Database.EnsureDeletedAsync(Ct);
        await using var db = database.Open();
        var migrator = db.GetService<IMigrator>();
        var first = db.Database.GetMigrations().First();
        await migrator.MigrateAsync(first, Ct);
        var id = kind == DatabaseKind.Sqlite ? "'0199C4A2-0000-7000-8000-000000000001'" : "uuid '0199c4a2-0000-7000-8000-000000000001'";
        var at = kind == DatabaseKind.Sqlite ? "'2026-03-02 09:00:00.5'" : "timestamptz '2026-03-02 09:00:00.5Z'";
        var old = $"""INSERT INTO "AuditEvents"("EventId", "At", "Code", "Outcome", "ActorKind", "ActorName", "ActorRoles", "VaultName", "Comment", "CorrelationId") VALUES ({id}, {at}, 'grant.ended', 'Success', 'System', 'system', '', 'kv-a', 'Clé de voûte', 'x')""";
        await db.Database.ExecuteSqlRawAsync(old, Ct);
        await migrator.MigrateAsync(cancellationToken: Ct);
        var found = await AuditQueryOf(db, new AuditFilter { Text = "cle voute", VaultName = "kv-a" });
        Assert.Equal("Clé de voûte", Assert.Single(found).Comment);
    }

    [Fact]
    public async Task A_page_of_a_search_starts_in_the_index_and_sorts_nothing()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AuditListTests.AddAsync(world, 20, seed: 1);
        var statements = new List<string>();
        world.DatabaseFaults.Break = sql =>
        {
            statements.Add(sql);
            return null;
        };
        await ListAsync(world, Company.Ingrid, new AuditFilter { Text = "kv", Code = AuditCode.GrantEnded.Value, VaultName = "kv-a", PersonObjectId = Company.Mira.ObjectId });
        world.DatabaseFaults.Break = null;
        var search = Assert.Single(statements, s => s.Contains("MATCH", StringComparison.Ordinal));
        Assert.DoesNotContain("LIKE", search, StringComparison.OrdinalIgnoreCase);
        await using var db = world.OpenDb();
        await db.Database.OpenConnectionAsync(Ct);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + search;
        foreach (var name in System.Text.RegularExpressions.Regex.Matches(search, @"@\w+").Select(m => m.Value).Distinct())
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, 1);
            command.Parameters.Add(parameter);
        }

        var plan = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync(Ct))
            while (await reader.ReadAsync(Ct))
                plan.Add(reader.GetString(3));
        Assert.Contains("VIRTUAL TABLE INDEX", plan[0], StringComparison.Ordinal);
        Assert.DoesNotContain(plan, step => step.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }

    private static async Task<List<AuditEvent>> AuditQueryOf(Core.Data.PortalDb db, AuditFilter filter)
    {
        var auditor = new Actor(ActorKind.Person, Company.Ingrid.Id, "Ingrid", null, new HashSet<PortalRole> { PortalRole.Auditor }, new HashSet<Guid>());
        return [.. (await new ListAuditEvents(new One(db), new AuditReads(new Core.Data.ClockWatch(TimeProvider.System))).ExecuteAsync(new AuditListQuery(filter), auditor, Ct)).Value.Items];
    }

    private static bool Fits(AuditEvent e, AuditFilter filter, TestPerson reader) =>
        Holds(e, filter.Text!)
        && (filter.From is not { } from || e.At >= from)
        && (filter.To is not { } to || e.At < to)
        && (filter.PersonObjectId is not { } person || e.ActorObjectId == person || e.SubjectObjectId == person)
        && (filter.VaultName is null || e.VaultName == filter.VaultName)
        && (filter.Code is null || e.Code == filter.Code)
        && (reader == Company.Ingrid || e.ActorObjectId == reader.ObjectId || e.SubjectObjectId == reader.ObjectId);

    /// <summary>What search promises, the slow way: each part between white space stands in one of the event's texts, word for word.</summary>
    private static bool Holds(AuditEvent e, string text)
    {
        var words = WordsOf(string.Join(' ', e.Code, e.ActorName, e.SubjectName, e.VaultName, e.SecretName, e.RoleName, e.RequestReference, e.PolicyName, e.Reason, e.Comment, e.ProviderRequestId, e.CorrelationId));
        return text.Split(' ').Select(WordsOf).All(phrase => phrase.Length == 0 || Enumerable.Range(0, words.Length).Any(at => words.Skip(at).Take(phrase.Length).SequenceEqual(phrase)));
    }

    private static string[] WordsOf(string text) =>
        string.Concat(text.Normalize(NormalizationForm.FormKD).Where(c => char.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark).Select(c => char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' '))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static async Task AddAsync(PortalWorld world, params string[] comments)
    {
        var actor = await world.IdentifyAsync(Company.Tomas);
        await using var db = world.OpenDb();
        db.AuditEvents.AddRange(comments.Select((comment, i) => new AuditEvent(AuditCode.GrantRevoked, AuditOutcome.Success, actor, AuditSubject.Nothing, new AuditDetail(Comment: comment), PortalWorld.Start.AddSeconds(i))));
        await db.SaveChangesAsync(Ct);
    }

    private static async Task<List<AuditEvent>> ListAsync(PortalWorld world, TestPerson reader, AuditFilter filter)
    {
        var events = new List<AuditEvent>();
        string? after = null;
        do
        {
            var page = await PageAsync(world, reader, new AuditListQuery(filter, after, 17));
            events.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);
        return events;
    }

    private static async Task<List<AuditEvent>> ListBackAsync(PortalWorld world, TestPerson reader, AuditFilter filter)
    {
        var events = new List<AuditEvent>();
        var page = await PageAsync(world, reader, new AuditListQuery(filter, Take: 17) { Earliest = true });
        events.InsertRange(0, page.Items);
        while (page.Previous is { } before)
        {
            page = await PageAsync(world, reader, new AuditListQuery(filter, Take: 17) { Before = before });
            events.InsertRange(0, page.Items);
        }

        return events;
    }

    private static async Task<TrailPage> PageAsync(PortalWorld world, TestPerson reader, AuditListQuery query)
    {
        var result = await world.Get<ListAuditEvents>().ExecuteAsync(query, await world.IdentifyAsync(reader), Ct);
        Assert.Empty(result.Refusals);
        return result.Value;
    }

    private sealed class One(Core.Data.PortalDb db) : IDbContextFactory<Core.Data.PortalDb>
    {
        public Core.Data.PortalDb CreateDbContext() => db;
    }
}
