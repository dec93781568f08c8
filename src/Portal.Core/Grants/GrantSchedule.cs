using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;

namespace Portal.Core.Grants;

/// <summary>Puts work before the grant worker, in the unit of work of whoever decided it.</summary>
internal static class GrantSchedule
{
    /// <summary>Promises a grant: adds it, and the desired-state row of its trio when there is none yet.</summary>
    public static async Task<Grant> AddAsync(PortalDb db, AuditTrail trail, GrantOrder order, DateTimeOffset now, CancellationToken ct)
    {
        var grant = new Grant(order, now);
        var assignment = await db.DesiredAssignments.SingleOrDefaultAsync(a => a.Id == grant.AssignmentId, ct);
        if (assignment is null)
            db.DesiredAssignments.Add(new DesiredAssignment(grant));
        else
            assignment.LookAt(grant.StartsAt, toEnd: false);
        db.Grants.Add(grant);
        trail.GrantScheduled(grant);
        return grant;
    }

    /// <summary>Has the worker look at a grant's trio now.</summary>
    public static async Task LookNowAsync(PortalDb db, Grant grant, DateTimeOffset now, CancellationToken ct)
    {
        var assignment = await db.DesiredAssignments.SingleAsync(a => a.Id == grant.AssignmentId, ct);
        assignment.LookAt(now);
    }
}
