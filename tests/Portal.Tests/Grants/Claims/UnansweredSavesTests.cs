using Microsoft.EntityFrameworkCore;
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

    [Fact]
    public async Task Nothing_is_called_for_on_a_record_whose_commit_is_not_answered()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        var grant = await world.PromiseAsync();
        var claim = Assert.Single(await world.ClaimAsync());
        // As with a synchronous replica that stands still: what is committed can be read, and a failover takes it away.
        world.DatabaseFaults.HoldAnswer = () => NewSignal().Task;
        var again = NextRead(world);
        var driving = Task.Run(() => world.DriveAsync(claim), Ct);
        for (var tries = 0; tries < 5; tries++)
        {
            await GiveUpAsync(world, again);
            Assert.Empty(world.Cloud.Calls);
            again = NextRead(world);
        }

        world.DatabaseFaults.HoldAnswer = null;
        await GiveUpAsync(world, Task.WhenAny(again, driving));
        await GiveUpAsync(world, driving);
        Assert.True(await driving);
        Assert.Single(world.Cloud.Calls);
        Assert.Null((await world.AssignmentAsync(grant.AssignmentId)).LostCallAt);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.provisioning");
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.activated");
    }

    [Fact]
    public async Task One_that_hangs_is_made_again_for_as_long_as_its_turn_waits()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        var grant = await world.PromiseAsync();
        var claim = Assert.Single(await world.ClaimAsync());
        var (hangs, through, reads) = (NewSignal(), NewSignal(), 0);
        world.DatabaseFaults.Hold = sql =>
        {
            if (!sql.Contains("FROM \"DesiredAssignments\"", StringComparison.Ordinal))
                return null;
            if (++reads <= 4)
                return hangs.Task;
            through.TrySetResult();
            return null;
        };
        var driving = Task.Run(() => world.DriveAsync(claim), Ct);
        await GiveUpAsync(world, through.Task);
        Assert.True(await driving.WaitAsync(TimeSpan.FromSeconds(30), Ct));
        hangs.SetResult();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Fact]
    public async Task One_that_hangs_goes_behind_what_has_not_been_tried_yet()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        await world.PromiseAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var claims = await world.ClaimAsync();
        await using var db = world.OpenDb();
        await using var holds = await db.Database.BeginTransactionAsync(Ct);
        // It is somebody's from outside: the server is not to end it after ten seconds, as it would one of the portal's.
        await db.Database.ExecuteSqlRawAsync("SET LOCAL idle_in_transaction_session_timeout = 0", Ct);
        await db.DesiredAssignments.Where(a => a.Id == claims[0].AssignmentId).ExecuteUpdateAsync(row => row.SetProperty(a => a.PrivilegeRank, a => a.PrivilegeRank), Ct);
        var saving = NewSignal();
        world.DatabaseFaults.Break = sql =>
        {
            if (sql.Contains("UPDATE \"DesiredAssignments\"", StringComparison.Ordinal))
                saving.TrySetResult();
            return null;
        };
        var locked = Task.Run(() => world.DriveAsync(claims[0]), Ct);
        await saving.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        var other = Task.Run(() => world.DriveAsync(claims[1]), Ct);
        // The second time only for a machine so busy that nobody waited yet at the first: by then nothing that is tried again has been given up.
        for (var tries = 0; tries < 2 && !other.IsCompleted; tries++)
        {
            world.Clock.Advance(Limit);
            await Task.WhenAny(other, Task.Delay(TimeSpan.FromSeconds(10), Ct));
        }

        Assert.True(other.IsCompleted);
        Assert.True(await other);
        Assert.False(locked.IsCompleted);
        await holds.RollbackAsync(Ct);
        Assert.True(await locked.WaitAsync(TimeSpan.FromSeconds(30), Ct));
        Assert.Equal(2, world.Cloud.Standing.Count);
    }

    [Fact]
    public async Task One_that_nobody_waits_for_any_more_holds_up_no_other()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        await world.PromiseAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var claims = await world.ClaimAsync();
        // It does not hear that it is cancelled, as where the server does not answer that either.
        var (hangs, begun) = (NewSignal(), NewSignal());
        _ = NextRead(world, first: () =>
        {
            begun.SetResult();
            return hangs.Task;
        });
        using var lost = new CancellationTokenSource();
        var givenUp = Task.Run(() => world.DriveAsync(claims[0], lost.Token), Ct);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        var other = Task.Run(() => world.DriveAsync(claims[1]), Ct);
        await lost.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        Assert.True(await other.WaitAsync(TimeSpan.FromSeconds(15), Ct));
        hangs.SetResult();
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
