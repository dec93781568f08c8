using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>Enters into the database what the <see cref="RevocationSpool"/> recorded while it took no writes: each removal once, whenever the process dies in between.</summary>
public sealed class EnterSpooledRevocations(IDbContextFactory<PortalDb> databases, RevocationSpool spool, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>Enters all there is.</summary>
    /// <returns>How many were entered. An exception of the database leaves the rest for the next time.</returns>
    public async Task<Result<int>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        var entered = 0;
        foreach (var revocation in spool.Read())
            if (await databases.RunAsync(db => EnterAsync(db, revocation, actor, ct), ct))
                entered++;
        spool.Clear();
        if (entered > 0)
            changes.Publish(new PortalChange(ChangeKind.Grant));
        return entered;
    }

    private async Task<bool> EnterAsync(PortalDb db, SpooledRevocation revocation, Actor actor, CancellationToken ct)
    {
        var (announced, outcome) = revocation;
        // The event's id is the line's, and unique: whatever was entered before the process died is not entered again.
        if (await db.AuditEvents.AnyAsync(e => e.EventId == announced.Id, ct))
            return false;

        if (await db.DesiredAssignments.SingleOrDefaultAsync(a => a.Id == announced.AssignmentId, ct) is not { } row)
        {
            // The database was put back to before there was such a row. What was done is recorded, and holds up no other.
            new AuditTrail(db, actor, outcome?.At ?? announced.At).OfUnknownInOutage(announced, outcome);
            await db.SaveChangesAsync(ct);
            return true;
        }

        var grants = await db.Grants.Where(g => g.AssignmentId == row.Id && (g.State != GrantState.Ended || announced.GrantIds.Contains(g.Id))).ToListAsync(ct);
        var about = grants.Find(g => announced.GrantIds.Contains(g.Id))?.Subject() ?? new AuditSubject { Principal = row.Principal, Scope = row.Scope };
        if (outcome is { Kind: SpoolLineKind.Removed })
        {
            new AuditTrail(db, actor, outcome.At).RemovedInOutage(announced.Id, about, outcome.ProviderCall);
            End(row, grants, announced, outcome, db, actor);
        }
        else
        {
            new AuditTrail(db, actor, outcome?.At ?? announced.At).NotRemovedInOutage(announced.Id, about, outcome?.Code, outcome?.Message, outcome?.ProviderCall ?? ProviderCall.Unknown);
            row.Doubt(clock.Now(), lateCall: true);
        }

        await db.SaveChangesAsync(ct);
        return true;
    }

    private void End(DesiredAssignment row, IReadOnlyCollection<Grant> grants, SpoolLine announced, SpoolLine removed, PortalDb db, Actor actor)
    {
        var now = clock.Now();
        if (grants.Any(g => g.NeedsRoleAt(now)) || row.Observed == AssignmentObservation.HeldByAnother || row.IntentAt > announced.At || row.WrittenAt > announced.At)
        {
            // Somebody needs it since, or another instance has called for something: what stands there has to be looked at.
            row.Doubt(now, lateCall: true);
            return;
        }

        foreach (var grant in grants.Where(g => announced.GrantIds.Contains(g.Id) && g.IsToEndAt(removed.At)))
        {
            if (grant.StartRevoking(announced.At))
                new AuditTrail(db, actor, announced.At).GrantRevoking(grant);
            grant.End(removed.At);
            new AuditTrail(db, actor, removed.At).GrantEnded(grant, removed.ProviderCall);
        }

        // What is only taken for absent may be brought by a call that was lost before: it is looked for as after any removal.
        if (row.Observed != AssignmentObservation.Absent || row.MayBeThere)
        {
            row.Announce(AssignmentIntent.Delete, null, announced.At);
            row.NoteWritten(AssignmentObservation.Absent, null, removed.At);
        }

        row.LookAt(now);
    }
}
