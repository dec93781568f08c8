using Portal.Core;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>What takes the place of somebody else's, on which a grant rested, is on the record before it is called for: each time, and only then.</summary>
public sealed class TakesPlaceTests
{
    private static readonly Guid Readers = MembershipTests.Readers;
    private static readonly CloudCallException Down = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases("the directory about the holder", "the look at the group", "the call")]
    public async Task A_membership_is_also_when_something_failed_first(DatabaseKind kind, string fails)
    {
        await using var world = await MembershipTests.OpenAsync(kind);
        world.Memberships.Add(Readers, Company.Mira.ObjectId);
        var grant = await world.PromiseAsync(draft: MembershipTests.Vault(60));
        await world.WorkAsync();
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        var announced = NoteAnnouncements(world, grant);

        world.Memberships.Remove(Readers, Company.Mira.ObjectId);
        var failures = 0;
        if (fails == "the look at the group")
            world.Memberships.FailRead = () => failures++ == 0 ? Down : null;
        else if (fails == "the call")
            world.Memberships.FailBefore = _ => failures++ == 0 ? new CloudCallException("Authorization_RequestDenied", "Insufficient privileges.", 403, isTransient: true) : null;
        else
            world.Directory.Takes = _ => failures++ == 0 ? throw Down : Task.CompletedTask;
        await LookAgainAsync(world);
        Assert.True(failures > 0);
        await world.PassAsync(TimeSpan.FromSeconds(3));
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.All(announced, on => Assert.True(on, "A call was announced that is not on the record."));
        Assert.Equal("Missing", Assert.Single(await world.EventsAsync(grant.RequestId), e => e.Code == "grant.restored").Reason);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.standing_access_gone");

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Theory, BothDatabases(false, true)]
    public async Task A_schedule_is_and_as_long_as_theirs_is_there_nothing_is_announced_or_called(DatabaseKind kind, bool failsFirst)
    {
        await using var world = await ScheduledGrantTests.OpenAsync(kind);
        world.Schedules.HeldByAnother = true;
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        var announced = NoteAnnouncements(world, grant);
        var before = (Calls: world.Schedules.Calls.Count, Events: (await world.CodesAsync()).Count);
        for (var look = 0; look < 3; look++)
        {
            world.Clock.Advance(TimeSpan.FromMinutes(5));
            await LookAgainAsync(world);
        }

        Assert.Equal(before, (world.Schedules.Calls.Count, (await world.CodesAsync()).Count));
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);

        world.Schedules.HeldByAnother = false;
        var failures = failsFirst ? 0 : 1;
        world.Schedules.FailRead = () => failures++ == 0 ? Down : null;
        await LookAgainAsync(world);
        await world.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Equal([grant.EndsAt], world.Schedules.Standing.Select(end => end!.Value));
        Assert.Equal([true], announced);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.restored");
        Assert.False((await world.GrantOfAsync(grant.RequestId)).StandingAccess);

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Empty(world.Schedules.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task A_grant_that_ends_while_theirs_is_doubted_takes_nothing_and_a_late_call_of_the_portals_own_is_taken(DatabaseKind kind)
    {
        await using var world = await ScheduledGrantTests.OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        world.Schedules.FailBefore = _ => new CloudCallException("NoAnswer", "No answer.", null, isTransient: true);
        await world.WorkAsync();
        world.Schedules.FailBefore = null;
        world.Schedules.HeldByAnother = true;
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);

        // Theirs goes, and the portal's own lost call lands; before anybody has looked, the grant is returned and the database takes no writes.
        world.Schedules.HeldByAnother = false;
        world.Schedules.LandLate(TimeSpan.FromMinutes(9));
        Assert.Single(world.Schedules.Standing);
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        Assert.Empty((await world.ReturnAsync(grant.Id, Company.Mira)).Refusals);
        world.DatabaseFaults.RefuseWrites();
        world.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(1, (await world.Get<RevokeInOutage>().ExecuteAsync(Actor.System, Ct)).Value);
        Assert.Empty(world.Schedules.Standing);
    }

    private static async Task LookAgainAsync(PortalWorld world)
    {
        Assert.Equal(1, (await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct)).Value);
        await world.WorkAsync();
    }

    // Of each put that is announced from now on, whether the trail has it by then.
    private static List<bool> NoteAnnouncements(PortalWorld world, Grant grant)
    {
        var announced = new List<bool>();
        world.Get<DriveSteps>().Reached += reached =>
        {
            if (reached is { Step: DriveStep.Announced, Call: AssignmentIntent.Put })
                announced.Add(Task.Run(() => world.CodesAsync(grant.RequestId), Ct).GetAwaiter().GetResult().Contains("grant.restored"));
        };
        return announced;
    }
}
