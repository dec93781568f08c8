using Portal.Core;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Identity;
using Portal.Tests.World;
using static Portal.Tests.Grants.MembershipTests;

namespace Portal.Tests.Grants;

/// <summary>Nothing on a membership says whose it is: what the portal goes by where calls land late, clocks disagree and the directory does not answer.</summary>
public sealed class MembershipDoubtTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task Whom_the_directory_does_not_show_yet_while_clocks_disagree_is_taken_out_at_the_end(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: Vault(120));
        await world.WorkAsync();
        await AskAnOldReplicaWhileClocksDisagreeAsync(world);
        Assert.Equal(AssignmentObservation.Absent, (await world.AssignmentAsync(grant.AssignmentId)).Observed);

        Assert.Empty((await world.ReturnAsync(grant.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Theory]
    [InlineData(CloudVerb.Put)]
    [InlineData(CloudVerb.Delete)]
    public async Task A_page_that_something_in_between_answers_with_does_not_say_that_the_call_was_not_carried_out(CloudVerb verb)
    {
        await using var world = await OpenAsync(DatabaseKind.Sqlite);
        var grant = await world.PromiseAsync(draft: Vault(10));
        var answers = 0;
        world.Memberships.FailAfter = call => call.Verb == verb && answers++ == 0 ? new CloudCallException(AttentionCode.UnreadableAnswer, "HTML.", 403, isTransient: false) : null;
        await world.LiveAsync(TimeSpan.FromMinutes(40), TimeSpan.FromSeconds(30));

        Assert.False((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task A_call_that_lands_long_after_another_instance_took_its_person_out_again_leaves_nobody_in(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: Vault(10));
        await StandStillInItsCallAsync(world, async () =>
        {
            await world.LiveAsync(TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(1));
            Assert.Equal([CloudVerb.Put, CloudVerb.Delete], world.Memberships.Calls.Select(c => c.Verb));
        });
        Assert.Equal([CloudVerb.Put, CloudVerb.Delete, CloudVerb.Put, CloudVerb.Delete], world.Memberships.Calls.Select(c => c.Verb));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task Nobody_loses_a_membership_that_another_grant_needs_because_it_does_not_show_while_clocks_disagree(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var first = await world.PromiseAsync(draft: Vault(120));
        var other = await world.PromiseAsync(draft: Vault(150));
        await world.WorkAsync();
        await AskAnOldReplicaWhileClocksDisagreeAsync(world);

        Assert.Empty((await world.ReturnAsync(first.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Empty((await world.ReturnAsync(other.Id, Company.Mira)).Refusals);
        await world.WorkAsync();
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Theory, BothDatabases]
    public async Task A_call_that_lands_when_nobody_needs_anything_any_more_is_swept_and_recorded(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await world.PromiseAsync(draft: Vault(10));
        var later = Guid.Empty;
        await StandStillInItsCallAsync(world, async () =>
        {
            await world.LiveAsync(TimeSpan.FromMinutes(25), TimeSpan.FromMinutes(1));
            // Then somebody else's, on which a second grant rests until its end, and which goes.
            world.Memberships.Add(Readers, Company.Mira.ObjectId);
            later = (await world.PromiseAsync(draft: Vault(10))).RequestId;
            await world.LiveAsync(TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(1));
            Assert.True((await world.GrantOfAsync(later)).StandingAccess);
            world.Memberships.Remove(Readers, Company.Mira.ObjectId);
        });
        Assert.Equal([CloudVerb.Put, CloudVerb.Delete, CloudVerb.Put, CloudVerb.Delete], world.Memberships.Calls.Select(c => c.Verb));
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Contains("grant.swept", await world.CodesAsync(later));
    }

    [Theory, BothDatabases(false, true)]
    public async Task One_that_lands_where_an_administrator_has_put_the_person_in_meanwhile_leaves_them_in(DatabaseKind kind, bool isLaterTry)
    {
        await using var world = await OpenAsync(kind);
        await world.PromiseAsync(draft: Vault(10));
        if (isLaterTry)
        {
            world.Memberships.FailBefore = _ => new CloudCallException("NoAnswer", "No answer.", null, isTransient: true);
            await world.WorkAsync();
            world.Memberships.FailBefore = null;
            world.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        await StandStillInItsCallAsync(world, async () =>
        {
            await world.LiveAsync(TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(1));
            world.Memberships.Add(Readers, Company.Mira.ObjectId);
        });
        await world.LiveAsync(TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(1));
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Theory, BothDatabases(DriveStep.Announced, DriveStep.Called)]
    public async Task One_that_is_given_up_with_its_claim_before_it_is_made_or_once_it_is_answered_leaves_them_in_too(DatabaseKind kind, DriveStep givenUp)
    {
        await using var world = await OpenAsync(kind);
        await world.PromiseAsync(draft: Vault(10));
        world.Memberships.FailBefore = _ => new CloudCallException("NoAnswer", "No answer.", null, isTransient: true);
        await world.WorkAsync();
        world.Memberships.FailBefore = null;
        world.Clock.Advance(TimeSpan.FromMinutes(1));

        // This instance stands still after it has announced its later try, until another has given and taken back and an administrator has put the person in.
        var (first, second) = (world.Acting, world.AddInstance());
        using var lost = new CancellationTokenSource();
        var claim = Assert.Single(await world.ClaimAsync());
        first.Get<DriveSteps>().Reached += StandStill;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.DriveAsync(claim, lost.Token));
        first.Get<DriveSteps>().Reached -= StandStill;
        world.Memberships.FailRead = null;
        await world.LiveAsync(TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(1));
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));

        void StandStill(DriveStepReached reached)
        {
            if (reached.Step == DriveStep.Announced)
                Task.Run(MeanwhileAsync, Ct).GetAwaiter().GetResult();
            if (reached.Step != givenUp)
                return;
            lost.Cancel();
            world.Memberships.FailRead = () => new OperationCanceledException(lost.Token);
        }

        async Task MeanwhileAsync()
        {
            world.ActAs(second);
            await world.LiveAsync(TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(1));
            world.Memberships.Add(Readers, Company.Mira.ObjectId);
            world.ActAs(first);
        }
    }

    [Theory, BothDatabases]
    public async Task A_directory_that_refuses_the_look_before_the_first_call_is_asked_again_in_its_time(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var refused = new CloudCallException("Authorization_RequestDenied", "Insufficient privileges.", 403, isTransient: false);
        var grant = await world.PromiseAsync(draft: Vault(60));
        world.Memberships.FailBefore = _ => refused;
        await world.WorkAsync();
        world.Memberships.FailRead = () => refused;
        Assert.InRange(await world.PassAsync(TimeSpan.FromMinutes(16)), 1, 3);
        Assert.Equal("Authorization_RequestDenied", (await world.GrantOfAsync(grant.RequestId)).AttentionCode);

        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task A_call_that_lands_is_told_of_although_the_database_fails_at_its_outcome(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await world.PromiseAsync(draft: Vault(10));
        var first = world.Acting;
        var broken = await Assert.ThrowsAsync<IOException>(() => StandStillInItsCallAsync(world, async () =>
        {
            await world.LiveAsync(TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(1));
            var failing = 3;
            first.DatabaseFaults.Break = _ => failing-- > 0 ? new IOException("The connection is gone.") : null;
        }));
        Assert.Equal("The connection is gone.", broken.Message);
        await world.WorkAsync();
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Theory, BothDatabases]
    public async Task A_call_that_lands_while_the_database_is_gone_for_long_is_told_of_when_it_is_back(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await world.PromiseAsync(draft: Vault(10));
        var first = world.Acting;
        await Assert.ThrowsAsync<IOException>(() => StandStillInItsCallAsync(world, async () =>
        {
            await world.LiveAsync(TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(1));
            first.DatabaseFaults.Break = _ => new IOException("The connection is gone.");
        }));
        // As long as nobody can be told, the looks for what is due go on.
        Assert.Empty(await world.ClaimAsync());
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        first.DatabaseFaults.Break = null;
        // Told beside one look, and found by the next.
        await world.WorkAsync();
        await world.Get<UntoldCalls>().TellAsync(world.Clock.GetUtcNow());
        await world.WorkAsync();
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));
        Assert.Contains("grant.swept", await world.CodesAsync());
    }

    [Theory, BothDatabases]
    public async Task An_end_that_comes_while_it_is_looked_whether_somebody_is_in_takes_nobody_out(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: Vault(60));
        world.Memberships.FailBefore = _ => new CloudCallException("Authorization_RequestDenied", "Insufficient privileges.", 403, isTransient: false);
        await world.WorkAsync();
        world.Memberships.FailBefore = null;
        // The directory does not show yet whom an administrator has put in.
        world.Memberships.Add(Readers, Company.Mira.ObjectId);
        world.Memberships.Lag = _ => false;
        world.Get<DriveSteps>().Reached += reached =>
        {
            if (reached.Step == DriveStep.Checked)
                Task.Run(() => world.ReturnAsync(grant.Id, Company.Mira), Ct).GetAwaiter().GetResult();
        };
        await world.PassAsync(TimeSpan.FromMinutes(16));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.DoesNotContain(world.Memberships.Calls, c => c.Verb == CloudVerb.Delete);
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Theory, BothDatabases]
    public async Task A_late_removal_makes_nobody_elses_membership_the_portals(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: Vault(60));
        world.Get<DriveSteps>().Reached += reached =>
        {
            // Somebody puts the person in after the look; and while the portal is told so, another instance tells of a removal.
            if (reached.Step == DriveStep.Announced)
                world.Memberships.Add(Readers, Company.Mira.ObjectId);
            if (reached.Step != DriveStep.Called)
                return;
            using var db = world.OpenDb();
            db.DesiredAssignments.Single().Doubt(world.Clock.GetUtcNow(), lateCall: true);
            db.SaveChanges();
        };
        await world.WorkAsync();
        Assert.True((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.True(world.Memberships.Has(Readers, Company.Mira.ObjectId));
    }

    [Theory, BothDatabases(false, true)]
    public async Task A_late_call_that_is_told_of_while_a_look_that_found_its_person_is_saved_leaves_nobody_in(DatabaseKind kind, bool atTheEnd)
    {
        await using var world = await OpenAsync(kind);
        var grant = await world.PromiseAsync(draft: Vault(60));
        if (atTheEnd)
        {
            // The grant ends before its call went through: there is nothing of the portal's to take, as far as this instance knows.
            world.Memberships.FailBefore = _ => new CloudCallException("Authorization_RequestDenied", "Insufficient privileges.", 403, isTransient: false);
            await world.WorkAsync();
            world.Memberships.FailBefore = null;
            Assert.Empty((await world.ReturnAsync(grant.Id, Company.Mira)).Refusals);
        }

        // A call of another instance has put the person in, and is told of while what the look found is being saved.
        world.Memberships.Add(Readers, Company.Mira.ObjectId);
        world.Get<DriveSteps>().Reached += Tell;
        await world.WorkAsync();
        Assert.False((await world.GrantOfAsync(grant.RequestId)).StandingAccess);
        await world.PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.False(world.Memberships.Has(Readers, Company.Mira.ObjectId));

        void Tell(DriveStepReached reached)
        {
            if (reached.Step != DriveStep.Settling)
                return;
            Assert.Equal(AssignmentIntent.None, reached.Call);
            world.Get<DriveSteps>().Reached -= Tell;
            using var db = world.OpenDb();
            db.DesiredAssignments.Single().Doubt(world.Clock.GetUtcNow(), lateCall: true, putAt: world.Clock.GetUtcNow() - TimeSpan.FromMinutes(1));
            db.SaveChanges();
        }
    }

    /// <summary>By the database's clock everything was given an hour earlier than it was; and the portal asks a replica that does not know of it yet.</summary>
    private static async Task AskAnOldReplicaWhileClocksDisagreeAsync(PortalWorld world)
    {
        world.DatabaseClock.Ahead = TimeSpan.FromHours(1);
        world.Memberships.ReadLag = TimeSpan.FromMinutes(6);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        world.HearTheCloud();
        await world.WorkAsync();
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        await world.WorkAsync();
    }

    /// <summary>The portal works, and stands still with its next call on the way until another portal has done what it does.</summary>
    private static async Task StandStillInItsCallAsync(PortalWorld world, Func<Task> meanwhile)
    {
        var (first, second) = (world.Acting, world.AddInstance());
        first.Line.Going = async () =>
        {
            first.Line.Going = null;
            world.ActAs(second);
            await meanwhile();
            world.ActAs(first);
        };
        await world.WorkAsync();
        Assert.Null(first.Line.Going);
    }
}
