using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Reconciliation;

/// <summary>What to list.</summary>
/// <param name="Resolved">False for what is open, true for what is over.</param>
/// <param name="After">Where to go on; null for the start.</param>
/// <param name="Take">How many, from 1 to 100.</param>
public sealed record DriftQuery(bool Resolved = false, string? After = null, int Take = 20);

/// <summary>Drift, and the last look for it.</summary>
/// <param name="Drifts">The latest first.</param>
/// <param name="LastRun">The last comparison; null while there was none.</param>
public sealed record DriftList(Page<Drift> Drifts, ReconciliationRun? LastRun);

/// <summary>Lists what reconciliation found, the latest first. For administrators and auditors.</summary>
public sealed class ListDrift(IDbContextFactory<PortalDb> databases)
{
    private const string ListName = "drift";

    /// <summary>Lists it.</summary>
    public async Task<Result<DriftList>> ExecuteAsync(DriftQuery input, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Administrator, PortalRole.Auditor) is { } refusal)
            return refusal;
        if (!Cursor.TryRead(ListName, input.After, out var before))
            return new Refusal(RefusalCode.CursorUnreadable, "after");

        var take = Math.Clamp(input.Take, 1, 100);
        await using var db = await databases.CreateDbContextAsync(ct);
        var drifts = db.Drifts.AsNoTracking().Where(d => input.Resolved ? d.ResolvedAt != null : d.ResolvedAt == null);
        if (before is { } place)
            drifts = drifts.Where(d => d.Id < place);
        var rows = await drifts.OrderByDescending(d => d.Id).Take(take + 1).ToListAsync(ct);
        var last = await db.ReconciliationRuns.AsNoTracking().OrderByDescending(r => r.StartedAt).FirstOrDefaultAsync(ct);
        return new DriftList(Cursor.Cut(ListName, rows, take, d => d.Id.ToString()), last);
    }
}
