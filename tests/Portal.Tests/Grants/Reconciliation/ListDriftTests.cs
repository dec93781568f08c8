using Portal.Core.Catalog;
using Portal.Core.Grants.Reconciliation;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Reconciliation;

/// <summary>What operators and auditors see of drift.</summary>
public sealed class ListDriftTests
{
    [Theory, BothDatabases]
    public async Task Open_drift_comes_the_latest_first_page_by_page_with_the_last_run_and_moves_over_when_it_is_resolved(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        Assert.Null((await ListAsync(world, new DriftQuery())).LastRun);
        for (var i = 0; i < 5; i++)
        {
            world.Cloud.Plant(Reconciling.Marked(ArmId.OfSecret(Company.PaymentsVault, $"s{i}"), Company.Jonas, world.Clock.GetUtcNow()));
            await world.CompareAsync();
            world.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var first = await ListAsync(world, new DriftQuery(Take: 3));
        Assert.Equal(["s4", "s3", "s2"], first.Drifts.Items.Select(d => d.SecretName));
        var second = await ListAsync(world, new DriftQuery(After: first.Drifts.Next, Take: 3));
        Assert.Equal(["s1", "s0"], second.Drifts.Items.Select(d => d.SecretName));
        Assert.Null(second.Drifts.Next);
        Assert.Equal(1, first.LastRun?.Unexpected);
        Assert.Empty((await ListAsync(world, new DriftQuery(Resolved: true))).Drifts.Items);

        await world.WorkAsync();
        await world.PassAsync(Reconciling.Settled);
        Assert.Equal(5, (await world.ReconcileAsync()).Resolved);
        Assert.Empty((await ListAsync(world, new DriftQuery())).Drifts.Items);
        Assert.Equal(5, (await ListAsync(world, new DriftQuery(Resolved: true))).Drifts.Items.Count);
    }

    [Fact]
    public async Task A_mark_of_another_list_is_refused()
    {
        await using var world = await PortalWorld.OpenAsync();
        var refused = await world.Get<ListDrift>().ExecuteAsync(new DriftQuery(After: "nonsense"), await world.IdentifyAsync(Company.Tomas), TestContext.Current.CancellationToken);
        Assert.Equal("after", Assert.Single(refused.Refusals).Field);
    }

    private static async Task<DriftList> ListAsync(PortalWorld world, DriftQuery query) =>
        (await world.Get<ListDrift>().ExecuteAsync(query, await world.IdentifyAsync(Company.Ingrid), TestContext.Current.CancellationToken)).Value;
}
