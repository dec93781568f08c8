using Portal.Core;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>What was removed while the database took no writes, where a call that was lost before may still bring it back.</summary>
public sealed class OutageDoubtTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases(0, 2, 100)]
    public async Task What_was_only_taken_for_absent_is_looked_for_after_its_removal_is_entered(DatabaseKind kind, int secondsLate)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        // The first put gets no answer, the second gives the role, somebody's hand takes it, and a lock keeps it from being put back.
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Put ? new CloudCallException("NoAnswer", "No answer within 30 s.", null, isTransient: true) : null;
        await world.WorkAsync();
        world.Cloud.FailBefore = null;
        await world.LiveAsync(TimeSpan.FromSeconds(6), Second);
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));
        world.Inventory.Lock(Company.PaymentsVault, "freeze");
        await using (var db = world.OpenDb())
        {
            (await db.DesiredAssignments.FindAsync([promised.AssignmentId], Ct))!.Doubt(world.Clock.GetUtcNow());
            await db.SaveChangesAsync(Ct);
        }

        await world.WorkAsync();
        Assert.True((await world.AssignmentAsync(promised.AssignmentId)).MayBeThere);

        Assert.Empty((await world.RevokeAsync(promised.Id, Company.Tomas)).Refusals);
        world.DatabaseFaults.RefuseWrites();
        world.Clock.Advance(RevokeInOutage.Grace + Second);
        Assert.Equal(1, (await world.Get<RevokeInOutage>().ExecuteAsync(Actor.System, Ct)).Value);
        world.DatabaseFaults.Break = null;
        Assert.Equal(1, (await world.Get<EnterSpooledRevocations>().ExecuteAsync(Actor.System, Ct)).Value);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        await world.LiveAsync(TimeSpan.FromSeconds(secondsLate), Second);

        world.Cloud.LandLate();
        await world.LiveAsync(TimeSpan.FromMinutes(1) + Second, Second);
        Assert.Empty(world.Cloud.Standing);
        await world.LiveAsync(TimeSpan.FromMinutes(12), Second);
        Assert.Null((await world.AssignmentAsync(promised.AssignmentId)).DueAt);
    }
}
