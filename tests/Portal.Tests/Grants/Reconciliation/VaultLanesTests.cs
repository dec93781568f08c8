using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants.Pacing;
using Portal.Core.Grants.Reconciliation;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Reconciliation;

/// <summary>How a run goes through the vaults when some do not answer, or ask to be asked later.</summary>
public sealed class VaultLanesTests
{
    private const string OtherSubscription = "/subscriptions/9e10c0de-2222-4000-8000-00000000c002/resourcegroups/rg-fenwick/providers/microsoft.keyvault/vaults/kv-other";

    [Fact]
    public async Task A_silent_subscription_is_left_after_three_vaults_and_the_others_are_looked_at()
    {
        await using var world = await WithMoreVaultsAsync();
        var asked = 0;
        world.Cloud.FailList = vault =>
        {
            if (vault == OtherSubscription)
                return null;
            Interlocked.Increment(ref asked);
            return new CloudCallException("NoAnswer", "No answer within 30 s.", null, isTransient: true);
        };

        var outcome = await world.CompareAsync();

        Assert.Equal((3, 1, 9), (asked, outcome.Vaults, outcome.Failures.Count));
        Assert.All(outcome.Failures, f => Assert.Equal("NoAnswer", f.Code));
    }

    [Fact]
    public async Task Vaults_that_refuse_are_all_asked()
    {
        await using var world = await WithMoreVaultsAsync();
        world.Cloud.FailList = vault => vault == OtherSubscription ? null : new CloudCallException("AuthorizationFailed", "No.", 403, isTransient: false);
        var outcome = await world.CompareAsync();
        Assert.Equal((1, 9), (outcome.Vaults, outcome.Failures.Count));
    }

    [Fact]
    public async Task One_that_asks_to_be_asked_later_is_asked_later()
    {
        await using var world = await PortalWorld.OpenAsync();
        var refused = 0;
        world.Cloud.FailList = vault => vault == Company.PaymentsVault && refused++ < 2 ? new CloudCallException("SubscriptionRequestsThrottled", "Later.", 429, isTransient: true, TimeSpan.FromSeconds(20)) : null;
        var before = world.Clock.GetUtcNow();

        var outcome = await LiveAsync(world, world.CompareAsync());
        Assert.Equal((4, 0), (outcome.Vaults, outcome.Failures.Count));
        Assert.True(world.Clock.GetUtcNow() - before >= TimeSpan.FromSeconds(40));
    }

    [Theory]
    [InlineData(10)]
    // Longer than is waited at once.
    [InlineData(150)]
    public async Task One_that_the_portals_own_pacing_holds_back_is_asked_in_its_turn_and_is_not_taken_for_silent(int seconds)
    {
        await using var world = await WithMoreVaultsAsync();
        var (pacing, subscription) = (world.Get<CallPacing>(), ArmId.SubscriptionOf(Company.PaymentsVault));
        pacing.Answered(new CallAnswer(subscription, CallKind.Read, Throttled: true, Remaining: null, TimeSpan.FromSeconds(seconds)));
        // What a list meets before it is sent; a turn that is near is waited for, and comes.
        world.Cloud.FailList = vault => vault != OtherSubscription && pacing.EnterAsync(subscription, CallKind.Read, TestContext.Current.CancellationToken, takesBack: false) is { IsFaulted: true } entering ? entering.Exception!.InnerException : null;
        var outcome = await LiveAsync(world, world.CompareAsync());
        Assert.Equal((10, 0), (outcome.Vaults, outcome.Failures.Count));
    }

    [Fact]
    public async Task A_subscription_that_asks_for_an_hour_holds_up_the_comparison_for_minutes_once()
    {
        await using var world = await WithMoreVaultsAsync();
        var before = world.Clock.GetUtcNow();
        world.Cloud.FailList = vault => vault == OtherSubscription ? null : new CloudCallException(AttentionCode.CallsPaced, "Not sent.", null, isTransient: true, TimeSpan.FromHours(1));
        var outcome = await LiveAsync(world, world.CompareAsync());
        Assert.Equal((1, 9), (outcome.Vaults, outcome.Failures.Count));
        Assert.InRange(world.Clock.GetUtcNow() - before, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(6));
    }

    private static async Task<ReconciliationOutcome> LiveAsync(PortalWorld world, Task<ReconciliationOutcome> comparing)
    {
        while (!comparing.IsCompleted)
        {
            world.Clock.Advance(TimeSpan.FromMilliseconds(500));
            await Task.WhenAny(comparing, Task.Delay(1, TestContext.Current.CancellationToken));
        }

        return await comparing;
    }

    private static async Task<PortalWorld> WithMoreVaultsAsync()
    {
        var world = await PortalWorld.OpenAsync();
        for (var i = 0; i < 5; i++)
            world.Inventory.AddVault($"kv-more-{i}");
        world.Inventory.AddVaultAt(ArmId.Normalise(OtherSubscription), "kv-other");
        await world.SyncAsync();
        return world;
    }
}
