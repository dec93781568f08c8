using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Operations;
using Portal.Core.Grants.Reconciliation;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Reconciliation;

/// <summary>What somebody else does to assignments, and what the portal does about it.</summary>
public sealed class ReconcileAssignmentsTests
{
    [Theory, BothDatabases]
    public async Task Where_all_is_in_order_nothing_is_found_and_nothing_is_called(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.SettledGrantAsync();
        world.Cloud.HoldByAnother(Company.LedgerPassword, Company.Jonas.ObjectId, GrantableRole.SecretsUser.DefinitionId);
        var calls = world.Cloud.Calls.Count;

        var outcome = await world.ReconcileAsync();

        Assert.Equal((4, 0, 0, 0, 0, 0), (outcome.Vaults, outcome.Failures.Count, outcome.Missing, outcome.Unexpected, outcome.Altered, outcome.Resolved));
        Assert.Equal(calls, world.Cloud.Calls.Count);
        Assert.Empty(await world.DriftsAsync());
    }

    [Theory, BothDatabases]
    public async Task One_that_was_deleted_by_hand_is_put_back_and_recorded(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.SettledGrantAsync();
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));

        var outcome = await world.ReconcileAsync();

        Assert.Equal((1, 0, 0), (outcome.Missing, outcome.Unexpected, outcome.Altered));
        var back = Assert.Single(world.Cloud.Standing);
        Assert.Equal((grant.AssignmentId, AssignmentMark.For(grant.EndsAt)), (back.Name, back.Description));
        var drift = Assert.Single(await world.DriftsAsync());
        Assert.Equal((DriftKind.Missing, DriftCode.AssignmentMissing, DriftAction.PutBack, grant.RequestReference, Company.Mira.Name, "kv-payments-prod", "stripe-api-key", null),
            (drift.Kind, drift.Code, drift.Action, drift.RequestReference, drift.PrincipalName, drift.VaultName, drift.SecretName, drift.ResolvedAt));
        Assert.Contains("drift.found", await world.CodesAsync(grant.RequestId));

        await world.PassAsync(Reconciling.Settled);
        Assert.Equal(1, (await world.ReconcileAsync()).Resolved);
        Assert.NotNull(Assert.Single(await world.DriftsAsync()).ResolvedAt);
        Assert.Contains("drift.resolved", await world.CodesAsync(grant.RequestId));

        // What was put back ends like everything else.
        await world.PassAsync(TimeSpan.FromHours(4));
        Assert.Empty(world.Cloud.Standing);
    }

    [Fact]
    public async Task A_grant_for_later_on_the_same_trio_does_not_hide_that_the_active_one_lost_its_role()
    {
        await using var world = await PortalWorld.OpenAsync();
        var later = await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(6), minutes: 60));
        var active = await world.SettledGrantAsync();
        Assert.Equal(later.AssignmentId, active.AssignmentId);
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        Assert.Equal(1, (await world.ReconcileAsync()).Missing);
        Assert.Single(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task What_was_written_a_moment_ago_is_not_called_missing(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        world.Cloud.ListLag = _ => [];
        Assert.Equal(0, (await world.CompareAsync()).Missing);
        world.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, (await world.CompareAsync()).Missing);
        Assert.Empty(await world.DriftsAsync());
    }

    [Fact]
    public async Task What_a_list_leaves_out_and_a_read_by_name_shows_is_not_missing()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.SettledGrantAsync();
        world.Cloud.ListLag = _ => [];
        Assert.Equal(0, (await world.CompareAsync()).Missing);
        Assert.Empty(await world.DriftsAsync());
    }

    [Fact]
    public async Task What_a_list_still_shows_after_our_removal_is_not_unexpected()
    {
        await using var world = await PortalWorld.OpenAsync();
        var grant = await world.SettledGrantAsync();
        var ghost = Assert.Single(world.Cloud.Standing);
        await world.ReturnAsync(grant.Id, Company.Mira);
        await world.WorkAsync();
        world.Cloud.ListLag = standing => [.. standing, ghost];
        Assert.Equal(0, (await world.CompareAsync()).Unexpected);
        Assert.Empty(await world.DriftsAsync());
    }

    [Theory, BothDatabases]
    public async Task Everything_with_the_mark_that_nothing_explains_is_removed_by_the_engine_and_nothing_else(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var kept = await world.SettledGrantAsync();
        var orphan = world.Cloud.Plant(Reconciling.Marked(Company.Carrier, Company.Jonas, world.Clock.GetUtcNow().AddHours(1)));
        world.Cloud.Plant(Reconciling.Marked(Company.LockedVault, Company.Jonas, world.Clock.GetUtcNow().AddDays(-20), role: GrantableRole.Reader.DefinitionId));
        var foreign = world.Cloud.HoldByAnother(Company.LedgerPassword, Company.Jonas.ObjectId, GrantableRole.SecretsUser.DefinitionId);

        var outcome = await world.ReconcileAsync();

        Assert.Equal(2, outcome.Unexpected);
        Assert.Equal(new[] { kept.AssignmentId, foreign.Name }.Order(), world.Cloud.Standing.Select(a => a.Name).Order());
        var drift = (await world.DriftsAsync()).Single(d => d.Scope == orphan.Scope);
        Assert.Equal((DriftKind.Unexpected, DriftAction.Removed, orphan.Name, Company.Jonas.ObjectId), (drift.Kind, drift.Action, drift.AssignmentName, drift.PrincipalObjectId));
        Assert.Equal(2, (await world.CodesAsync()).Count(c => c == "drift.found"));

        await world.PassAsync(Reconciling.Settled);
        Assert.Equal(2, (await world.ReconcileAsync()).Resolved);
        // The trio can be granted as if nothing had been.
        await world.PromiseAsync(Company.Jonas, PortalWorld.Draft(Company.Carrier, ticket: "INC-1"), Company.Tomas);
        await world.WorkAsync();
        Assert.Contains(world.Cloud.Standing, a => a.Scope == Company.Carrier);
    }

    [Fact]
    public async Task What_no_grant_explains_is_found_and_tried_again_under_the_catalogs_names()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Inventory.AddVault("kv-Treasury", secrets: FakeVaultInventory.Secret("Swift-Key"));
        await world.SyncAsync();
        world.Cloud.Plant(Reconciling.Marked(ArmId.OfSecret(Company.VaultId("kv-Treasury"), "swift-key"), Company.Jonas, world.Clock.GetUtcNow().AddHours(-1)));

        await world.CompareAsync();
        var drift = Assert.Single(await world.DriftsAsync());
        Assert.Equal(("kv-Treasury", "Swift-Key"), (drift.VaultName, drift.SecretName));

        world.Cloud.FailBefore = _ => new CloudCallException("ScopeLocked", "A lock.", 409, isTransient: false);
        await world.WorkAsync();
        Assert.Equal(1, (await world.Get<RetryNow>().ExecuteAsync(new RetryInput(drift.AssignmentName), await world.IdentifyAsync(Company.Tomas), TestContext.Current.CancellationToken)).Value);
        var events = await world.EventsAsync();
        foreach (var code in (string[])["drift.found", "grant.retry_asked"])
            Assert.Equal(("kv-Treasury", "Swift-Key"), Assert.Single(events.Where(e => e.Code == code).Select(e => (e.VaultName, e.SecretName))));
    }

    [Theory, BothDatabases]
    public async Task A_late_put_that_lands_after_our_removal_is_found_and_swept(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.SettledGrantAsync();
        var late = Assert.Single(world.Cloud.Standing);
        await world.ReturnAsync(grant.Id, Company.Mira);
        await world.WorkAsync();
        await world.PassAsync(Reconciling.Settled);
        Assert.Empty(world.Cloud.Standing);
        world.Cloud.Plant(late with { WrittenAt = world.Clock.GetUtcNow() });

        Assert.Equal(1, (await world.ReconcileAsync()).Unexpected);

        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(DriftCode.AssignmentUnexpected, Assert.Single(await world.DriftsAsync()).Code);
    }

    [Theory, BothDatabases]
    public async Task A_changed_description_or_condition_is_put_right(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.SettledGrantAsync();
        foreach (var change in (Func<AssignmentSeen, AssignmentSeen>[])[a => a with { Description = AssignmentMark.For(grant.EndsAt.AddYears(1)) }, a => a with { Description = null }, a => a with { Condition = "@Resource[x] StringEquals 'y'" }])
        {
            var before = Assert.Single(world.Cloud.Standing);
            world.Cloud.Change(before, change(before));
            Assert.Equal(1, (await world.ReconcileAsync()).Altered);
            var after = Assert.Single(world.Cloud.Standing);
            Assert.Equal((AssignmentMark.For(grant.EndsAt), null), (after.Description, after.Condition));
            await world.PassAsync(Reconciling.Settled);
            Assert.Equal(1, (await world.ReconcileAsync()).Resolved);
        }

        Assert.All(await world.DriftsAsync(), d => Assert.Equal((DriftKind.Altered, DriftAction.PutRight), (d.Kind, d.Action)));
    }

    [Theory, BothDatabases]
    public async Task A_call_that_arrives_after_all_where_somebody_elses_stood_is_found_and_ends_with_the_grant(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var foreign = world.Cloud.HoldByAnother(Company.Stripe, Company.Mira.ObjectId, GrantableRole.SecretsUser.DefinitionId);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        world.Cloud.Remove(foreign);
        world.Cloud.LandLate();

        await world.PassAsync(Reconciling.Settled);
        await world.ReconcileAsync();
        Assert.False((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        await world.PassAsync(grant.EndsAt - world.Clock.GetUtcNow());
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task Somebody_elses_in_place_of_ours_is_standing_access_and_stays(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.SettledGrantAsync();
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        var foreign = world.Cloud.HoldByAnother(grant.Scope, grant.PrincipalObjectId, grant.RoleDefinitionId);

        Assert.Equal(1, (await world.ReconcileAsync()).Unexpected);

        Assert.Equal([foreign], world.Cloud.Standing);
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        var drift = Assert.Single(await world.DriftsAsync());
        Assert.Equal((DriftKind.Unexpected, DriftCode.HeldByAnother, DriftAction.LeftAlone, foreign.Name), (drift.Kind, drift.Code, drift.Action, drift.AssignmentName));
        Assert.Contains("grant.standing_access_found", await world.CodesAsync(grant.RequestId));

        await world.PassAsync(Reconciling.Settled);
        Assert.Equal((0, 0), await Again(world));
        Assert.Null(Assert.Single(await world.DriftsAsync()).ResolvedAt);

        await world.PassAsync(TimeSpan.FromHours(4));
        Assert.Equal((0, 1), await Again(world));
        Assert.Equal([foreign], world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);

        static async Task<(int, int)> Again(PortalWorld world)
        {
            var outcome = await world.ReconcileAsync();
            return (outcome.Unexpected, outcome.Resolved);
        }
    }

    [Fact]
    public async Task When_somebody_elses_goes_away_ours_takes_its_place()
    {
        await using var world = await PortalWorld.OpenAsync();
        var foreign = world.Cloud.HoldByAnother(Company.Stripe, Company.Mira.ObjectId, GrantableRole.SecretsUser.DefinitionId);
        var grant = await world.SettledGrantAsync();
        Assert.True(grant.StandingAccess);
        world.Cloud.Remove(foreign);

        Assert.Equal(1, (await world.ReconcileAsync()).Missing);

        Assert.Equal(grant.AssignmentId, Assert.Single(world.Cloud.Standing).Name);
        Assert.False((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
    }

    [Fact]
    public async Task A_copy_of_ours_under_another_name_is_removed_by_that_name()
    {
        await using var world = await PortalWorld.OpenAsync();
        var grant = await world.SettledGrantAsync();
        var copy = world.Cloud.Plant(Reconciling.Marked(Company.LedgerPassword, Company.Jonas, grant.EndsAt, name: Guid.NewGuid()));

        Assert.Equal(1, (await world.CompareAsync()).Unexpected);

        Assert.Equal(grant.AssignmentId, Assert.Single(world.Cloud.Standing).Name);
        Assert.Equal(copy.Name, Assert.Single(await world.DriftsAsync()).AssignmentName);
        Assert.Equal(1, (await world.CompareAsync()).Resolved);
    }

    [Theory, BothDatabases]
    public async Task A_copy_whose_removal_failed_is_removed_at_the_next_run_and_each_try_is_on_the_record_before_it_is_made(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var copy = world.Cloud.Plant(Reconciling.Marked(Company.LedgerPassword, Company.Jonas, world.Clock.GetUtcNow().AddHours(1), name: Guid.NewGuid()));
        var recorded = new List<int>();
        world.Cloud.FailBefore = call =>
        {
            using var db = world.OpenDb();
            recorded.Add(db.AuditEvents.Count(e => e.Code == "drift.found" || e.Code == "grant.swept"));
            return recorded.Count < 3 ? new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true) : null;
        };

        for (var run = 0; run < 3; run++)
            Assert.Equal(run == 0 ? 1 : 0, (await world.CompareAsync()).Unexpected);

        Assert.Empty(world.Cloud.Standing);
        Assert.Equal([1, 2, 3], recorded);
        var swept = (await world.EventsAsync()).Where(e => e.Code == "grant.swept").ToList();
        Assert.All(swept, e => Assert.Equal((copy.Scope, copy.PrincipalId, "kv-payments-prod", "AssignmentUnexpected", copy.Description), (e.Scope, e.SubjectObjectId!.Value, e.VaultName, e.Reason, e.Comment)));
        Assert.Equal(1, (await world.CompareAsync()).Resolved);
        Assert.Equal(3, recorded.Count);
    }

    [Theory, BothDatabases]
    public async Task A_vault_that_cannot_be_listed_is_reported_and_holds_up_no_other(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.SettledGrantAsync();
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        world.Cloud.Plant(Reconciling.Marked(Company.Carrier, Company.Jonas, grant.EndsAt));
        world.Cloud.FailList = vault => vault == Company.PaymentsVault ? new CloudCallException("InternalServerError", "Oops.", 500, isTransient: true) : null;

        var outcome = await world.ReconcileAsync();

        Assert.Equal((3, 0, 1), (outcome.Vaults, outcome.Missing, outcome.Unexpected));
        Assert.Equal([new VaultFailure("kv-payments-prod", "InternalServerError", "Oops.")], outcome.Failures);
        Assert.Empty(world.Cloud.Standing);
        var run = await world.ReadAsync(db => db.ReconciliationRuns.AsNoTracking().SingleAsync());
        Assert.Equal((3, 1, 1, null), (run.Vaults, run.FailedVaults, run.Unexpected, run.AskedBy));
        Assert.Equal(outcome.Failures, run.Failures);

        world.Cloud.FailList = null;
        Assert.Equal(1, (await world.ReconcileAsync()).Missing);
        Assert.Contains(world.Cloud.Standing, a => a.Name == grant.AssignmentId);
    }

    [Fact]
    public async Task What_was_found_before_a_list_broke_off_counts_and_nothing_is_missing_behind_the_break()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.SettledGrantAsync();
        world.Cloud.ListLag = standing => [Reconciling.Marked(Company.LedgerPassword, Company.Jonas, PortalWorld.Start.AddHours(9)), .. standing];
        world.Cloud.ListedBeforeFault = 200;
        world.Cloud.FailList = _ => new CloudCallException("UnreadableAnswer", "The pages of the answer have no end.", null, isTransient: true);

        var outcome = await world.CompareAsync();

        Assert.Equal((0, 0), (outcome.Vaults, outcome.Missing));
        Assert.Equal(4, outcome.Failures.Count);
    }

    [Fact]
    public async Task A_vault_that_does_not_answer_is_asked_once_and_nothing_is_said_about_it()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.SettledGrantAsync();
        world.Cloud.FailList = vault => vault == Company.PaymentsVault ? new CloudCallException("NoAnswer", "No answer within 30 s.", null, isTransient: true) : null;
        world.Inventory.Lock(Company.PaymentsVault, "hands-off");
        Assert.Equal("kv-payments-prod", Assert.Single((await world.CompareAsync()).Failures).Vault);
        Assert.Empty(await world.DriftsAsync());
    }

    [Fact]
    public async Task Two_comparisons_at_once_record_once()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.SettledGrantAsync();
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.CompareAsync()));
        await world.WorkAsync();
        Assert.Single(await world.DriftsAsync());
        Assert.Single(world.Cloud.Standing);
        Assert.Single(await world.CodesAsync(), "drift.found");
    }

    [Fact]
    public async Task An_administrator_who_asks_for_it_is_named_and_so_is_who_may_not()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.CompareAsync(await world.IdentifyAsync(Company.Tomas));
        Assert.Equal(Company.Tomas.Name, await world.ReadAsync(db => db.ReconciliationRuns.Select(r => r.AskedBy).SingleAsync()));
        var refused = await world.Get<ReconcileAssignments>().ExecuteAsync(await world.IdentifyAsync(Company.Ingrid), TestContext.Current.CancellationToken);
        Assert.Equal(RefusalCode.RoleMissing, Assert.Single(refused.Refusals).Code);
    }
}
