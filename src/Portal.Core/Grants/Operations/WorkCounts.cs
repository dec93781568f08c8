using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Grants.Operations;

/// <summary>How much work there is now. All are numbers of role assignments (trios), but where it says grants.</summary>
/// <param name="Due">To be worked on now and not yet taken up.</param>
/// <param name="InFlight">Held by a worker.</param>
/// <param name="Late">Due, or failing, for longer than <see cref="LateAfter"/>.</param>
/// <param name="Failing">Whose last call did not go through.</param>
/// <param name="Attention">Grants that need attention.</param>
/// <param name="Waiting">Grants whose time has come and that a pause holds up.</param>
/// <param name="Pauses">Pauses that stand.</param>
/// <param name="DriftOpen">Differences between what is and what should be that are not over.</param>
/// <param name="OldestDueAt">Since when the oldest of what is late, failing or due should have been done; null when nothing is.</param>
public sealed record WorkCounts(int Due, int InFlight, int Late, int Failing, int Attention, int Waiting, int Pauses, int DriftOpen, DateTimeOffset? OldestDueAt)
{
    /// <summary>From when on due work is late.</summary>
    public static readonly TimeSpan LateAfter = TimeSpan.FromMinutes(1);

    /// <summary>How long the oldest has been due; zero when nothing is.</summary>
    public TimeSpan OldestOverdue(DateTimeOffset now) => OldestDueAt is { } since && since < now ? now - since : TimeSpan.Zero;

    /// <summary>Counts. Each number comes from an index that holds only what is counted.</summary>
    internal static async Task<WorkCounts> ReadAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var due = WorkQuery.Due(db, now);
        var failing = WorkQuery.Failing(db);
        var oldestDue = await due.MinAsync(a => a.DueAt, ct);
        var oldestFailing = await failing.MinAsync(a => a.FailingSince, ct);
        return new WorkCounts(
            await due.CountAsync(ct),
            await WorkQuery.InFlight(db, now).CountAsync(ct),
            await WorkQuery.Late(db, now).CountAsync(ct),
            await failing.CountAsync(ct),
            await db.Grants.CountAsync(g => g.AttentionCode != null, ct),
            await db.Grants.CountAsync(g => g.PauseId != null, ct),
            await db.AccessPauses.CountAsync(p => p.LiftedAt == null, ct),
            await db.Drifts.CountAsync(d => d.ResolvedAt == null, ct),
            oldestFailing is null || oldestDue < oldestFailing ? oldestDue : oldestFailing);
    }
}
