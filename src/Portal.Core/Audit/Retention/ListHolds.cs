using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Retention;

/// <summary>How retention stands.</summary>
/// <param name="Period">How long events are kept; null for ever.</param>
/// <param name="State">How far it is.</param>
/// <param name="Holds">The holds: those that stand first, then those that are lifted, the latest first; at most 200.</param>
public sealed record RetentionView(TimeSpan? Period, RetentionState State, IReadOnlyList<LegalHold> Holds);

/// <summary>Shows auditors and administrators how retention stands, and its holds.</summary>
public sealed class ListHolds(IDbContextFactory<PortalDb> databases, RetentionOptions options)
{
    private const int Most = 200;

    /// <summary>Shows it.</summary>
    public async Task<Result<RetentionView>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Auditor, PortalRole.Administrator) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        var holds = await db.LegalHolds.AsNoTracking().OrderBy(h => h.LiftedAt != null).ThenByDescending(h => h.Id).Take(Most).ToListAsync(ct);
        return new RetentionView(options.Period, await db.RetentionStates.AsNoTracking().SingleAsync(ct), holds);
    }
}
