using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>The worker dies between the announcement and the record of what came of it. Whatever it was doing is taken up again when its lease has run out.</summary>
public sealed class CrashTests
{
    private sealed class Crash() : Exception("The process is gone.");

    public enum Moment
    {
        BeforeTheEffect,
        AfterTheEffect,
        WhileSaving,
    }

    [Theory, BothDatabases(Moment.BeforeTheEffect, Moment.AfterTheEffect, Moment.WhileSaving)]
    public async Task No_revocation_is_lost(DatabaseKind kind, Moment moment)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Clock.Advance(TimeSpan.FromMinutes(30));
        await CrashAsync(world, moment);
        Assert.NotEqual(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);

        Assert.Empty(await world.ClaimAsync());
        await world.PassAsync(PortalWorld.Lease);
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.revoking");
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.ended");
    }

    [Theory, BothDatabases(Moment.BeforeTheEffect, Moment.AfterTheEffect, Moment.WhileSaving)]
    public async Task No_grant_is_lost_and_none_is_given_twice(DatabaseKind kind, Moment moment)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await CrashAsync(world, moment);
        await world.PassAsync(PortalWorld.Lease);
        Assert.Single(world.Cloud.Standing);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.provisioning");
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.activated");
    }

    [Fact]
    public async Task A_grant_that_may_have_been_given_when_the_worker_died_is_taken_back_although_it_was_never_active()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await CrashAsync(world, Moment.AfterTheEffect);
        Assert.Single(world.Cloud.Standing);
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task Whoever_lost_the_claim_saves_nothing(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        var stale = Assert.Single(await world.ClaimAsync());
        world.Clock.Advance(PortalWorld.Lease);
        var fresh = Assert.Single(await world.ClaimAsync());
        Assert.True(fresh.Fence > stale.Fence);

        Assert.False(await world.DriveAsync(stale));
        Assert.Empty(world.Cloud.Calls);
        Assert.Equal(GrantState.Scheduled, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.True(await world.DriveAsync(fresh));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task An_outcome_that_comes_back_under_a_lost_claim_is_not_saved()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        var slow = Assert.Single(await world.ClaimAsync());
        world.Cloud.FailAfter = _ =>
        {
            // The call took longer than the lease, and another worker has claimed meanwhile.
            world.Cloud.FailAfter = null;
            world.Clock.Advance(PortalWorld.Lease);
            Assert.Single(world.ClaimAsync().GetAwaiter().GetResult());
            return null;
        };
        Assert.False(await world.DriveAsync(slow));
        Assert.Equal(GrantState.Provisioning, (await world.GrantOfAsync(promised.RequestId)).State);
        await world.PassAsync(PortalWorld.Lease);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task A_renewed_lease_keeps_others_away_and_a_lost_one_cannot_be_renewed(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        var claim = Assert.Single(await world.ClaimAsync());
        world.Clock.Advance(PortalWorld.Lease / 2);
        Assert.Equal([claim.AssignmentId], (await RenewAsync(world, claim)).Held);
        world.Clock.Advance(PortalWorld.Lease / 2);
        Assert.Empty(await world.ClaimAsync());
        world.Clock.Advance(PortalWorld.Lease);
        Assert.Single(await world.ClaimAsync());
        var lost = await RenewAsync(world, claim);
        Assert.Equal((0, 0), (lost.Held.Count, lost.Settled.Count));
    }

    [Theory, BothDatabases]
    public async Task What_its_own_turn_has_given_back_is_not_lost_until_somebody_takes_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.PromiseAsync();
        var claim = Assert.Single(await world.ClaimAsync());
        Assert.True(await world.DriveAsync(claim));
        var settled = await RenewAsync(world, claim);
        Assert.Empty(settled.Held);
        Assert.Equal([claim.AssignmentId], settled.Settled);

        world.Clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Single(await world.ClaimAsync());
        var lost = await RenewAsync(world, claim);
        Assert.Equal((0, 0), (lost.Held.Count, lost.Settled.Count));
    }

    private static Task<RenewedClaims> RenewAsync(PortalWorld world, AssignmentClaim claim) => world.Get<ClaimDueAssignments>().RenewAsync([claim], TestContext.Current.CancellationToken);

    private static async Task CrashAsync(PortalWorld world, Moment moment)
    {
        var claim = Assert.Single(await world.ClaimAsync());
        switch (moment)
        {
            case Moment.BeforeTheEffect:
                world.Cloud.FailBefore = _ => new Crash();
                break;
            case Moment.AfterTheEffect:
                world.Cloud.FailAfter = _ => new Crash();
                break;
            case Moment.WhileSaving:
                world.Cloud.FailAfter = _ =>
                {
                    world.DatabaseFaults.Break = _ => new Crash();
                    return null;
                };
                break;
        }

        await Assert.ThrowsAnyAsync<Exception>(() => world.DriveAsync(claim));
        world.Cloud.FailBefore = null;
        world.Cloud.FailAfter = null;
        world.DatabaseFaults.Break = null;
    }
}
