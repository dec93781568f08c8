using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Operations;

/// <summary>How the engine is doing.</summary>
/// <param name="Work">How much there is to do now.</param>
/// <param name="Pace">How each subscription stands with Resource Manager, as far as this instance knows.</param>
/// <param name="At">When this was read.</param>
public sealed record OperationsView(WorkCounts Work, IReadOnlyList<SubscriptionPace> Pace, DateTimeOffset At)
{
    /// <summary>How the audit trail is sealed; null on a host that does not seal.</summary>
    public AuditHealthReading? Audit { get; init; }

    /// <summary>The names of stores of checkpoints that let somebody change what they keep.</summary>
    public IReadOnlyList<string> UnprotectedStores { get; init; } = [];

    /// <summary>What keeps this instance from seeing the vaults that exist; null when nothing does.</summary>
    public CatalogProblem? Catalog { get; init; }
}

/// <summary>Shows administrators and auditors how the engine is doing.</summary>
public sealed class GetOperations(IDbContextFactory<PortalDb> databases, CallPacing pacing, AuditHealth audit, CheckpointProtection protection, CatalogReach reach, ClockWatch clock)
{
    /// <summary>Shows it.</summary>
    public async Task<Result<OperationsView>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Administrator, PortalRole.Auditor) is { } refusal)
            return refusal;
        var now = clock.Now();
        await using var db = await databases.CreateDbContextAsync(ct);
        return new OperationsView(await WorkCounts.ReadAsync(db, now, ct), pacing.Snapshot(), now)
        {
            Audit = await audit.ReadAsync(db, now, ct),
            UnprotectedStores = await protection.UnprotectedAsync(ct),
            Catalog = reach.Problem,
        };
    }
}

/// <summary>Shows administrators and auditors how promptly it was done. Reads more than <see cref="GetOperations"/>: ask less often.</summary>
public sealed class GetLag(IDbContextFactory<PortalDb> databases, ClockWatch clock)
{
    /// <summary>Shows it.</summary>
    public async Task<Result<WorkLag>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Administrator, PortalRole.Auditor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        return await WorkLag.ReadAsync(db, clock.Now(), ct);
    }
}

/// <summary>Counts the work for metrics.</summary>
public sealed class MeasureWork(IDbContextFactory<PortalDb> databases, ClockWatch clock, WorkMeter meter)
{
    /// <summary>Counts it, and has the gauges show it.</summary>
    public async Task<Result<WorkCounts>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        var now = clock.Now();
        await using var db = await databases.CreateDbContextAsync(ct);
        var counts = await WorkCounts.ReadAsync(db, now, ct);
        meter.Note(counts, now);
        return counts;
    }
}
