using System.Globalization;
using CsCheck;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>Who sees what of the audit trail, page by page and as an export.</summary>
public sealed class AuditListTests
{
    private static readonly string[] Vaults = ["kv-a", "kv-b"];
    private static readonly string[] Secrets = ["db", "key"];
    private static readonly AuditCode[] Codes = [AuditCode.RequestSubmitted, AuditCode.GrantEnded, AuditCode.AttemptRefused];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task Who_is_no_auditor_sees_what_they_did_and_what_is_about_their_access(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync(Company.Mira);
        await world.DecideAsync(asked.RequestId, Company.Priya, comment: null);
        await world.AskAsync(Company.Jonas, PortalWorld.Draft(Company.Carrier, ticket: "T-1"));
        var all = await ListAsync(world, Company.Ingrid, new AuditFilter());
        Assert.Contains(all, e => e.ActorObjectId == Company.Jonas.ObjectId);

        var mira = await ListAsync(world, Company.Mira, new AuditFilter());
        Assert.Contains(mira, e => e.Code == AuditCode.RequestApproved.Value && e.ActorObjectId == Company.Priya.ObjectId);
        Assert.DoesNotContain(mira, e => e.ActorObjectId == Company.Jonas.ObjectId || e.SubjectObjectId == Company.Jonas.ObjectId);
        Assert.Equal(Of(all, Company.Mira), mira.Select(e => e.EventId));

        // Naming someone else narrows what one sees; it never opens theirs.
        Assert.Empty(await ListAsync(world, Company.Mira, new AuditFilter { PersonObjectId = Company.Jonas.ObjectId }));
        // Nor do the portal's other roles.
        Assert.Equal(Of(all, Company.Tomas), (await ListAsync(world, Company.Tomas, new AuditFilter())).Select(e => e.EventId));
        Assert.DoesNotContain(await ExportAsync(world, Company.Tomas, new AuditFilter()), e => e["actor_object_id"] == Company.Jonas.ObjectId.ToString());

        static IEnumerable<Guid> Of(IEnumerable<AuditEvent> events, TestPerson person) =>
            events.Where(e => e.ActorObjectId == person.ObjectId || e.SubjectObjectId == person.ObjectId).Select(e => e.EventId);
    }

    [Fact]
    public async Task Where_somebody_else_sat_is_for_auditors()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync(Company.Mira);
        await world.DecideAsync(asked.RequestId, Company.Priya, comment: null);

        var mira = await ListAsync(world, Company.Mira, new AuditFilter());
        Assert.All(mira.Where(e => e.ActorObjectId == Company.Priya.ObjectId), e => Assert.Null(e.ClientAddress ?? e.UserAgent));
        Assert.All(mira.Where(e => e.ActorObjectId == Company.Mira.ObjectId), e => Assert.NotNull(e.ClientAddress));
        var exported = await ExportAsync(world, Company.Mira, new AuditFilter());
        Assert.All(exported.Where(e => e["actor_object_id"] == Company.Priya.ObjectId.ToString()), e => Assert.Empty(e["client_address"] + e["user_agent"]));
        Assert.All(exported.Where(e => e["actor_object_id"] == Company.Mira.ObjectId.ToString()), e => Assert.NotEmpty(e["client_address"]));
        Assert.Contains(await ListAsync(world, Company.Ingrid, new AuditFilter()), e => e.ActorObjectId == Company.Priya.ObjectId && e.ClientAddress is not null);
    }

    [Theory]
    [BothDatabases]
    public async Task Who_reached_for_something_that_is_not_theirs_does_not_learn_from_their_history_that_it_exists(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync(Company.Mira);
        var jonas = await world.IdentifyAsync(Company.Jonas);
        Assert.Equal(RefusalCode.NotFound, Assert.Single((await world.Get<Portal.Core.Approvals.GetRequest>().ExecuteAsync(asked.Reference, jonas, Ct)).Refusals).Code);

        Assert.Empty(await ListAsync(world, Company.Jonas, new AuditFilter { RequestReference = asked.Reference }));
        Assert.Empty(await ExportAsync(world, Company.Jonas, new AuditFilter { RequestReference = asked.Reference }));
        Assert.Contains(await ListAsync(world, Company.Ingrid, new AuditFilter()), e => e.Code == AuditCode.AttemptRefused.Value && e.ActorObjectId == Company.Jonas.ObjectId);
    }

    [Theory]
    [BothDatabases]
    public async Task Who_lost_all_roles_sees_and_exports_nothing(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Directory.TakeRoles(Company.Ingrid);
        var nobody = await world.IdentifyAsync(Company.Ingrid);
        Assert.Equal(RefusalCode.SignedOut, Assert.Single((await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(new AuditFilter()), nobody, Ct)).Refusals).Code);
        Assert.Equal(RefusalCode.SignedOut, Assert.Single((await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter()), nobody, Ct)).Refusals).Code);
        Assert.DoesNotContain(await world.ReadAsync(db => db.AuditEvents.ToListAsync(Ct)), e => e.Code == AuditCode.AuditExported.Value);
    }

    [Theory]
    [BothDatabases]
    public async Task The_export_is_what_the_list_shows_whatever_the_filter(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, 400, seed: 7);
        var people = Company.Everyone;
        // -1 leaves a filter out.
        var filters =
            from person in Gen.Int[-5, people.Count - 1]
            from vault in Gen.Int[-1, 3]
            from secret in Gen.Int[-3, 1]
            from code in Gen.Int[-4, 2]
            from request in Gen.Int[-5, 4]
            from minute in Gen.Int[-40, 60]
            from length in Gen.Int[-30, 40]
            select new AuditFilter
            {
                PersonObjectId = person < 0 ? null : people[person].ObjectId,
                VaultName = vault < 0 ? null : new[] { "", "KV-A", Vaults[0], Vaults[1] }[vault],
                SecretName = secret < 0 ? null : Secrets[secret],
                Code = code < 0 ? null : Codes[code].Value,
                RequestReference = request < 0 ? null : $"R-{request}",
                From = minute < 0 ? null : PortalWorld.Start.AddMinutes(minute),
                To = length <= 0 ? null : PortalWorld.Start.AddMinutes(Math.Max(minute, 0) + length),
            };
        var everything = await world.ReadAsync(db => db.AuditEvents.AsNoTracking().OrderBy(e => e.At).ThenBy(e => e.Sequence).ToListAsync(Ct));
        var matched = 0;
        await Gen.Select(filters, Gen.Bool).SampleAsync(async (filter, audits) =>
        {
            var reader = audits ? Company.Ingrid : Company.Mira;
            var expected = everything.Where(e => Fits(e, filter) && (reader == Company.Ingrid || e.ActorObjectId == reader.ObjectId || e.SubjectObjectId == reader.ObjectId)).Select(e => e.EventId).ToList();
            // Reads and exports leave events of their own, which later lists show.
            var listed = (await ListAsync(world, reader, filter)).Where(e => !IsOfReading(e.Code)).Select(e => e.EventId).Reverse().ToList();
            var exported = (await ExportAsync(world, reader, filter)).Where(e => !IsOfReading(e["code"])).Select(e => Guid.Parse(e["event_id"])).ToList();
            Assert.Equal(expected, listed);
            // All of the log comes in the log's order, the rest in the order of time.
            var whole = audits && FilterWords.Of(filter).Count == 0;
            Assert.Equal(whole ? [.. expected.Order()] : expected, whole ? [.. exported.Order()] : exported);
            matched += expected.Count > 0 ? 1 : 0;
        }, iter: 80, threads: 1);

        Assert.True(matched > 10, $"Only {matched} filters match anything.");
    }

    [Theory]
    [BothDatabases]
    public async Task Pages_lose_and_repeat_nothing_when_all_happened_at_once_and_more_comes(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, 95, seed: 1, minutes: 0);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        var before = await world.ReadAsync(db => db.AuditEvents.OrderByDescending(e => e.Sequence).Select(e => e.EventId).ToListAsync(Ct));
        var seen = new List<Guid>();
        string? after = null;
        do
        {
            var page = (await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(new AuditFilter(), after, 10), auditor, Ct)).Value;
            Assert.InRange(page.Items.Count, 1, 10);
            seen.AddRange(page.Items.Where(e => !IsOfReading(e.Code)).Select(e => e.EventId));
            after = page.Next;
            await AddAsync(world, 3, seed: 2, minutes: 0);
        }
        while (after is not null);
        Assert.Equal(before, seen);
    }

    [Fact]
    public async Task A_mark_of_another_list_or_of_nobody_is_refused()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.AskAsync();
        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var foreign = (await world.Get<Core.Requests.ListRequests>().ExecuteAsync(new Core.Requests.RequestQuery(Take: 1), await world.IdentifyAsync(Company.Mira), Ct)).Value.Next;
        Assert.NotNull(foreign);
        foreach (var mark in (string[])[foreign, "", "1", "YXVkaXQ6", "YXVkaXQ6eA", "\u0000", new string('a', 600)])
        {
            var refusal = Assert.Single((await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(new AuditFilter(), mark), await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
            Assert.Equal((RefusalCode.CursorUnreadable, "after"), (refusal.Code, refusal.Field));
        }
    }

    [Theory]
    [BothDatabases]
    public async Task A_filter_that_cannot_be_meant_is_refused_with_its_field_and_leaves_no_event(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        var now = PortalWorld.Start;
        (AuditFilter Filter, string Code, string Field)[] cases =
        [
            (new AuditFilter { From = now, To = now.AddMinutes(-1) }, RefusalCode.RangeInverted, "to"),
            (new AuditFilter { From = now, To = now }, RefusalCode.RangeInverted, "to"),
            (new AuditFilter { From = now, To = now.ToOffset(TimeSpan.FromHours(9)) }, RefusalCode.RangeInverted, "to"),
            (new AuditFilter { Code = "grant.exploded" }, RefusalCode.FilterUnreadable, "code"),
            (new AuditFilter { VaultName = "kv\0" }, RefusalCode.FilterUnreadable, "vault"),
            (new AuditFilter { SecretName = "\ud800" }, RefusalCode.FilterUnreadable, "secret"),
            (new AuditFilter { RequestReference = new string('R', 201) }, RefusalCode.FilterUnreadable, "request"),
        ];
        foreach (var (filter, code, field) in cases)
        {
            var listed = Assert.Single((await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(filter), auditor, Ct)).Refusals);
            var exported = Assert.Single((await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(filter), auditor, Ct)).Refusals);
            Assert.Equal((code, field), (listed.Code, listed.Field));
            Assert.Equal((code, field), (exported.Code, exported.Field));
        }

        Assert.Empty(await world.EventsAsync());
        Assert.Empty((await world.Get<SearchPeople>().ExecuteAsync("a\0", auditor, Ct)).Value);
    }

    [Theory]
    [BothDatabases]
    public async Task Who_never_signed_in_is_known_by_object_id_from_the_trail(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var stranger = Guid.CreateVersion7();
        await using (var db = world.OpenDb())
        {
            foreach (var (name, minute) in ((string, int)[])[("Old Name", 1), ("Lena Brandt", 2)])
                db.AuditEvents.Add(new AuditEvent(AuditCode.StandingAccessFound, AuditOutcome.Success, Actor.System, new AuditSubject { Principal = new PrincipalId(Company.Tenant, stranger), PrincipalName = name }, AuditDetail.None, PortalWorld.Start.AddMinutes(minute)));
            await db.SaveChangesAsync(Ct);
        }

        var auditor = await world.IdentifyAsync(Company.Ingrid);
        Assert.Equal([new PersonMatch(stranger, "Lena Brandt", null)], (await world.Get<SearchPeople>().ExecuteAsync(stranger.ToString(), auditor, Ct)).Value);
        Assert.Empty((await world.Get<SearchPeople>().ExecuteAsync(Guid.CreateVersion7().ToString(), auditor, Ct)).Value);
    }

    [Theory]
    [BothDatabases]
    public async Task That_it_was_exported_is_saved_before_the_first_row_is_read(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, 5, seed: 3);
        var from = PortalWorld.Start.AddMinutes(-1);
        var export = await world.Get<ExportAuditEvents>().ExecuteAsync(
            new ExportOrder(new AuditFilter { VaultName = "kv-a", From = from, PersonObjectId = Company.Mira.ObjectId, Code = AuditCode.GrantEnded.Value }), await world.IdentifyAsync(Company.Ingrid), Ct);

        var saved = (await world.EventsAsync())[^1];
        Assert.Equal(AuditCode.AuditExported.Value, saved.Code);
        Assert.Equal(Company.Ingrid.ObjectId, saved.ActorObjectId);
        Assert.Equal(("kv-a", from, "grant.ended", $"person {Company.Mira.ObjectId}"), (saved.VaultName, saved.WindowStart, saved.Reason, saved.Comment));
        Assert.DoesNotContain(await Rows.ReadAsync(export.Value.ReadAsync(Ct)), e => e["event_id"] == saved.EventId.ToString());
    }

    [Fact]
    public async Task An_export_that_cannot_be_recorded_does_not_happen()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, 5, seed: 3);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        world.DatabaseFaults.Break = sql => sql.Contains("INSERT", StringComparison.Ordinal) ? new IOException("disk full") : null;
        await Assert.ThrowsAnyAsync<Exception>(() => world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter()), auditor, Ct));
    }

    [Theory]
    [BothDatabases]
    public async Task An_export_of_many_pieces_is_whole_in_order_and_ends_where_it_began(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, 2500, seed: 4);
        var export = (await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(new AuditFilter()), await world.IdentifyAsync(Company.Ingrid), Ct)).Value;
        var added = 0;
        var read = await Rows.ReadAsync(export.ReadAsync(Ct).Select(piece =>
        {
            if (added++ == 0)
                AddAsync(world, 10, seed: 5).GetAwaiter().GetResult();
            return piece;
        }));
        var rows = read.ConvertAll(row => (At: DateTimeOffset.Parse(row["at"], CultureInfo.InvariantCulture), Sequence: long.Parse(row["sequence"], CultureInfo.InvariantCulture)));

        Assert.Equal(2500, rows.Count);
        // All of the log comes in the log's order, the rest in the order of time.
        Assert.Equal(await world.ReadAsync(db => db.AuditLeaves.OrderBy(l => l.Position).Take(2500).Join(db.AuditEvents, l => l.EventId, e => e.EventId, (l, e) => new { l.Position, e.Sequence }).OrderBy(p => p.Position).Select(p => p.Sequence).ToListAsync(Ct)), rows.ConvertAll(row => row.Sequence));
        Assert.Equal(rows.Count, rows.Distinct().Count());
    }

    /// <summary>Whether an event says that the trail was read or exported.</summary>
    internal static bool IsOfReading(string code) => code == AuditCode.AuditRead.Value || code == AuditCode.AuditExported.Value;

    private static bool Fits(AuditEvent e, AuditFilter filter) =>
        (filter.From is not { } from || e.At >= from)
        && (filter.To is not { } to || e.At < to)
        && (filter.PersonObjectId is not { } person || e.ActorObjectId == person || e.SubjectObjectId == person)
        && (string.IsNullOrEmpty(filter.VaultName) || e.VaultName == filter.VaultName)
        && (string.IsNullOrEmpty(filter.SecretName) || e.SecretName == filter.SecretName)
        && (string.IsNullOrEmpty(filter.Code) || e.Code == filter.Code)
        && (string.IsNullOrEmpty(filter.RequestReference) || e.RequestReference == filter.RequestReference);

    private static async Task<List<AuditEvent>> ListAsync(PortalWorld world, TestPerson reader, AuditFilter filter)
    {
        var events = new List<AuditEvent>();
        string? after = null;
        do
        {
            var result = await world.Get<ListAuditEvents>().ExecuteAsync(new AuditListQuery(filter, after, 37), await world.IdentifyAsync(reader), Ct);
            Assert.Empty(result.Refusals);
            events.AddRange(result.Value.Items);
            after = result.Value.Next;
        }
        while (after is not null);
        return events;
    }

    private static async Task<List<Dictionary<string, string>>> ExportAsync(PortalWorld world, TestPerson reader, AuditFilter filter)
    {
        var result = await world.Get<ExportAuditEvents>().ExecuteAsync(new ExportOrder(filter), await world.IdentifyAsync(reader), Ct);
        Assert.Empty(result.Refusals);
        return await Rows.ReadAsync(result.Value.ReadAsync(Ct));
    }

    /// <summary>Adds events of a small world: any person on any other's access, spread over an hour or all at once.</summary>
    internal static async Task AddAsync(PortalWorld world, int count, int seed, int minutes = 60)
    {
        var random = new Random(seed);
        await using var db = world.OpenDb();
        for (var i = 0; i < count; i++)
        {
            var actor = await world.IdentifyAsync(Any(Company.Everyone));
            var subject = Any(Company.Everyone);
            db.AuditEvents.Add(new AuditEvent(Any(Codes), AuditOutcome.Success, random.Next(4) == 0 ? Actor.System : actor, new AuditSubject
            {
                Principal = subject.Id,
                PrincipalName = subject.Name,
                VaultName = Any(Vaults),
                SecretName = random.Next(3) == 0 ? null : Any(Secrets),
                RequestReference = $"R-{random.Next(4)}",
            }, AuditDetail.None, PortalWorld.Start.AddMinutes(random.Next(minutes))));
        }

        await db.SaveChangesAsync(Ct);

        T Any<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];
    }
}
