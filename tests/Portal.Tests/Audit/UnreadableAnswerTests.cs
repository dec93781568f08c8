using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Questions;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>An event that somebody changed to what cannot be read keeps no auditor from an answer, and retention from nothing else.</summary>
public sealed class UnreadableAnswerTests
{
    private static readonly AuditPeriod All = new(PortalWorld.Start.AddDays(-1), PortalWorld.Start.AddDays(30));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task Access_whose_end_has_no_time_is_told_without_it_beside_all_other(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var whole = await GivenAsync(world, PortalWorld.Draft(minutes: 240), giveBack: false);
        var spoilt = await GivenAsync(world, PortalWorld.Draft(Company.LedgerPassword, minutes: 240), giveBack: true);
        var number = await SpoilAsync(world, kind, e => e.Code == AuditCode.GrantEnded.Value);
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        var access = (await world.Get<WhoHadAccess>().ExecuteAsync(new AccessQuestion("kv-payments-prod", null, All), auditor, Ct)).Value;
        var held = (await world.Get<WhatWasHeld>().ExecuteAsync(new HoldingQuestion(Company.Mira.ObjectId, All), auditor, Ct)).Value;
        var unused = (await world.Get<WhatWasNeverUsed>().ExecuteAsync(All, auditor, Ct)).Value;
        foreach (var spans in (IReadOnlyList<AccessSpan>[])[access.Spans, held.Spans, unused.Spans])
        {
            Assert.Equal([spoilt, whole], spans.Select(s => s.RequestReference!));
            Assert.Equal([(null, true), (null, false)], spans.Select(s => (s.Until, s.EndUnreadable)));
        }

        foreach (var answer in (AuditAnswer[])[access, held, unused])
            Assert.Equal([number], answer.Unreadable);
        Assert.Equal((1, 2, 2), (access.People, unused.Unused, unused.Given));
    }

    [Theory, BothDatabases]
    public async Task Access_that_cannot_be_read_hides_no_other(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var readable = await GivenAsync(world, PortalWorld.Draft(minutes: 240), giveBack: false);
        await GivenAsync(world, PortalWorld.Draft(Company.LedgerPassword, minutes: 240), giveBack: true);
        var number = await SpoilAsync(world, kind, e => e.Code == AuditCode.GrantActivated.Value && e.SecretName != null && e.SecretName.StartsWith("ledger"), before: true);
        var period = new AuditPeriod(DateTimeOffset.MinValue, All.To);
        var access = (await world.Get<WhoHadAccess>().ExecuteAsync(new AccessQuestion("kv-payments-prod", null, period), await world.IdentifyAsync(Company.Ingrid), Ct)).Value;
        Assert.Equal([readable], access.Spans.Select(s => s.RequestReference!));
        Assert.Equal([number], access.Unreadable);
    }

    [Theory, BothDatabases]
    public async Task Decisions_and_changes_are_counted_without_those_that_cannot_be_read(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        for (var i = 0; i < 3; i++)
        {
            var asked = await world.AskAsync(draft: PortalWorld.Draft(minutes: 240));
            Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, Portal.Core.Approvals.Verdict.Denied, "No")).Refusals);
        }

        var undecided = await world.AskAsync(draft: PortalWorld.Draft(minutes: 240));
        Assert.NotEmpty((await world.DecideAsync(undecided.RequestId, Company.Mira)).Refusals);
        var number = await SpoilAsync(world, kind, e => e.Code == AuditCode.RequestDenied.Value, column: "ActorObjectId");
        // Only SQLite can hold what is no id.
        long[] unreadable = kind == DatabaseKind.Sqlite ? [number] : [];
        var auditor = await world.IdentifyAsync(Company.Ingrid);
        var approvals = (await world.Get<WhoApprovedWhom>().ExecuteAsync(new ApprovalQuestion(null, All), auditor, Ct)).Value;
        Assert.Equal(3 - unreadable.Length, approvals.Denied);
        Assert.Equal(unreadable, approvals.Unreadable);
        Assert.True((await world.Get<ChartAuditEvents>().ExecuteAsync(new ChartQuery(new AuditFilter(), TimeZoneInfo.Utc), auditor, Ct)).Succeeded);

        var refused = await SpoilAsync(world, kind, e => e.Code == AuditCode.AttemptRefused.Value, column: "Outcome");
        var policy = await SpoilAsync(world, kind, e => e.Code == AuditCode.PolicyLoaded.Value, column: "Outcome");
        Assert.Equal([refused], (await world.Get<WhatWentAroundTheRules>().ExecuteAsync(All, auditor, Ct)).Value.Unreadable);
        Assert.Equal([policy], (await world.Get<WhatAdministratorsChanged>().ExecuteAsync(All, auditor, Ct)).Value.Unreadable);
    }

    [Theory, BothDatabases("Outcome", "At")]
    public async Task Retention_goes_past_what_cannot_be_read_and_leaves_it_there(DatabaseKind kind, string column)
    {
        var period = TimeSpan.FromDays(400);
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await TestLog.WriteAsync(world, 30);
        await world.ReadAsync(db => db.RetentionStates.ExecuteUpdateAsync(set => set.SetProperty(s => s.ExportedThrough, 30L), Ct));
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("INSERT INTO \"AuditCheckpoints\" (\"Size\", \"Time\", \"Note\") SELECT 30, max(\"At\"), 'x' FROM \"AuditEvents\"", Ct));
        // More than one turn takes.
        foreach (var number in (long[])[1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 30])
            await SpoilAsync(world, kind, e => e.Sequence == number, column, before: true);
        world.Clock.Advance(period + TimeSpan.FromSeconds(1));
        Assert.Equal(19, (await world.Prune(period, batch: 7).ExecuteAsync(Actor.System, Ct)).Value);
        Assert.Equal(11, await world.ReadAsync(db => db.AuditEvents.CountAsync(e => e.Sequence <= 30, Ct)));
        Assert.Equal(0, (await world.Prune(period, batch: 7).ExecuteAsync(Actor.System, Ct)).Value);
    }

    // A promise that began; over again half an hour later, or not.
    private static async Task<string> GivenAsync(PortalWorld world, Portal.Core.Requests.RequestDraft draft, bool giveBack)
    {
        var grant = await world.PromiseAsync(draft: draft);
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromMinutes(30));
        if (giveBack)
            Assert.Empty((await world.ReturnAsync(grant.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        return grant.RequestReference;
    }

    /// <summary>Changes one event to what cannot be read.</summary>
    /// <returns>Its number.</returns>
    private static async Task<long> SpoilAsync(PortalWorld world, DatabaseKind kind, System.Linq.Expressions.Expression<Func<AuditEvent, bool>> which, string column = "At", bool before = false)
    {
        var value = (kind, column, before) switch
        {
            (_, "Outcome", _) => "'Nonsense'",
            (DatabaseKind.Sqlite, _, true) => "''",
            (DatabaseKind.Sqlite, _, false) => "'x'",
            (_, "At", true) => "timestamptz '0044-03-15 00:00:00Z BC'",
            (_, "At", false) => "timestamptz '200000-01-01 00:00:00Z'",
            _ => $"\"{column}\"",
        };
        var number = await world.ReadAsync(db => db.AuditEvents.Where(which).OrderBy(e => e.Sequence).Select(e => e.Sequence).FirstAsync(Ct));
        var sql = FormattableString.Invariant($"UPDATE \"AuditEvents\" SET \"{column}\" = {value} WHERE \"Sequence\" = {number}");
        Assert.Equal(1, await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(sql, Ct)));
        return number;
    }
}
