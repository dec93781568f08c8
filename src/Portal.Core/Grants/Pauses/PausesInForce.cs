using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Pauses;

/// <summary>What those whom a pause holds up are told of it.</summary>
/// <param name="Target">What kind of thing is paused.</param>
/// <param name="PausedBy">Who paused.</param>
/// <param name="PausedAt">Since when.</param>
/// <param name="Reason">Why.</param>
public sealed record PauseNotice(PauseTarget Target, string PausedBy, DateTimeOffset PausedAt, string Reason)
{
    internal static PauseNotice? Of(AccessPause? pause) => pause is null ? null : new PauseNotice(pause.Target, pause.PausedBy, pause.PausedAt, pause.Reason);

    internal Refusal Refusal => new(RefusalCode.AccessPaused, null, PausedBy, Reason);
}

/// <summary>The pauses that stand, read from the database each time: nothing of them is kept in memory, so every instance obeys at its next look.</summary>
internal static class PausesInForce
{
    /// <summary>The pause that covers someone's access to a scope; of several the first.</summary>
    /// <returns>Null when none does.</returns>
    public static Task<AccessPause?> FindAsync(PortalDb db, PrincipalId principal, string scope, CancellationToken ct)
    {
        var keys = PauseSubject.KeysOf(principal, scope);
        return db.AccessPauses.AsNoTracking().Where(p => p.LiftedAt == null && keys.Contains(p.TargetKey)).OrderBy(p => p.Id).FirstOrDefaultAsync(ct);
    }

    /// <summary>What covers the accesses of one page of a list, in their order; null where nothing does.</summary>
    public static async Task<IReadOnlyList<PauseNotice?>> FindAllAsync(PortalDb db, IReadOnlyList<(PrincipalId Principal, string Scope)> accesses, CancellationToken ct)
    {
        if (accesses.Count == 0)
            return [];
        var standing = await CoveringAsync(db, accesses, ct);
        return [.. accesses.Select(a => PauseNotice.Of(standing.FirstOrDefault(p => p.Covers(a.Principal, a.Scope))))];
    }

    /// <summary>Marks those of some grants whose role would be given now and that a pause holds up, and frees those that none does any more. Saved with whatever the caller saves.</summary>
    public static async Task HoldAsync(PortalDb db, IEnumerable<Grant> grants, DateTimeOffset now, CancellationToken ct)
    {
        var waiting = grants.Where(g => g.WaitsForRoleAt(now)).ToList();
        if (waiting.Count == 0)
            return;
        var standing = await CoveringAsync(db, [.. waiting.Select(g => (g.Principal, g.Scope))], ct);
        var trail = new AuditTrail(db, Actor.System, now);
        foreach (var grant in waiting)
        {
            if (standing.FirstOrDefault(p => p.Covers(grant.Principal, grant.Scope)) is not { } pause)
                grant.GoOn();
            else if (grant.Hold(pause.Id))
                trail.GrantPaused(grant, pause);
        }
    }

    /// <summary>Has the worker look now at every trio with a grant that waits for its role and that is covered.</summary>
    public static Task LookNowAsync(IDbContextFactory<PortalDb> databases, Func<PortalDb, IQueryable<Grant>> covered, DateTimeOffset now, CancellationToken ct) => databases.RunAsync(async db =>
    {
        // The step of the revision makes whoever is about to announce a call for the row read again.
        var rows = covered(db).Where(g => g.State != GrantState.Ended && g.ActivatedAt == null && g.StartsAt <= now).Select(g => g.AssignmentId);
        return await db.DesiredAssignments.Where(a => rows.Contains(a.Id))
            .ExecuteUpdateAsync(set => set
                // What may stand there without anyone having it goes ahead, and so does an end that failed or waits for an answer; what is only to be given must not get ahead of revocations.
                .SetProperty(a => a.DueToEnd, a => (a.DueToEnd && ((a.DueAt != null && a.DueAt <= now) || a.FailingSince != null)) || a.Observed == AssignmentObservation.Unknown)
                .SetProperty(a => a.DueAt, a => now)
                .SetProperty(a => a.Revision, a => a.Revision + 1), ct);
    }, ct);

    private static Task<List<AccessPause>> CoveringAsync(PortalDb db, IReadOnlyList<(PrincipalId Principal, string Scope)> accesses, CancellationToken ct)
    {
        var keys = accesses.SelectMany(a => PauseSubject.KeysOf(a.Principal, a.Scope)).Distinct().ToList();
        return db.AccessPauses.AsNoTracking().Where(p => p.LiftedAt == null && keys.Contains(p.TargetKey)).OrderBy(p => p.Id).ToListAsync(ct);
    }
}
