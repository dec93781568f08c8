using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Claims;

/// <summary>Saves of the engine that get no answer from the database in time: they may have gone through, may go through later, or not at all.</summary>
public sealed class UnansweredSavesTests
{
    private static readonly TimeSpan Limit = new GrantPace().LookLimit;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_announcement_that_went_through_is_not_made_twice_nor_taken_for_a_call()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        var grant = await world.PromiseAsync();
        Assert.True(await DriveAsync(world, unanswered: 1));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.Null((await world.AssignmentAsync(grant.AssignmentId)).LostCallAt);
        Assert.Single(world.Cloud.Calls);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.provisioning");
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.activated");
    }

    [Fact]
    public async Task Who_is_put_in_by_an_administrator_meanwhile_is_not_the_portals()
    {
        await using var world = await MembershipTests.OpenAsync(DatabaseKind.PostgreSql);
        var grant = await world.PromiseAsync(draft: MembershipTests.Vault(60));
        Assert.True(await DriveAsync(world, unanswered: 1, () => world.Memberships.Add(MembershipTests.Readers, Company.Mira.ObjectId)));
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.True(world.Memberships.Has(MembershipTests.Readers, Company.Mira.ObjectId));
    }

    [Fact]
    public async Task An_outcome_that_went_through_counts_once()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        var grant = await world.PromiseAsync();
        world.Cloud.FailBefore = _ => new CloudCallException("AuthorizationFailed", "No.", 403, isTransient: false);
        Assert.True(await DriveAsync(world, unanswered: 2));
        var row = await world.AssignmentAsync(grant.AssignmentId);
        Assert.Equal((1, null), (row.Attempts, row.LeaseUntil));
        Assert.Single(world.Cloud.Calls);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.needs_attention");

        world.Cloud.FailBefore = null;
        await world.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Fact]
    public async Task One_that_comes_to_life_after_it_was_given_up_changes_nothing()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        var grant = await world.PromiseAsync();
        var claim = Assert.Single(await world.ClaimAsync());
        var hangs = NewSignal();
        var again = NextRead(world, first: () => hangs.Task);
        var driving = Task.Run(() => world.DriveAsync(claim), Ct);
        await GiveUpAsync(world, again);
        Assert.True(await driving.WaitAsync(TimeSpan.FromSeconds(30), Ct));
        hangs.SetResult();
        await world.WorkAsync();
        Assert.Single(world.Cloud.Calls);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.provisioning");
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Fact]
    public async Task One_whose_connection_breaks_before_any_call_does_not_wait_for_its_lease()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        var grant = await world.PromiseAsync();
        var broken = 0;
        var claim = Assert.Single(await world.ClaimAsync());
        world.DatabaseFaults.Break = sql => sql.Contains("FROM \"DesiredAssignments\"", StringComparison.Ordinal) && broken++ == 0 ? new DurabilityLostException("The connection is gone.") : null;
        Assert.True(await world.DriveAsync(claim));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Drives what is due; one of its commits goes through, and its answer does not come.</summary>
    private static async Task<bool> DriveAsync(PortalWorld world, int unanswered, Action? meanwhile = null)
    {
        var claim = Assert.Single(await world.ClaimAsync());
        var (committed, commits) = (NewSignal(), 0);
        Task? again = null;
        world.DatabaseFaults.HoldAnswer = () =>
        {
            if (++commits != unanswered)
                return null;
            again = NextRead(world);
            committed.SetResult();
            return NewSignal().Task;
        };
        var driving = Task.Run(() => world.DriveAsync(claim), Ct);
        await committed.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        meanwhile?.Invoke();
        await GiveUpAsync(world, again!);
        return await driving.WaitAsync(TimeSpan.FromSeconds(30), Ct);
    }

    // Completes when the row is read for the next time; with something that the first read of it waits for, for the one after that.
    private static Task NextRead(PortalWorld world, Func<Task>? first = null)
    {
        var next = NewSignal();
        world.DatabaseFaults.Hold = sql =>
        {
            if (!sql.Contains("FROM \"DesiredAssignments\"", StringComparison.Ordinal))
                return null;
            if (Interlocked.Exchange(ref first, null) is { } hang)
                return hang();
            next.TrySetResult();
            return null;
        };
        return next.Task;
    }

    // Whoever waits for an answer may only be about to.
    private static async Task GiveUpAsync(PortalWorld world, Task again)
    {
        for (var tries = 0; !again.IsCompleted; tries++)
        {
            Assert.True(tries < 100, "It is not made again.");
            world.Clock.Advance(Limit);
            await Task.WhenAny(again, Task.Delay(100, Ct));
        }
    }
}
