using Microsoft.Extensions.Time.Testing;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;
using Portal.Tests.Azure;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Pacing;

/// <summary>What takes access back goes ahead of what gives it, also where both count as the same kind of call: a schedule is taken back by a request, after some reads.</summary>
public sealed class EndsFirstTests
{
    private const string Sub = "11111111-0000-4000-8000-000000000001";

    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CallKind.Read, 250, 25)]
    [InlineData(CallKind.Write, 200, 10)]
    public async Task Gives_leave_some_to_ends_and_while_those_are_used_up_what_comes_anew_is_theirs(CallKind kind, int capacity, int perSecond)
    {
        var pacing = new CallPacing(_clock);
        var kept = CallPacing.KeptForEnds(kind);
        for (var call = 0; call < capacity - kept; call++)
            await pacing.EnterAsync(Sub, kind, Ct, takesBack: false);
        var gives = Enumerable.Range(0, 5).Select(_ => pacing.EnterAsync(Sub, kind, Ct, takesBack: false)).ToList();
        Assert.DoesNotContain(gives, give => give.IsCompleted);

        for (var call = 0; call < kept; call++)
            Assert.True(pacing.EnterAsync(Sub, kind, Ct).IsCompleted);
        // Beyond those that are kept they wait for the next, and get it.
        for (var call = 0; call < 5; call++)
        {
            var end = pacing.EnterAsync(Sub, kind, Ct);
            Assert.False(end.IsCompleted);
            _clock.Advance(TimeSpan.FromSeconds(1.0 / perSecond));
            await end.WaitAsync(TimeSpan.FromSeconds(30), Ct);
            Assert.DoesNotContain(gives, give => give.IsCompletedSuccessfully);
        }
    }

    [Fact]
    public void Of_deletes_nothing_is_kept_since_nothing_is_given_by_one()
    {
        var pacing = new CallPacing(_clock);
        for (var call = 0; call < 200; call++)
            Assert.True(pacing.EnterAsync(Sub, CallKind.Delete, Ct, takesBack: false).IsCompleted);
        Assert.Equal(0, pacing.Room(Sub, CallKind.Delete));
    }

    [Fact]
    public async Task On_the_wire_too()
    {
        // Resource Manager says nothing here of how many calls are left.
        using var cloud = new StubCloud(_clock, _ => Task.FromResult(StubCloud.Error(403, "AuthorizationFailed")));
        var assignments = cloud.Get<IRoleAssignments>();
        var pacing = cloud.Get<CallPacing>();
        for (var call = 0; call < 190; call++)
            await pacing.EnterAsync(Sub, CallKind.Write, Ct);

        var give = PutAsync();
        await TakeBackAsync();
        // Whoever began it is not one that takes back.
        Assert.False(TakingBack.IsUnderWay);
        Assert.False(give.IsCompleted);
        Assert.Single(cloud.Calls);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await give.WaitAsync(TimeSpan.FromSeconds(30), Ct);

        async Task TakeBackAsync()
        {
            TakingBack.Begin();
            await PutAsync().WaitAsync(TimeSpan.FromSeconds(30), Ct);
        }

        Task<CloudCallException> PutAsync() => Assert.ThrowsAsync<CloudCallException>(() => assignments.PutAsync(
            new AssignmentOrder($"/subscriptions/{Sub}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-payments-prod", Guid.NewGuid(), Guid.NewGuid(), PrincipalKind.User, GrantableRole.SecretsUser.DefinitionId, "x"), Ct));
    }

    [Theory, BothDatabases(GrantProvider.RoleAssignment, GrantProvider.PimSchedule)]
    public async Task The_engine_says_so_of_a_removal_and_of_the_look_that_confirms_it_and_of_nothing_else(DatabaseKind kind, GrantProvider provider)
    {
        await using var world = provider == GrantProvider.PimSchedule ? await ScheduledGrantTests.OpenAsync(kind) : await PortalWorld.OpenAsync(kind);
        var said = new List<(CloudVerb Verb, bool TakesBack)>();
        world.Cloud.FailBefore = world.Schedules.FailBefore = call =>
        {
            said.Add((call.Verb, TakingBack.IsUnderWay));
            return null;
        };
        var read = new List<bool>();
        world.Schedules.FailRead = () =>
        {
            read.Add(TakingBack.IsUnderWay);
            return null;
        };
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        await world.PassAsync(TimeSpan.FromHours(1));

        Assert.Equal([(CloudVerb.Put, false), (CloudVerb.Delete, true)], said);
        if (provider == GrantProvider.PimSchedule)
            Assert.Contains(true, read);
        Assert.False(TakingBack.IsUnderWay);
    }

    [Fact]
    public async Task Nor_does_a_revocation_by_the_spool_wait_behind_what_is_given()
    {
        await using var world = await ScheduledGrantTests.OpenAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 60));
        await world.WorkAsync();
        var said = new List<bool>();
        world.Schedules.FailBefore = _ =>
        {
            said.Add(TakingBack.IsUnderWay);
            return null;
        };
        world.DatabaseFaults.RefuseWrites();
        world.Clock.Advance(TimeSpan.FromHours(1) + RevokeInOutage.Grace);
        await world.Get<RevokeInOutage>().ExecuteAsync(Actor.System, Ct);
        Assert.Equal([true], said);
    }
}
