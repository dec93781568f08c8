using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Audit;
using Portal.Core.Audit.Questions;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>What auditors ask, answered from what really happened.</summary>
public sealed class AuditQuestionTests
{
    private static readonly DateTimeOffset Start = PortalWorld.Start;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task Who_had_access_is_told_by_when_it_was_given_and_taken_back_not_by_what_was_planned(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var early = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty((await world.ReturnAsync(early.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        var back = world.Clock.GetUtcNow();
        await world.PassAsync(TimeSpan.FromMinutes(60));

        // While it lasted, from its first to its last moment; not before, not after, although four hours had been promised.
        Assert.Equal([("Mira Okafor", early.RequestReference)], Who(await AccessAsync(world, "stripe-api-key", Start.AddMinutes(10), Start.AddMinutes(20))));
        Assert.Equal([("Mira Okafor", early.RequestReference)], Who(await AccessAsync(world, "stripe-api-key", back.AddSeconds(-1), back.AddHours(1))));
        Assert.Empty(Who(await AccessAsync(world, "stripe-api-key", back, back.AddHours(1))));
        Assert.Empty(Who(await AccessAsync(world, "stripe-api-key", Start.AddHours(-1), early.StartsAt)));
        Assert.Empty(Who(await AccessAsync(world, "ledger-db-password", Start, back)));

        var span = Assert.Single((await AccessAsync(world, "stripe-api-key", Start, back.AddHours(2))).Spans);
        Assert.Equal((back, nameof(GrantEnding.Revoked)), (span.Until, span.Ending));
        Assert.Equal(Company.Mira.ObjectId, span.PersonObjectId);
    }

    [Theory]
    [BothDatabases]
    public async Task What_lasts_still_and_what_is_for_the_whole_vault_counts(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var whole = await world.PromiseAsync(draft: PortalWorld.Draft(Company.PaymentsVault, minutes: 240));
        var one = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword, minutes: 240));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(5));

        var answer = await AccessAsync(world, "stripe-api-key", world.Clock.GetUtcNow().AddMinutes(-1), world.Clock.GetUtcNow());
        Assert.Equal([(whole.PrincipalName, whole.RequestReference)], Who(answer));
        Assert.Equal((null, null), (answer.Spans[0].Until, answer.Spans[0].SecretName));
        var vault = await AccessAsync(world, null, Start, world.Clock.GetUtcNow());
        Assert.Equal(new[] { one.RequestReference, whole.RequestReference }.Order(), vault.Spans.Select(s => s.RequestReference).Order());
        Assert.Equal(1, vault.People);
    }

    [Theory]
    [BothDatabases]
    public async Task A_name_that_was_never_seen_is_not_answered_with_nobody(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await RecordAsync(world, (AuditCode.StandingAccessFound, Start, Company.Jonas, null, null));
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        (string Vault, string? Secret, string? Code, string? Field)[] cases =
        [
            ("kv-payments-prd", null, RefusalCode.VaultNeverSeen, "vault"),
            ("kv-payments-prd", "stripe-api-key", RefusalCode.VaultNeverSeen, "vault"),
            ("kv-payments-prod", "stripe-api-kee", RefusalCode.SecretNeverSeen, "secret"),
            // Of another vault.
            ("kv-legacy-erp", "stripe-api-key", RefusalCode.SecretNeverSeen, "secret"),
            ("kv-payments-prod", "stripe-api-key", null, null),
            ("kv-payments-prod", null, null, null),
            // Only the trail remembers it.
            ("kv-a", "anything", null, null),
        ];
        foreach (var (vault, secret, code, field) in cases)
        {
            var refusal = (await world.Get<WhoHadAccess>().ExecuteAsync(new AccessQuestion(vault, secret, new AuditPeriod(Start, Start.AddHours(1))), auditor, Ct)).Refusals.SingleOrDefault();
            Assert.Equal((code, field), (refusal?.Code, refusal?.Field));
        }
    }

    [Theory]
    [BothDatabases]
    public async Task Standing_access_that_was_found_is_told_with_when(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await RecordAsync(world,
            (AuditCode.StandingAccessFound, Start, Company.Jonas, null, null),
            (AuditCode.DriftFound, Start.AddMinutes(1), Company.Mira, null, "HeldByAnother"),
            (AuditCode.DriftFound, Start.AddMinutes(2), Company.Mira, null, "AssignmentMissing"));
        var answer = await AccessAsync(world, "key", Start.AddMinutes(10), Start.AddMinutes(20), "kv-a");
        Assert.Empty(answer.Spans);
        Assert.Equal([Company.Mira.Name, Company.Jonas.Name], answer.Standing.Select(s => s.PersonName));
        Assert.Equal(Start, answer.Standing[1].FoundAt);
        Assert.Single((await AccessAsync(world, "key", Start.AddMinutes(-9), Start.AddSeconds(1), "kv-a")).Standing);
    }

    [Fact]
    public async Task Standing_access_that_was_met_again_is_told_once_since_it_was_first_met()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await RecordAsync(world,
            (AuditCode.DriftFound, Start, Company.Mira, null, "HeldByAnother"),
            (AuditCode.StandingAccessFound, Start.AddMinutes(31), Company.Mira, null, null));

        Assert.Equal(Start, Assert.Single((await AccessAsync(world, "key", Start.AddMinutes(-9), Start.AddHours(1), "kv-a")).Standing).FoundAt);
    }

    [Theory]
    [BothDatabases]
    public async Task Standing_access_that_is_known_to_be_gone_is_told_until_then(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.LoadPoliciesAsync([Company.Policies[0] with { Provider = GrantProvider.PimSchedule }, .. Company.Policies.Skip(1)]);
        world.Schedules.HeldByAnother = true;
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(10));
        world.Schedules.HeldByAnother = false;
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        await world.WorkAsync();

        var standing = Assert.Single((await AccessAsync(world, "stripe-api-key", Start.AddMinutes(-5), Start.AddMinutes(20), "kv-payments-prod")).Standing);
        Assert.Equal((Start, Start.AddMinutes(10)), (standing.FoundAt, standing.GoneAt));
        Assert.Empty((await AccessAsync(world, "stripe-api-key", Start.AddMinutes(11), Start.AddMinutes(20), "kv-payments-prod")).Standing);
    }

    [Theory]
    [BothDatabases]
    public async Task What_a_person_held_on_a_day_is_all_that_overlaps_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var mine = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 30));
        await world.PromiseAsync(Company.Jonas, PortalWorld.Draft(Company.Carrier, ticket: "T-1"), Company.Tomas);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(31));
        var day = new AuditPeriod(new DateTimeOffset(Start.UtcDateTime.Date, TimeSpan.Zero), new DateTimeOffset(Start.UtcDateTime.Date.AddDays(1), TimeSpan.Zero));
        var held = (await world.Get<WhatWasHeld>().ExecuteAsync(new HoldingQuestion(Company.Mira.ObjectId, day), await AuditorAsync(world), Ct)).Value;
        Assert.Equal([mine.RequestReference], held.Spans.Select(s => s.RequestReference));
        Assert.Equal(nameof(GrantEnding.Expired), held.Spans[0].Ending);
        var next = new AuditPeriod(day.To, day.To.AddDays(1));
        Assert.Empty((await world.Get<WhatWasHeld>().ExecuteAsync(new HoldingQuestion(Company.Mira.ObjectId, next), await AuditorAsync(world), Ct)).Value.Spans);
    }

    [Theory]
    [BothDatabases]
    public async Task Who_approved_whom_counts_pairs_and_takes_the_middle_of_their_times(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        foreach (var (minutes, verdict) in ((int, Verdict)[])[(1, Verdict.Approved), (9, Verdict.Denied), (4, Verdict.Approved)])
        {
            var asked = await world.AskAsync(Company.Mira, PortalWorld.Draft(minutes: 10));
            world.Clock.Advance(TimeSpan.FromMinutes(minutes));
            Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, verdict, "Because")).Refusals);
            await world.PassAsync(TimeSpan.FromMinutes(11));
            await world.PassAsync(TimeSpan.FromMinutes(1));
        }

        var other = await world.AskAsync(Company.Jonas, PortalWorld.Draft(Company.Carrier, ticket: "T-1"));
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        await world.DecideAsync(other.RequestId, Company.Tomas);
        var period = new AuditPeriod(Start, world.Clock.GetUtcNow().AddMinutes(1));
        var answer = (await world.Get<WhoApprovedWhom>().ExecuteAsync(new ApprovalQuestion(null, period), await AuditorAsync(world), Ct)).Value;
        Assert.Equal((2, 3, 1), (answer.PairCount, answer.Approved, answer.Denied));
        Assert.Equal(TimeSpan.FromMinutes(3), answer.Median);
        var pair = answer.Pairs[0];
        Assert.Equal((Company.Priya.Name, Company.Mira.Name, 2, 1), (pair.ApproverName, pair.RequesterName, pair.Approved, pair.Denied));
        Assert.Equal((TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(1)), (pair.Median, pair.Fastest));
        Assert.Equal([Company.Tomas.Name], (await world.Get<WhoApprovedWhom>().ExecuteAsync(new ApprovalQuestion(Company.Jonas.ObjectId, period), await AuditorAsync(world), Ct)).Value.Pairs.Select(p => p.ApproverName));
        Assert.Equal(0, (await world.Get<WhoApprovedWhom>().ExecuteAsync(new ApprovalQuestion(null, new AuditPeriod(period.To, period.To.AddDays(1))), await AuditorAsync(world), Ct)).Value.PairCount);
    }

    [Theory]
    [BothDatabases]
    public async Task Never_used_is_what_no_test_has_reached(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var (tested, untested) = (Guid.NewGuid(), Guid.NewGuid());
        await RecordAsync(world,
            (AuditCode.GrantActivated, Start, Company.Mira, tested, null), (AuditCode.GrantEffective, Start.AddMinutes(1), Company.Mira, tested, null), (AuditCode.GrantEnded, Start.AddMinutes(9), Company.Mira, tested, "Expired"),
            (AuditCode.GrantActivated, Start.AddMinutes(2), Company.Jonas, untested, null), (AuditCode.GrantEnded, Start.AddMinutes(9), Company.Jonas, untested, "Revoked"),
            (AuditCode.GrantActivated, Start.AddDays(3), Company.Jonas, Guid.NewGuid(), null));
        var answer = (await world.Get<WhatWasNeverUsed>().ExecuteAsync(new AuditPeriod(Start, Start.AddDays(1)), await AuditorAsync(world), Ct)).Value;
        Assert.Equal((1, 2), (answer.Unused, answer.Given));
        var span = Assert.Single(answer.Spans);
        Assert.Equal((Company.Jonas.Name, Start.AddMinutes(9), "Revoked"), (span.PersonName, span.Until, span.Ending));
    }

    [Theory]
    [BothDatabases]
    public async Task Around_the_rules_is_a_second_try_an_approval_without_a_person_and_an_attempt(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await RecordAsync(world,
            (AuditCode.RequestDenied, Start, Company.Mira, null, null), (AuditCode.RequestApproved, Start.AddDays(2), Company.Mira, null, null), (AuditCode.RequestApproved, Start.AddDays(3), Company.Mira, null, null),
            (AuditCode.RequestDenied, Start.AddHours(1), Company.Jonas, null, null), (AuditCode.RequestApproved, Start.AddDays(9), Company.Jonas, null, null),
            (AuditCode.AttemptRefused, Start.AddHours(2), Company.Jonas, null, "approval.own_request"));
        var answer = (await world.Get<WhatWentAroundTheRules>().ExecuteAsync(new AuditPeriod(Start, Start.AddDays(10)), await AuditorAsync(world), Ct)).Value;
        var second = Assert.Single(answer.SecondTries);
        Assert.Equal((Company.Mira.Name, Start, Start.AddDays(2)), (second.PersonName, second.DeniedAt, second.ApprovedAt));
        // The world's recorder is the system.
        Assert.Equal((3, 1), (answer.AutomaticCount.Events, answer.AttemptCount.Events));
        Assert.Equal(3, answer.Automatic.Count);
        Assert.Empty((await world.Get<WhatWentAroundTheRules>().ExecuteAsync(new AuditPeriod(Start.AddDays(1), Start.AddDays(1.5)), await AuditorAsync(world), Ct)).Value.SecondTries);
    }

    [Theory]
    [BothDatabases]
    public async Task What_administrators_changed_is_counted_by_kind_and_listed_the_latest_first(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        await world.RevokeAsync(grant.Id, Company.Tomas);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        var pause = await world.PauseAsync(new PauseInput(PauseTarget.Scope, null, Company.LegacyVault, "Migration"));
        await world.ResumeAsync(pause.PauseId);
        var answer = (await world.Get<WhatAdministratorsChanged>().ExecuteAsync(new AuditPeriod(Start.AddMinutes(-1), world.Clock.GetUtcNow().AddMinutes(1)), await AuditorAsync(world), Ct)).Value;
        Assert.Equal(["access.resumed", "access.paused", "grant.revoked"], answer.Events.Select(e => e.Code).Where(c => c != "policy.loaded"));
        Assert.Equal(1, answer.Counts.Single(c => c.Code == "access.paused").Count.Events);
        Assert.DoesNotContain(answer.Counts, c => c.Count.Events == 0);
    }

    [Theory]
    [BothDatabases]
    public async Task Charts_draw_every_day_of_the_readers_and_what_the_filter_leaves(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        // Just before and just after midnight in Berlin.
        var midnight = new DateTimeOffset(2026, 3, 1, 23, 0, 0, TimeSpan.Zero);
        var grant = Guid.NewGuid();
        await RecordAsync(world,
            (AuditCode.GrantActivated, midnight.AddMinutes(-1), Company.Mira, grant, null), (AuditCode.GrantEnded, midnight.AddMinutes(1), Company.Mira, grant, "Expired"),
            (AuditCode.GrantEnded, midnight.AddMinutes(2), Company.Jonas, Guid.NewGuid(), "Revoked"));
        var filter = new AuditFilter { From = midnight.AddDays(-2), To = midnight.AddDays(1) };
        // That they are drawn is an event too.
        world.Clock.Advance(TimeSpan.FromDays(1));
        var charts = (await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(filter, berlin), await AuditorAsync(world), Ct)).Value;
        Assert.Equal((ChartStep.Day, midnight.AddDays(-2)), (charts.Step, charts.Bars[0].From));
        Assert.Equal([(0, 0), (1, 1), (2, 0)], charts.Bars.Select(b => (b.Events, b.Grants)));
        Assert.Equal((1, 1), (charts.OnTime, charts.Early));
        var mira = (await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(filter with { PersonObjectId = Company.Mira.ObjectId }, berlin), await AuditorAsync(world), Ct)).Value;
        Assert.Equal((2, 1, 0), (mira.Bars.Sum(b => b.Events), mira.OnTime, mira.Early));
        var own = (await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(filter, berlin), await world.IdentifyAsync(Company.Mira), Ct)).Value;
        Assert.Equal(2, own.Bars.Sum(b => b.Events));
        Assert.Equal(1, (await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(filter with { Text = "jonas" }, berlin), await AuditorAsync(world), Ct)).Value.Bars.Sum(b => b.Events));
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", ChartStep.Year)]
    [InlineData("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z", ChartStep.Year)]
    [InlineData("2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z", ChartStep.Month)]
    [InlineData("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z", ChartStep.Week)]
    [InlineData("9999-12-31T23:59:00Z", null, ChartStep.Day)]
    [InlineData(null, "0001-01-02T00:00:00Z", ChartStep.Day)]
    [InlineData(null, null, ChartStep.Day)]
    public async Task Any_range_has_at_most_so_many_bars(string? from, string? to, ChartStep step)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        foreach (var zone in (string[])["UTC", "Pacific/Kiritimati", "America/Santiago"])
        {
            var filter = new AuditFilter { From = from is null ? null : DateTimeOffset.Parse(from, System.Globalization.CultureInfo.InvariantCulture), To = to is null ? null : DateTimeOffset.Parse(to, System.Globalization.CultureInfo.InvariantCulture) };
            var charts = (await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(filter, TimeZoneInfo.FindSystemTimeZoneById(zone)), await AuditorAsync(world), Ct)).Value;
            Assert.InRange(charts.Bars.Count, 0, ChartAuditEvents.MostBars);
            if (zone == "UTC")
                Assert.Equal(step, charts.Step);
        }
    }

    [Fact]
    public async Task A_period_that_ends_before_it_starts_is_refused_and_so_is_who_is_no_auditor()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        var (auditor, mira) = (await AuditorAsync(world), await world.IdentifyAsync(Company.Mira));
        var inverted = new AuditPeriod(Start, Start);
        Assert.Equal((RefusalCode.RangeInverted, "to"), Of(await world.Get<WhatWasNeverUsed>().ExecuteAsync(inverted, auditor, Ct)));
        Assert.Equal((RefusalCode.RangeInverted, "to"), Of(await world.Get<WhoHadAccess>().ExecuteAsync(new AccessQuestion("kv", null, inverted), auditor, Ct)));
        Assert.Equal((RefusalCode.TextBlank, "vault"), Of(await world.Get<WhoHadAccess>().ExecuteAsync(new AccessQuestion(" ", null, new AuditPeriod(Start, Start.AddDays(1))), auditor, Ct)));
        Assert.Equal((RefusalCode.FilterUnreadable, "secret"), Of(await world.Get<WhoHadAccess>().ExecuteAsync(new AccessQuestion("kv", "a\0", new AuditPeriod(Start, Start.AddDays(1))), auditor, Ct)));
        Assert.Equal((RefusalCode.RoleMissing, null), Of(await world.Get<WhatWasHeld>().ExecuteAsync(new HoldingQuestion(Company.Mira.ObjectId, new AuditPeriod(Start, Start.AddDays(1))), mira, Ct)));
        Assert.True((await world.Get<WhoApprovedWhom>().ExecuteAsync(new ApprovalQuestion(null, new AuditPeriod(DateTimeOffset.MinValue, DateTimeOffset.MaxValue)), auditor, Ct)).Succeeded);

        static (string, string?) Of<T>(Result<T> result) => (result.Refusals[0].Code, result.Refusals[0].Field);
    }

    private static Task<Actor> AuditorAsync(PortalWorld world) => world.IdentifyAsync(Company.Ingrid);

    private static async Task<AccessAnswer> AccessAsync(PortalWorld world, string? secret, DateTimeOffset from, DateTimeOffset to, string vault = "kv-payments-prod")
    {
        var result = await world.Get<WhoHadAccess>().ExecuteAsync(new AccessQuestion(vault, secret, new AuditPeriod(from, to)), await AuditorAsync(world), Ct);
        Assert.Empty(result.Refusals);
        return result.Value;
    }

    private static IEnumerable<(string?, string?)> Who(AccessAnswer answer) => answer.Spans.Select(s => (s.PersonName, s.RequestReference));

    /// <summary>Events about a secret called key in kv-a.</summary>
    private static async Task RecordAsync(PortalWorld world, params (AuditCode Code, DateTimeOffset At, TestPerson Whose, Guid? Grant, string? Reason)[] events)
    {
        await using var db = world.OpenDb();
        foreach (var (code, at, whose, grant, reason) in events)
            db.AuditEvents.Add(new AuditEvent(code, AuditOutcome.Success, Actor.System, new AuditSubject
            {
                Principal = whose.Id,
                PrincipalName = whose.Name,
                Scope = "/vaults/kv-a/secrets/key",
                VaultName = "kv-a",
                SecretName = "key",
                RequestId = grant,
                GrantId = grant,
                RequestReference = grant?.ToString("N")[..8],
            }, new AuditDetail(reason), at));
        await db.SaveChangesAsync(Ct);
    }
}
