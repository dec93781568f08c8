using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Pauses;

/// <summary>Asks every live grant that a pause covers to end. Part by part, each saved by itself: the first revocations are under way while the last are still being asked, and a crash in between leaves a pause that says that it is not done.</summary>
internal static class TakeBack
{
    private const int Part = 50;

    /// <summary>Asks them.</summary>
    /// <returns>How many were asked.</returns>
    public static async Task<int> RunAsync(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes, Guid pauseId, Actor actor, CancellationToken ct)
    {
        var asked = 0;
        while (true)
        {
            var part = await databases.RunAsync(db => AskAsync(db, pauseId, actor, clock.Now(), ct), ct);
            if (part == 0)
                break;
            asked += part;
            changes.Publish(new PortalChange(ChangeKind.Grant));
        }

        changes.Publish(new PortalChange(ChangeKind.Pause));
        return asked;
    }

    private static async Task<int> AskAsync(PortalDb db, Guid pauseId, Actor actor, DateTimeOffset now, CancellationToken ct)
    {
        var pause = await db.AccessPauses.SingleAsync(p => p.Id == pauseId, ct);
        if (!pause.IsTakingBack)
            return 0;
        var grants = await pause.Among(db.Grants)
            .Where(g => g.State != GrantState.Ended && g.EndRequestedAt == null && g.RevokingSince == null && g.EndsAt > now)
            .OrderBy(g => g.Id).Take(Part).ToListAsync(ct);
        var rows = grants.Select(g => g.AssignmentId).Distinct().ToList();
        var assignments = await db.DesiredAssignments.Where(a => rows.Contains(a.Id)).ToListAsync(ct);
        var trail = new AuditTrail(db, actor, now);
        foreach (var grant in grants)
        {
            grant.RequestEnd(actor, pause.TakeBackReason ?? pause.Reason, now);
            trail.GrantRevoked(grant);
        }

        foreach (var assignment in assignments)
            assignment.LookAt(now);
        if (grants.Count == 0)
            pause.NoteTakenBack(now);
        await db.SaveChangesAsync(ct);
        return grants.Count;
    }
}
