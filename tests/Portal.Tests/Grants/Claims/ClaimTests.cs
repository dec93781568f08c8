using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;
using Portal.Migrations.PostgreSql;
using Portal.Migrations.Sqlite;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Claims;

/// <summary>How due work is handed out: in what order, to whom, and what is passed over.</summary>
public sealed class ClaimTests
{
    private const string Healthy = "11111111-0000-4000-8000-000000000001";
    private const string Sick = "22222222-0000-4000-8000-000000000002";

    private static readonly CloudCallException NoAnswer = new(AttentionCode.NoAnswer, "No answer within 30 s.", null, isTransient: true);

    [Theory, BothDatabases]
    public async Task Ends_go_ahead_of_gives_then_the_most_privileged_then_the_longest_due(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var rows = new[]
        {
            await AddAsync(world, Healthy, "give-reader-old", ended: false, GrantableRole.SecretsUser, minutesDue: 50),
            await AddAsync(world, Healthy, "give-officer", ended: false, GrantableRole.SecretsOfficer, minutesDue: 5),
            await AddAsync(world, Healthy, "end-reader-new", ended: true, GrantableRole.SecretsUser, minutesDue: 5),
            await AddAsync(world, Healthy, "end-reader-old", ended: true, GrantableRole.SecretsUser, minutesDue: 20),
            await AddAsync(world, Healthy, "end-officer", ended: true, GrantableRole.SecretsOfficer, minutesDue: 1),
        };
        var claimed = new List<Guid>();
        while (await world.ClaimAsync(2) is { Count: > 0 } claims)
            claimed.AddRange(claims.Select(c => c.AssignmentId));
        Assert.Equal([rows[4], rows[3], rows[2], rows[1], rows[0]], claimed);
    }

    [Theory, BothDatabases]
    public async Task A_give_whose_own_end_has_come_while_it_waited_counts_as_an_end(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, Healthy, "give", ended: false, GrantableRole.SecretsUser, minutesDue: 5);
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("UPDATE \"DesiredAssignments\" SET \"WantedUntil\" = {0}", world.Clock.GetUtcNow().UtcDateTime));
        Assert.True(Assert.Single(await world.ClaimAsync()).ToEnd);
    }

    [Theory, BothDatabases]
    public async Task A_revocation_of_what_is_due_to_be_given_goes_among_the_ends(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        var longer = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120));
        // Nobody has taken the longer one up yet, and nobody will for a while: its subscription takes no writes.
        world.Clock.Advance(TimeSpan.FromSeconds(7));
        await world.RevokeAsync(first.Id, Company.Tomas);
        await world.RevokeAsync(longer.Id, Company.Tomas);
        Assert.True(Assert.Single(await world.ClaimAsync()).ToEnd);
    }

    [Theory, BothDatabases]
    public async Task A_subscription_that_asks_to_wait_is_passed_over_and_holds_up_no_other(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var n = 0; n < 100; n++)
            await AddAsync(world, Sick, $"sick-{n}", ended: true, GrantableRole.SecretsOfficer, minutesDue: 60);
        var fine = await AddAsync(world, Healthy, "fine", ended: true, GrantableRole.SecretsUser, minutesDue: 1);
        var pacing = world.Get<CallPacing>();
        await pacing.EnterAsync(Sick, CallKind.Delete, Ct);
        pacing.Answered(new CallAnswer(Sick, CallKind.Delete, Throttled: true, null, TimeSpan.FromMinutes(5)));

        var claimed = (await world.Get<ClaimDueAssignments>().ExecuteAsync(50, Core.Identity.Actor.System, Ct)).Value;
        Assert.Equal(fine, Assert.Single(claimed.Claims).AssignmentId);
        Assert.True(claimed.MoreIsDue);
        world.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Contains(await world.ClaimAsync(), c => c.SubscriptionId == Sick);
    }

    [Theory, BothDatabases]
    public async Task No_more_is_claimed_than_there_are_calls_left(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var n = 0; n < 10; n++)
            await AddAsync(world, Sick, $"row-{n}", ended: true, GrantableRole.SecretsUser, minutesDue: 1);
        var pacing = world.Get<CallPacing>();
        await pacing.EnterAsync(Sick, CallKind.Delete, Ct);
        pacing.Answered(new CallAnswer(Sick, CallKind.Delete, Throttled: false, Remaining: 3, null));
        Assert.Equal(3, (await world.ClaimAsync()).Count);
    }

    [Theory, BothDatabases]
    public async Task A_subscription_holds_sixty_four_at_once_two_while_it_is_silent_and_gives_leave_room_for_ends(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var n = 0; n < 50; n++)
        {
            await AddAsync(world, Healthy, $"give-{n}", ended: false, GrantableRole.SecretsUser, minutesDue: 1);
            await AddAsync(world, Sick, $"end-{n}", ended: true, GrantableRole.SecretsUser, minutesDue: 1);
        }

        world.Get<CallPacing>().Unanswered(Sick, CallKind.Delete, gaveUp: false);
        var claims = await world.ClaimAsync(WorkUnderWay.Most);
        Assert.Equal(48, claims.Count(c => c.SubscriptionId == Healthy));
        Assert.Equal(2, claims.Count(c => c.SubscriptionId == Sick));
        foreach (var claim in claims)
            world.Get<WorkUnderWay>().Begin(claim);
        Assert.Empty(await world.ClaimAsync(50));

        var end = await AddAsync(world, Healthy, "end", ended: true, GrantableRole.SecretsUser, minutesDue: 1);
        Assert.Equal(end, Assert.Single(await world.ClaimAsync(50)).AssignmentId);
    }

    [Theory, BothDatabases]
    public async Task Many_subscriptions_that_are_looked_at_together_leave_room_for_ends_too(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var subscription = 0; subscription < 6; subscription++)
            for (var n = 0; n < 48; n++)
                await AddAsync(world, $"00000000-0000-0000-0000-00000000000{subscription}", $"give-{n}", ended: false, GrantableRole.SecretsUser, minutesDue: 1);
        foreach (var claim in await world.ClaimAsync(WorkUnderWay.Most))
            world.Get<WorkUnderWay>().Begin(claim);
        Assert.Equal(WorkUnderWay.Most - 16, world.Get<WorkUnderWay>().Total);
        var end = await AddAsync(world, Healthy, "end", ended: true, GrantableRole.SecretsUser, minutesDue: 1);
        Assert.Equal(end, Assert.Single(await world.ClaimAsync(WorkUnderWay.Most - world.Get<WorkUnderWay>().Total)).AssignmentId);
    }

    [Theory, BothDatabases]
    public async Task What_may_stand_and_is_not_wanted_stays_among_the_ends_when_somebody_is_to_be_given_it_again(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        await world.RevokeAsync(first.Id, Company.Tomas);
        world.Cloud.FailBefore = _ => new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true, TimeSpan.FromMinutes(5));
        await world.WorkAsync();
        // Due now to be given again; what stands is not to stay for as long as gives have to wait.
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 5));
        Assert.True(Assert.Single(await world.ClaimAsync()).ToEnd);
    }

    [Theory, BothDatabases]
    public async Task What_is_only_looked_at_again_does_not_go_among_the_ends(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.LoadPoliciesAsync([Company.Policies[0] with { Provider = GrantProvider.PimSchedule }, .. Company.Policies.Skip(1)]);
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        Assert.False(Assert.Single(await world.ClaimAsync()).ToEnd);
    }

    [Theory, BothDatabases]
    public async Task What_does_not_answer_this_instance_is_left_to_one_that_it_answers_and_tried_when_nobody_takes_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var end = await AddAsync(world, Sick, "end", ended: true, GrantableRole.SecretsUser, minutesDue: 0);
        var give = await AddAsync(world, Sick, "give", ended: false, GrantableRole.SecretsUser, minutesDue: 0);
        var fine = await AddAsync(world, Healthy, "fine", ended: true, GrantableRole.SecretsUser, minutesDue: 0);
        world.Get<CallPacing>().Unanswered(Sick, CallKind.Read, gaveUp: false);
        var claimed = (await world.Get<ClaimDueAssignments>().ExecuteAsync(20, Core.Identity.Actor.System, Ct)).Value;
        Assert.Equal(fine, Assert.Single(claimed.Claims).AssignmentId);
        Assert.True(claimed.MoreIsDue);

        // Another instance, which knows of no silence, takes the first at once.
        Assert.Equal(end, Assert.Single((await Another(world).ExecuteAsync(1, Core.Identity.Actor.System, Ct)).Value.Claims).AssignmentId);

        // Nobody takes the other.
        world.Clock.Advance(new GrantPace().LookEvery * ClaimDueAssignments.LooksLeftToOthers);
        Assert.Equal(give, Assert.Single(await world.ClaimAsync()).AssignmentId);
    }

    [Theory, BothDatabases]
    public async Task A_row_whose_call_got_no_answer_here_is_left_to_others_though_its_subscription_answers_again(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await UnansweredAsync(world);
        await AdvanceToDueAsync(world, promised.AssignmentId);
        if (kind == DatabaseKind.Sqlite)
        {
            // There are no others.
            Assert.Single(await world.ClaimAsync());
            return;
        }

        Assert.Empty(await world.ClaimAsync());
        world.Clock.Advance((new GrantPace().LookEvery * ClaimDueAssignments.LooksLeftToOthers) - TimeSpan.FromMilliseconds(2));
        Assert.Empty(await world.ClaimAsync());
        Assert.Equal(promised.AssignmentId, Assert.Single((await Another(world).ExecuteAsync(1, Core.Identity.Actor.System, Ct)).Value.Claims).AssignmentId);
    }

    [Theory, BothDatabases]
    public async Task What_nobody_took_is_tried_here_again(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await UnansweredAsync(world);
        await AdvanceToDueAsync(world, promised.AssignmentId);
        world.Clock.Advance(new GrantPace().LookEvery * ClaimDueAssignments.LooksLeftToOthers);
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task An_end_that_somebody_asks_for_meanwhile_is_left_to_nobody(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await UnansweredAsync(world);
        await world.RevokeAsync(promised.Id, Company.Tomas);
        Assert.True(Assert.Single(await world.ClaimAsync()).ToEnd);
    }

    [Fact]
    public async Task What_is_answered_again_is_taken_at_once()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await AddAsync(world, Sick, "end", ended: true, GrantableRole.SecretsUser, minutesDue: 0);
        var pacing = world.Get<CallPacing>();
        pacing.HearIssuer(answered: false);
        Assert.Empty(await world.ClaimAsync());
        pacing.HearIssuer(answered: true);
        Assert.Single(await world.ClaimAsync());
    }

    [Theory, BothDatabases]
    public async Task Many_workers_at_once_never_take_the_same_row(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var n = 0; n < 60; n++)
            await AddAsync(world, $"{n % 5}1111111-0000-4000-8000-000000000001", $"row-{n}", ended: true, GrantableRole.SecretsUser, minutesDue: 1);
        var claims = (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var mine = new List<AssignmentClaim>();
            for (var empty = 0; empty < 3;)
            {
                var taken = await world.ClaimAsync(5);
                mine.AddRange(taken);
                empty += taken.Count == 0 ? 1 : 0;
            }

            return mine;
        })))).SelectMany(c => c).ToList();
        Assert.Equal(60, claims.Count);
        Assert.Equal(60, claims.Select(c => c.AssignmentId).Distinct().Count());
        Assert.All(claims, c => Assert.Equal(1, c.Fence));
    }

    [Theory, BothDatabases]
    public async Task What_is_due_is_judged_by_the_databases_time_and_not_by_the_machines(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await AddAsync(world, Healthy, "row", ended: true, GrantableRole.SecretsUser, minutesDue: -60);
        Assert.Empty(await world.ClaimAsync());
        world.DatabaseClock.Ahead = TimeSpan.FromMinutes(61);
        Assert.Single(await world.ClaimAsync());
    }

    [Theory, BothDatabases]
    public async Task The_databases_own_clock_is_read_to_the_millisecond_and_in_UTC(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        IDatabaseClock clock = kind == DatabaseKind.Sqlite ? new SqliteDueWork() : new PostgreSqlDueWork();
        var before = TimeProvider.System.GetUtcNow();
        var said = await world.ReadAsync(db => clock.ReadAsync(db, Ct));
        // Both databases of the tests run on this machine.
        Assert.InRange(said, before.AddMilliseconds(-2), TimeProvider.System.GetUtcNow().AddMilliseconds(2));
    }

    [Theory, BothDatabases]
    public async Task An_empty_poll_is_one_look_into_the_index_of_what_is_due(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var n = 0; n < 20; n++)
            await AddAsync(world, Healthy, $"row-{n}", ended: true, GrantableRole.SecretsUser, minutesDue: -60);
        var plan = await PlanAsync(world, kind, (kind == DatabaseKind.Sqlite ? SqliteDueWork.Find : PostgreSqlDueWork.Find).Replace("{0}", "'2026-03-02 09:00:00'", StringComparison.Ordinal));
        Assert.Contains(plan, line => line.Contains("IX_DesiredAssignments_Due", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.Contains("SCAN DesiredAssignments", StringComparison.Ordinal) || line.Contains("Seq Scan", StringComparison.Ordinal));
    }

    [Theory, BothDatabases]
    public async Task A_claim_goes_through_its_lane_in_order_and_looks_at_nothing_that_is_not_taken(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        for (var n = 0; n < 20; n++)
            await AddAsync(world, n % 2 == 0 ? Healthy : Sick, $"row-{n}", ended: true, n % 3 == 0 ? GrantableRole.SecretsOfficer : GrantableRole.SecretsUser, minutesDue: n);
        var next = kind == DatabaseKind.Sqlite ? SqliteDueWork.Next : PostgreSqlDueWork.Next;
        foreach (var (place, value) in new[] { ("{0}", "'2026-03-02 09:00:00'"), ("{2}", $"'{Healthy}'"), ("{5}", "1"), ("{3}", "TRUE"), ("{4}", "5") })
            next = next.Replace(place, value, StringComparison.Ordinal);
        var plan = await PlanAsync(world, kind, next);
        Assert.Contains(plan, line => line.Contains("IX_DesiredAssignments_Lane", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.Contains("TEMP B-TREE", StringComparison.Ordinal) || line.Contains("Sort", StringComparison.Ordinal));
    }

    /// <summary>A grant whose first call got no answer, in a cloud that answers again.</summary>
    private static async Task<Grant> UnansweredAsync(PortalWorld world)
    {
        var promised = await world.PromiseAsync();
        world.Cloud.FailBefore = call => call.Verb == CloudVerb.Put ? NoAnswer : null;
        await world.WorkAsync();
        world.Cloud.FailBefore = null;
        return promised;
    }

    /// <summary>To the millisecond after it is due: no database keeps time as finely as a retry is spread.</summary>
    private static async Task AdvanceToDueAsync(PortalWorld world, Guid assignmentId) =>
        world.Clock.Advance((await world.AssignmentAsync(assignmentId)).DueAt!.Value - world.Clock.GetUtcNow() + TimeSpan.FromMilliseconds(1));

    private static async Task<IReadOnlyList<string>> PlanAsync(PortalWorld world, DatabaseKind kind, string statement)
    {
        await using var db = world.OpenDb();
        await db.Database.OpenConnectionAsync(Ct);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        if (kind == DatabaseKind.PostgreSql)
        {
            // Twenty rows fit on a page; the planner would rather read that one.
            command.CommandText = "SET enable_seqscan = off";
            await command.ExecuteNonQueryAsync(Ct);
        }

        command.CommandText = (kind == DatabaseKind.Sqlite ? "EXPLAIN QUERY PLAN " : "EXPLAIN ") + statement;
        var plan = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(Ct);
        while (await reader.ReadAsync(Ct))
            plan.Add(reader.GetString(reader.FieldCount - 1));
        return plan;
    }

    /// <summary>As much of another instance as claims, on the same database.</summary>
    private static ClaimDueAssignments Another(PortalWorld world) => Another(world, new ClockWatch(world.Clock));

    private static ClaimDueAssignments Another(PortalWorld world, ClockWatch clock) => new(
        world.Get<IDbContextFactory<PortalDb>>(), world.Get<IDueWork>(), world.DatabaseClock, clock, new CallPacing(world.Clock), new WorkUnderWay(), new LeftToOthers(), world.Get<UntoldCalls>(), new StepBack(clock, new GrantPace()), new GrantPace());

    /// <summary>A row that is due, as its grant's approval or its settling would have left it.</summary>
    private static async Task<Guid> AddAsync(PortalWorld world, string subscription, string secret, bool ended, GrantableRole role, int minutesDue)
    {
        var now = world.Clock.GetUtcNow();
        var scope = $"/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv/secrets/{secret}";
        var grant = new Grant(new GrantOrder(Guid.NewGuid(), "R-TEST", Company.Mira.Id, "Mira", scope, "kv", secret, role, now.AddMinutes(-minutesDue), now.AddDays(1)), now);
        var row = new DesiredAssignment(grant);
        if (ended)
            row.Release(null, now.AddMinutes(-minutesDue), toEnd: true);
        await using var db = world.OpenDb();
        db.Add(row);
        await db.SaveChangesAsync(Ct);
        return row.Id;
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
