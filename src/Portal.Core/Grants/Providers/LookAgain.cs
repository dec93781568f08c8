using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>Has every membership and schedule that stands, that a grant rests on, or that may still show after it was taken back, read again: no list of role assignments shows whether they are still as they were ordered. A schedule that has lost its end is found so.</summary>
public sealed class LookAgain(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes)
{
    private const int AtOnce = 200;

    /// <summary>Asks for it; the grant worker reads.</summary>
    /// <returns>How many will be read.</returns>
    public async Task<Result<int>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        var asked = 0;
        for (Guid? after = null; ;)
        {
            var last = after;
            var ids = await databases.RunAsync(db => AskAsync(db, last, ct), ct);
            asked += ids.Count;
            if (ids.Count < AtOnce)
                break;
            after = ids[^1];
        }

        if (asked > 0)
            changes.Publish(new PortalChange(ChangeKind.Grant));
        return asked;
    }

    private async Task<List<Guid>> AskAsync(PortalDb db, Guid? after, CancellationToken ct)
    {
        var rows = await db.DesiredAssignments
            .Where(a => a.Provider != GrantProvider.RoleAssignment && (after == null || a.Id > after)
                // Somebody else's, too, while a grant rests on it: when it goes away, the portal's takes its place.
                && (a.Observed == AssignmentObservation.Present || (a.Observed == AssignmentObservation.HeldByAnother && a.WantedUntil != null)
                    // What was taken back and may show late, by a call that was lost: a clock that was ahead may have put off the looks for it.
                    || (a.Observed == AssignmentObservation.Absent && a.LostCallAt != null)
                    // Or one that was lost before somebody else's turned up; of a membership nobody could tell.
                    || (a.Observed == AssignmentObservation.HeldByAnother && a.LostCallAt != null && a.Provider == GrantProvider.PimSchedule)))
            .OrderBy(a => a.Id).Take(AtOnce).ToListAsync(ct);
        var now = clock.Now();
        foreach (var row in rows)
            row.Doubt(now, putAt: row is { Observed: AssignmentObservation.HeldByAnother, Provider: GrantProvider.PimSchedule, WantedUntil: null } ? row.LostCallAt : null, toEnd: false);
        await db.SaveChangesAsync(ct);
        return [.. rows.Select(r => r.Id)];
    }
}
