using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>Verification while retention takes events away: what it took is no finding, and what nobody accounts for yet is said to be that.</summary>
public sealed class VerifyBesideRetentionTests
{
    private const int Old = 40;

    private static readonly TimeSpan Period = TimeSpan.FromDays(400);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task What_retention_takes_while_it_is_verified_is_no_finding(DatabaseKind kind)
    {
        await using var world = await WithOldEventsAsync(kind);
        // How long the log is, is known; before its events are read, a run takes some of them and seals what it says of it.
        var verified = await VerifyAsync(world, async () =>
        {
            Assert.Equal(Old, await PruneAsync(world));
            await world.SealAsync(checkpoint: true);
        });
        Assert.True(verified.Holds, string.Join('\n', verified.Findings.Select(f => f.What)));
        Assert.Equal(Old, verified.Pruned);
    }

    [Theory, BothDatabases]
    public async Task What_only_an_unsealed_record_accounts_for_is_said_to_be_unproved(DatabaseKind kind)
    {
        await using var world = await WithOldEventsAsync(kind);
        Assert.Equal(Old, await PruneAsync(world));
        var early = await VerifyAsync(world);
        Assert.Equal(Old, early.Findings.Count);
        Assert.All(early.Findings, finding => Assert.Contains("a record of retention that is not sealed yet names it", finding.What, StringComparison.Ordinal));
        await world.SealAsync(checkpoint: true);
        Assert.True((await VerifyAsync(world)).Holds);
    }

    [Theory, BothDatabases]
    public async Task Nothing_is_pruned_while_events_wait_too_long_to_be_sealed(DatabaseKind kind)
    {
        await using var world = await WithOldEventsAsync(kind);
        await WorldLog.RecordAsync(world, 1);
        world.Clock.Advance(AuditHealthReading.Patience + TimeSpan.FromSeconds(1));
        Assert.Equal(0, await PruneAsync(world));
        await world.SealAsync(checkpoint: true);
        Assert.Equal(Old, await PruneAsync(world));
    }

    private static async Task<PortalWorld> WithOldEventsAsync(DatabaseKind kind)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, Old);
        await world.SealAsync(checkpoint: true);
        Assert.Empty((await world.Get<NoteExport>().ExecuteAsync(Old, await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals);
        world.Clock.Advance(Period + TimeSpan.FromSeconds(1));
        await world.SealAsync(checkpoint: true);
        return world;
    }

    private static async Task<long> PruneAsync(PortalWorld world)
    {
        var prune = world.Prune(Period);
        return (await prune.ExecuteAsync(Actor.System, Ct)).Value;
    }

    private static async Task<VerifyReport> VerifyAsync(PortalWorld world, Func<Task>? meanwhile = null)
    {
        var verify = new VerifyDatabase(world.Get<IDbContextFactory<PortalDb>>(), new SlowReading(world.Get<IAuditReading>(), meanwhile ?? (() => Task.CompletedTask)), new CheckpointStores([world.Checkpoints]));
        return (await verify.ExecuteAsync(new VerifyInput(0, null), null, Actor.System, Ct)).Value;
    }

    /// <summary>The database's own way of reading, before which something happens once.</summary>
    private sealed class SlowReading(IAuditReading real, Func<Task> meanwhile) : IAuditReading
    {
        private readonly Lazy<Task> _meanwhile = new(meanwhile);

        public async Task ReadAsync(PortalDb db, IQueryable query, AuditRows into, CancellationToken ct)
        {
            await _meanwhile.Value;
            await real.ReadAsync(db, query, into, ct);
        }
    }
}
