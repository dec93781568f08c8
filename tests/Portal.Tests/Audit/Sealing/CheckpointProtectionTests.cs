using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Grants.Operations;
using Portal.Tests.World;
using Portal.Web.Hosting;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A store that would let its checkpoints be changed proves less: operators are told, and everything goes on.</summary>
public sealed class CheckpointProtectionTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_that_protects_nothing_is_named_within_ten_minutes_and_no_longer_once_it_does()
    {
        await using var world = await PortalWorld.OpenAsync(sealing: true);
        Assert.Empty(await NamedAsync(world));
        world.Checkpoints.Protects = false;
        Assert.Empty(await NamedAsync(world));
        world.Clock.Advance(CheckpointProtection.GoodFor);
        Assert.Equal([world.Checkpoints.Name], await NamedAsync(world));
        // Whoever cannot be asked counts as before: that it is away is told elsewhere.
        world.Checkpoints.Unreachable = true;
        world.Clock.Advance(CheckpointProtection.GoodFor);
        Assert.Equal([world.Checkpoints.Name], await NamedAsync(world));
        (world.Checkpoints.Unreachable, world.Checkpoints.Protects) = (false, true);
        world.Clock.Advance(CheckpointProtection.GoodFor);
        Assert.Empty(await NamedAsync(world));
    }

    [Fact]
    public async Task A_store_that_never_answers_holds_up_a_page_for_three_seconds_and_no_more()
    {
        await using var world = await PortalWorld.OpenAsync(sealing: true);
        world.Checkpoints.Silent = true;
        var asking = world.Get<CheckpointProtection>().UnprotectedAsync(Ct);
        Assert.False(asking.IsCompleted);
        world.Clock.Advance(CheckpointProtection.Patience);
        Assert.Empty(await asking.WaitAsync(TimeSpan.FromMinutes(1), Ct));
    }

    [Fact]
    public async Task Health_is_degraded_by_it_and_access_is_given_all_the_same()
    {
        await using var world = await PortalWorld.OpenAsync(sealing: true);
        world.Checkpoints.Protects = false;
        await world.PromiseAsync();
        await world.SealAsync(checkpoint: true);
        var health = new SealingHealth(world.Get<IDbContextFactory<PortalDb>>(), world.Get<AuditHealth>(), world.Get<CheckpointProtection>(), world.Get<ClockWatch>());
        var answer = await health.CheckHealthAsync(new HealthCheckContext(), Ct);
        Assert.Equal(HealthStatus.Degraded, answer.Status);
        Assert.StartsWith("CheckpointsUnprotected", answer.Description, StringComparison.Ordinal);

        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
    }

    private static async Task<IReadOnlyList<string>> NamedAsync(PortalWorld world) =>
        (await world.Get<GetOperations>().ExecuteAsync(await world.IdentifyAsync(Company.Tomas), Ct)).Value.UnprotectedStores;
}
