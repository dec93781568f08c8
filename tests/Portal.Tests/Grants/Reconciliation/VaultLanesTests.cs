using Portal.Core;
using Portal.Core.Catalog;
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

        var comparing = world.CompareAsync();
        while (!comparing.IsCompleted)
        {
            world.Clock.Advance(TimeSpan.FromMilliseconds(500));
            await Task.WhenAny(comparing, Task.Delay(1, TestContext.Current.CancellationToken));
        }

        var outcome = await comparing;
        Assert.Equal((4, 0), (outcome.Vaults, outcome.Failures.Count));
        Assert.True(world.Clock.GetUtcNow() - before >= TimeSpan.FromSeconds(40));
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
