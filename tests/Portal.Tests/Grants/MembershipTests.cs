using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Grants by membership in a group that holds the role: counted like assignments, and never taken from whoever was in already.</summary>
public sealed class MembershipTests
{
    internal static readonly Guid Readers = new("61a0c001-0000-4000-8000-000000000009");

    public enum Moment
    {
        BeforeTheEffect,
        AfterTheEffect,
        WhileSaving,
    }

    [Theory, BothDatabases]
    public async Task It_is_given_and_taken_in_its_time_and_no_role_assignment_is_made(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        var active = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Active, false), (active.State, active.StandingAccess));
        Assert.NotNull(active.SeenAt);
        Assert.Equal(DesiredAssignment.GraphLane, (await world.AssignmentAsync(grant.AssignmentId)).SubscriptionId);

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.Equal([CloudVerb.Put, CloudVerb.Delete], world.Memberships.Calls.Select(c => c.Verb));
        Assert.Empty(world.Cloud.Calls);
        Assert.Equal(["request.submitted", "request.approved", "grant.scheduled", "grant.provisioning", "grant.activated", "grant.revoking", "grant.ended"], await world.CodesAsync(grant.RequestId));
    }

    [Theory, BothDatabases]
    public async Task Two_grants_through_one_group_share_one_membership_whatever_vault_they_are_for(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var first = await world.PromiseAsync(draft: Vault(30));
        var second = await world.PromiseAsync(draft: Vault(120));
        var third = await world.PromiseAsync(draft: Vault(60, "kv-payments-test"));
        Assert.Equal([first.AssignmentId, first.AssignmentId], [second.AssignmentId, third.AssignmentId]);
        await world.WorkAsync();

        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Empty((await world.ReturnAsync(second.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(second.RequestId)).State);
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(third.RequestId)).State);
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Single(world.Memberships.Calls, c => c.Verb == CloudVerb.Delete);
    }

    [Theory, BothDatabases]
    public async Task Who_was_in_before_stays_in_and_the_grant_says_so(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        world.Memberships.Add(Readers, Company.Mira.ObjectId);
        var grant = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        var active = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Active, true), (active.State, active.StandingAccess));
        Assert.Contains("grant.standing_access_found", await world.CodesAsync(grant.RequestId));

        // Doubt, of whatever kind, makes nobody else's membership the portal's.
        await using (var db = await world.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync(Ct))
        {
            (await db.DesiredAssignments.SingleAsync(Ct)).Doubt(world.Clock.GetUtcNow(), lateCall: true);
            await db.SaveChangesAsync(Ct);
        }

        await world.PassAsync(TimeSpan.FromHours(1));
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Empty(world.Memberships.Calls);
    }

    [Theory, BothDatabases]
    public async Task Who_was_put_in_a_moment_ago_and_does_not_show_yet_stays_in_too(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        world.Memberships.ReadLag = TimeSpan.FromMinutes(2);
        world.Memberships.Add(Readers, Company.Mira.ObjectId);
        var grant = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        var active = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Active, true), (active.State, active.StandingAccess));

        await world.PassAsync(TimeSpan.FromHours(1));
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.DoesNotContain(world.Memberships.Calls, c => c.Verb == CloudVerb.Delete);
    }

    [Theory, BothDatabases(Moment.BeforeTheEffect, Moment.AfterTheEffect, Moment.WhileSaving)]
    public async Task Who_was_put_in_by_a_call_whose_answer_was_lost_is_taken_out_again(DatabaseKind kind, Moment moment)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: Vault(60));
        await CrashAsync(world, moment);
        Assert.Equal(moment != Moment.BeforeTheEffect, world.Memberships.Has(Readers, Company.Mira.ObjectId));
        await world.PassAsync(PortalWorld.Lease);
        var active = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Active, false), (active.State, active.StandingAccess));

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Fact]
    public async Task What_was_given_in_a_crash_is_taken_although_the_grant_was_over_before_anyone_came_back()
    {
        await using var world = await OpenAsync();
        var grant = await world.PromiseAsync(draft: Vault(60));
        await CrashAsync(world, Moment.AfterTheEffect);
        await world.PassAsync(TimeSpan.FromHours(2));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Fact]
    public async Task Who_is_put_in_by_an_administrator_after_the_end_stays()
    {
        await using var world = await OpenAsync();
        await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromHours(1));
        world.Memberships.Add(Readers, Company.Mira.ObjectId);
        for (var minute = 0; minute < 30; minute++)
            await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Single(world.Memberships.Calls, c => c.Verb == CloudVerb.Delete);
    }

    [Theory, BothDatabases]
    public async Task Who_is_taken_out_by_hand_is_put_back_while_a_grant_needs_it(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        world.Memberships.Remove(Readers, Company.Mira.ObjectId);
        Assert.Equal(1, (await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct)).Value);
        await world.WorkAsync();
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Contains("grant.restored", await world.CodesAsync(grant.RequestId));
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        // Whether it was taken out, or only not shown, is known when nothing can show late any more.
        await world.LiveAsync(TimeSpan.FromMinutes(11), TimeSpan.FromMinutes(1));
        Assert.Equal(0, (await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct)).Value);
    }

    [Fact]
    public async Task A_directory_that_still_shows_what_the_portal_has_taken_is_waited_for()
    {
        await using var world = await OpenAsync();
        await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromHours(1));
        await world.PassAsync(TimeSpan.FromMinutes(1));

        world.Memberships.Lag = _ => true;
        var again = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        Assert.Equal(GrantState.Scheduled, (await world.GrantOfAsync(again.RequestId)).State);
        world.Memberships.Lag = null;
        await world.PassAsync(TimeSpan.FromMinutes(1));
        var given = await world.GrantOfAsync(again.RequestId);
        Assert.Equal((GrantState.Active, false), (given.State, given.StandingAccess));
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Theory, BothDatabases]
    public async Task Who_is_put_in_by_an_administrator_after_the_portals_call_was_refused_stays(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: Vault(60));
        world.Memberships.FailBefore = _ => new CloudCallException("Authorization_RequestDenied", "Insufficient privileges.", 403, isTransient: false);
        await world.WorkAsync();
        world.Memberships.Add(Readers, Company.Mira.ObjectId);
        world.Memberships.FailBefore = null;
        await world.PassAsync(TimeSpan.FromMinutes(16));
        var active = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Active, true), (active.State, active.StandingAccess));

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.DoesNotContain(world.Memberships.Calls, c => c.Verb == CloudVerb.Delete);
    }

    [Theory, BothDatabases]
    public async Task When_somebody_elses_goes_away_the_portals_takes_its_place(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        world.Memberships.Add(Readers, Company.Mira.ObjectId);
        var grant = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        Assert.Equal(1, (await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct)).Value);
        await world.WorkAsync();
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        Assert.Empty(world.Memberships.Calls);

        world.Memberships.Remove(Readers, Company.Mira.ObjectId);
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        await world.WorkAsync();
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.False((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.restored");
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Equal(0, (await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct)).Value);
    }

    [Fact]
    public async Task What_the_directory_has_shown_and_does_not_show_when_it_is_asked_again_stays_the_portals_to_take()
    {
        await using var world = await OpenAsync();
        await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        world.Memberships.ReadLag = TimeSpan.FromMinutes(1);
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        await world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, world.Memberships.Calls.Count(c => c.Verb == CloudVerb.Put));

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Fact]
    public async Task What_the_directory_shows_again_after_it_was_gone_is_not_taken_for_somebody_elses()
    {
        await using var world = await OpenAsync();
        await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromHours(1));
        world.Memberships.ReadLag = TimeSpan.FromMinutes(2);
        // The look that confirms the removal.
        await world.PassAsync(TimeSpan.FromSeconds(30));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));

        var again = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        Assert.NotEqual(GrantState.Active, (await world.GrantOfAsync(again.RequestId)).State);
        await world.LiveAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(10));
        var active = await world.GrantOfAsync(again.RequestId);
        Assert.Equal((GrantState.Active, false), (active.State, active.StandingAccess));
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Fact]
    public async Task A_lost_call_that_lands_after_a_removal_by_a_clock_that_was_a_day_ahead_is_found_by_the_next_look()
    {
        await using var world = await OpenAsync();
        world.Memberships.FailBefore = call => call.Verb == CloudVerb.Put ? new CloudCallException("NoAnswer", "No answer.", null, isTransient: true) : null;
        var grant = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        world.Memberships.FailBefore = null;
        Assert.Empty((await world.RevokeAsync(grant.Id, Company.Tomas)).Refusals);
        world.DatabaseClock.Ahead = TimeSpan.FromDays(1);
        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);

        world.DatabaseClock.Ahead = TimeSpan.Zero;
        world.HearTheCloud();
        await world.WorkAsync();
        world.Memberships.LandLate(TimeSpan.FromMinutes(9));
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        await world.LiveAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(10));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Fact]
    public async Task Who_is_put_in_by_an_administrator_after_a_removal_by_a_clock_that_was_a_day_ahead_need_not_wait_for_that_day()
    {
        await using var world = await OpenAsync();
        await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        world.DatabaseClock.Ahead = TimeSpan.FromDays(1);
        await world.WorkAsync();
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));

        world.DatabaseClock.Ahead = TimeSpan.Zero;
        world.HearTheCloud();
        await world.PassAsync(LookDelay.Propagation);
        world.Memberships.Add(Readers, Company.Mira.ObjectId);
        var again = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        var active = await world.GrantOfAsync(again.RequestId);
        Assert.Equal((GrantState.Active, true), (active.State, active.StandingAccess));
    }

    [Fact]
    public async Task A_look_that_fails_beside_a_grant_that_is_held_back_is_tried_again_when_the_directory_asks()
    {
        await using var world = await OpenAsync();
        await world.PromiseAsync(draft: Vault(60));
        await world.PromiseAsync(draft: Vault(60, "kv-payments-test"));
        world.Inventory.Lock(Company.VaultId("kv-payments-prod"), "freeze");
        world.Memberships.Lag = _ => throw new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true, TimeSpan.FromMinutes(2));
        Assert.True(await world.DriveAsync(Assert.Single(await world.ClaimAsync())));
        var row = await world.ReadAsync(db => db.DesiredAssignments.SingleAsync(Ct));
        Assert.Equal(world.Clock.GetUtcNow() + TimeSpan.FromMinutes(2), row.DueAt);
    }

    [Fact]
    public async Task A_group_that_does_not_hold_the_role_at_the_vault_gives_nothing()
    {
        await using var world = await OpenAsync(holds: GrantableRole.SecretsOfficer);
        var grant = await world.PromiseAsync(draft: Vault(60));
        await world.WorkAsync();
        Assert.Equal("GroupLacksRole", (await world.GrantOfAsync(grant.RequestId)).AttentionCode);
        Assert.Empty(world.Memberships.Calls);
    }

    [Fact]
    public async Task A_grant_goes_the_way_that_was_approved_whatever_the_policy_says_by_then()
    {
        await using var world = await OpenAsync();
        var asked = await world.AskAsync(draft: Vault(60));
        await world.LoadPoliciesAsync(Company.Policies);
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        await world.WorkAsync();
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal static Core.Requests.RequestDraft Vault(int minutes, string vault = "kv-payments-prod") => PortalWorld.Draft(Company.VaultId(vault), minutes);

    internal static async Task<PortalWorld> OpenAsync(DatabaseKind kind = DatabaseKind.Sqlite, GrantableRole? holds = null)
    {
        var world = await PortalWorld.OpenAsync(kind);
        world.Inventory.AddVault("kv-payments-test", secrets: []);
        await world.SyncAsync();
        await world.LoadPoliciesAsync(
        [
            Company.Policies[0] with { Secrets = [], Roles = [GrantableRole.SecretsUser.Name], Provider = GrantProvider.GroupMembership, ProviderGroup = new(Readers, "payments-readers") },
            .. Company.Policies.Skip(1),
        ]);
        foreach (var vault in new[] { "kv-payments-prod", "kv-payments-test" })
            world.Cloud.HoldByAnother(Company.VaultId(vault), Readers, (holds ?? GrantableRole.SecretsUser).DefinitionId);
        return world;
    }

    private static async Task CrashAsync(PortalWorld world, Moment moment)
    {
        var claim = Assert.Single(await world.ClaimAsync());
        switch (moment)
        {
            case Moment.BeforeTheEffect:
                world.Memberships.FailBefore = _ => new InvalidOperationException("The process is gone.");
                break;
            case Moment.AfterTheEffect:
                world.Memberships.FailAfter = _ => new InvalidOperationException("The process is gone.");
                break;
            case Moment.WhileSaving:
                world.Memberships.FailAfter = _ =>
                {
                    world.DatabaseFaults.Break = _ => new InvalidOperationException("The process is gone.");
                    return null;
                };
                break;
        }

        await Assert.ThrowsAnyAsync<Exception>(() => world.DriveAsync(claim));
        world.Memberships.FailBefore = null;
        world.Memberships.FailAfter = null;
        world.DatabaseFaults.Break = null;
    }
}
