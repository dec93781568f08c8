using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Grants.Pacing;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Calls that arrive after they were given up, and hands that change what the portal wrote.</summary>
public sealed class LateCallTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly CloudCallException Lost = new("NoAnswer", "No answer within 30 s.", null, isTransient: true);

    [Theory, BothDatabases(3, 20, 100, 590)]
    public async Task A_put_that_lands_after_our_delete_is_found_and_removed_again(DatabaseKind kind, int secondsLate)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Put ? Lost : null;
        await world.WorkAsync();
        await world.RevokeAsync(promised.Id, Company.Tomas);
        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);

        await world.LiveAsync(TimeSpan.FromSeconds(secondsLate), Second);
        world.Cloud.LandLate();
        Assert.Single(world.Cloud.Standing);
        await world.LiveAsync(TimeSpan.FromMinutes(12), Second);
        Assert.Empty(world.Cloud.Standing);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.swept");
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.ended");
        Assert.Null((await world.AssignmentAsync(promised.AssignmentId)).DueAt);
    }

    [Theory, BothDatabases]
    public async Task A_call_that_was_given_up_with_its_claim_is_looked_for_at_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        var slow = Assert.Single(await world.ClaimAsync());
        using var lost = new CancellationTokenSource();
        world.Cloud.FailAfter = _ =>
        {
            // This instance stood still for longer than its lease, with the call on its way; another one took the grant back; then this one hears of it.
            world.Cloud.FailAfter = null;
            world.Clock.Advance(PortalWorld.Lease);
            Task.Run(async () =>
            {
                await world.RevokeAsync(promised.Id, Company.Tomas);
                await world.WorkAsync();
            }).GetAwaiter().GetResult();
            lost.Cancel();
            return new OperationCanceledException(lost.Token);
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.DriveAsync(slow, lost.Token));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);

        world.Cloud.LandLate();
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.swept");
    }

    [Theory, BothDatabases]
    public async Task A_call_that_never_left_the_portal_is_not_looked_for(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        var pacing = new CallPacing(world.Clock);
        pacing.Answered(new CallAnswer("sub", CallKind.Write, Throttled: true, Remaining: null, TimeSpan.FromSeconds(40)));
        var held = await Assert.ThrowsAsync<CloudCallException>(() => pacing.EnterAsync("sub", CallKind.Write, Ct));
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Put ? held : null;
        await world.WorkAsync();
        Assert.Equal(AssignmentIntent.None, (await world.AssignmentAsync(promised.AssignmentId)).Intent);
        Assert.Empty((await world.ReturnAsync(promised.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Null((await world.AssignmentAsync(promised.AssignmentId)).LostCallAt);
    }

    [Fact]
    public async Task One_that_nobody_can_be_told_of_keeps_no_other_from_being_told()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        var locked = await world.PromiseAsync();
        var other = await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var untold = world.Get<UntoldCalls>();
        foreach (var grant in new[] { locked, other })
            untold.Remember(new AssignmentClaim(grant.AssignmentId, -1, "sub", ToEnd: false), world.Clock.GetUtcNow());
        await using var db = world.OpenDb();
        await using var holds = await db.Database.BeginTransactionAsync(Ct);
        // As long as it likes, and not for ten seconds as one of the portal's.
        await db.Database.ExecuteSqlRawAsync("SET LOCAL idle_in_transaction_session_timeout = 0", Ct);
        await db.DesiredAssignments.Where(a => a.Id == locked.AssignmentId).ExecuteUpdateAsync(row => row.SetProperty(a => a.PrivilegeRank, a => a.PrivilegeRank), Ct);
        for (var look = 0; look < 3; look++)
            await untold.TellAsync(world.Clock.GetUtcNow()).WaitAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.NotNull((await world.AssignmentAsync(other.AssignmentId)).LostCallAt);
        Assert.Null((await world.AssignmentAsync(locked.AssignmentId)).LostCallAt);

        await holds.RollbackAsync(Ct);
        await untold.TellAsync(world.Clock.GetUtcNow()).WaitAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.NotNull((await world.AssignmentAsync(locked.AssignmentId)).LostCallAt);
    }

    [Theory, BothDatabases]
    public async Task Many_are_told_of_also_where_the_database_takes_its_time(DatabaseKind kind)
    {
        const int Many = 25;
        await using var world = await PortalWorld.OpenAsync(kind);
        var untold = world.Get<UntoldCalls>();
        var now = world.Clock.GetUtcNow();
        await using (var db = world.OpenDb())
        {
            for (var n = 0; n < Many; n++)
            {
                var row = new DesiredAssignment(new Grant(new GrantOrder(Guid.NewGuid(), $"R-{n}", Company.Mira.Id, "Mira", $"/subscriptions/11111111-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv/secrets/s-{n}", "kv", $"s-{n}", GrantableRole.SecretsUser, now, now.AddHours(1)), now));
                db.Add(row);
                untold.Remember(new AssignmentClaim(row.Id, -1, "sub", ToEnd: false), now);
            }

            await db.SaveChangesAsync(Ct);
        }

        world.DatabaseFaults.Hold = sql => sql.Contains("FROM \"DesiredAssignments\"", StringComparison.Ordinal) ? Task.Delay(TimeSpan.FromMilliseconds(150), Ct) : null;
        for (var look = 0; look < 3; look++)
            await untold.TellAsync(now).WaitAsync(TimeSpan.FromMinutes(1), Ct);
        world.DatabaseFaults.Hold = null;
        Assert.Equal(Many, await world.ReadAsync(db => db.DesiredAssignments.CountAsync(a => a.LostCallAt != null)));
    }

    [Fact]
    public async Task It_is_removed_within_moments_of_the_look_that_finds_it()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Put ? Lost : null;
        await world.WorkAsync();
        await world.RevokeAsync(promised.Id, Company.Tomas);
        await world.WorkAsync();
        world.Cloud.LandLate();
        await world.LiveAsync(TimeSpan.FromSeconds(6), Second);
        Assert.Empty(world.Cloud.Standing);
    }

    [Fact]
    public async Task A_removal_that_lands_after_the_next_grant_is_made_good()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Delete ? Lost : null;
        await world.RevokeAsync(first.Id, Company.Tomas);
        await world.WorkAsync();
        var second = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(second.RequestId)).State);

        // The removal arrives after all.
        world.Cloud.FailBefore = null;
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        await world.LiveAsync(TimeSpan.FromSeconds(31), Second);
        Assert.Equal(second.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.Equal("Missing", Assert.Single(await world.EventsAsync(second.RequestId), e => e.Code == "grant.restored").Reason);
    }

    [Theory, BothDatabases]
    public async Task A_call_that_got_through_after_its_claim_was_lost_makes_the_row_be_looked_at(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        var frozen = Assert.Single(await world.ClaimAsync());
        // The process stands still between the announcement and the call, for longer than its lease and than the whole grant.
        var steps = world.Get<DriveSteps>();
        steps.Reached += Thaw;
        Assert.False(await world.DriveAsync(frozen));
        steps.Reached -= Thaw;
        Assert.Single(world.Cloud.Standing);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Standing);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.swept");

        void Thaw(DriveStepReached reached)
        {
            if (reached.Step != DriveStep.Announced || reached.Call != AssignmentIntent.Put)
                return;
            steps.Reached -= Thaw;
            world.Clock.Advance(TimeSpan.FromHours(1));
            world.WorkAsync().GetAwaiter().GetResult();
            world.LiveAsync(TimeSpan.FromMinutes(11), TimeSpan.FromSeconds(5)).GetAwaiter().GetResult();
            Assert.Equal(GrantState.Ended, world.GrantOfAsync(promised.RequestId).GetAwaiter().GetResult().State);
        }
    }

    [Theory, BothDatabases]
    public async Task What_a_hand_removed_is_put_back_while_a_grant_needs_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        await DoubtAsync(world, promised);
        Assert.Equal(promised.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.Equal("Missing", Assert.Single(await world.EventsAsync(promised.RequestId), e => e.Code == "grant.restored").Reason);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.activated");

        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory, BothDatabases("description", "condition")]
    public async Task What_a_hand_altered_is_put_right(DatabaseKind kind, string what)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        var standing = Assert.Single(world.Cloud.Standing);
        world.Cloud.Change(standing, what == "description" ? standing with { Description = "mine now" } : standing with { Condition = "@Resource[x] StringEquals 'y'" });
        await DoubtAsync(world, promised);
        Assert.Equal(standing, Assert.Single(world.Cloud.Standing));
        Assert.Equal("Altered", Assert.Single(await world.EventsAsync(promised.RequestId), e => e.Code == "grant.restored").Reason);
    }

    [Fact]
    public async Task Nothing_is_put_back_where_granting_would_be_refused_now()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        world.Inventory.Lock(Company.PaymentsVault, "freeze");
        await DoubtAsync(world, promised);
        Assert.Empty(world.Cloud.Standing);
        var held = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Active, "ScopeLocked"), (held.State, held.AttentionCode));

        world.Inventory.Lock(Company.PaymentsVault, null);
        await world.LiveAsync(TimeSpan.FromSeconds(20), Second);
        Assert.Single(world.Cloud.Standing);
        Assert.Null((await world.GrantOfAsync(promised.RequestId)).AttentionCode);
    }

    [Theory, BothDatabases]
    public async Task Nor_is_it_when_the_first_try_to_put_it_back_failed_and_nothing_is_taken_on_that_account(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Put ? new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true) : null;
        await DoubtAsync(world, promised);
        world.Inventory.Lock(Company.PaymentsVault, "freeze");
        world.Cloud.FailBefore = null;
        await world.LiveAsync(TimeSpan.FromSeconds(20), Second);
        Assert.Empty(world.Cloud.Standing);
        Assert.DoesNotContain(world.Cloud.Calls, c => c.Verb == CloudVerb.Delete);
        var held = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Active, "ScopeLocked"), (held.State, held.AttentionCode));

        world.Inventory.Lock(Company.PaymentsVault, null);
        await world.LiveAsync(TimeSpan.FromMinutes(2), Second);
        Assert.Single(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task Ours_taken_away_and_anothers_put_in_its_place_is_standing_access_and_said_so()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        var other = world.Cloud.HoldByAnother(Company.Stripe, Company.Mira.ObjectId, GrantableRole.SecretsUser.DefinitionId);
        await DoubtAsync(world, promised);
        Assert.True((await world.GrantOfAsync(promised.RequestId)).StandingAccess);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.standing_access_found");

        // And back again.
        world.Cloud.Remove(other);
        await DoubtAsync(world, promised);
        Assert.False((await world.GrantOfAsync(promised.RequestId)).StandingAccess);
        Assert.True(AssignmentMark.IsOurs(Assert.Single(world.Cloud.Standing).Description));
    }

    [Fact]
    public async Task What_stands_under_our_name_long_after_its_end_is_removed_when_somebody_doubts_the_row()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        await world.LiveAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1));
        world.Cloud.LandLate();
        await DoubtAsync(world, promised);
        Assert.Empty(world.Cloud.Standing);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.swept");
    }

    [Fact]
    public async Task A_sweep_that_does_not_go_through_is_told_on_the_grant_that_left_it()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        await world.LiveAsync(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1));
        world.Cloud.LandLate();
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Delete ? new CloudCallException("ScopeLocked", "Locked.", 409, isTransient: false) : null;
        await DoubtAsync(world, promised);
        var stuck = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, "ScopeLocked"), (stuck.State, stuck.AttentionCode));

        world.Cloud.FailBefore = null;
        await world.LiveAsync(TimeSpan.FromSeconds(10), Second);
        Assert.Empty(world.Cloud.Standing);
        Assert.Null((await world.GrantOfAsync(promised.RequestId)).AttentionCode);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task DoubtAsync(PortalWorld world, Grant grant)
    {
        await using (var db = world.OpenDb())
        {
            (await db.DesiredAssignments.FindAsync([grant.AssignmentId], TestContext.Current.CancellationToken))!.Doubt(world.Clock.GetUtcNow());
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        await world.WorkAsync();
    }
}
