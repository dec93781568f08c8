using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Reconciliation;

/// <summary>What became of a finding.</summary>
/// <param name="Judgement">How the trio stood when it was entered: by then it may have been settled.</param>
/// <param name="New">Whether it was noted for the first time.</param>
internal sealed record DriftEntry(TrioJudgement Judgement, bool New);

/// <summary>Enters what a comparison found, one trio at a time: the row that the engine drives, the grants, the drift and its event in one save. Each finding is judged again on what is there at the save.</summary>
internal sealed class DriftBook(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>Enters what was seen of a trio, and hands it to the grant engine.</summary>
    /// <param name="assignmentId">The desired-state row's key, whether there is a row or not.</param>
    /// <param name="seen">What is there; null for nothing.</param>
    /// <param name="actor">Who looked.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<DriftEntry> EnterAsync(Guid assignmentId, AssignmentSeen? seen, Actor actor, CancellationToken ct)
    {
        var (entry, concerned) = await databases.RunAsync(async db =>
        {
            var now = clock.Now();
            var row = await db.DesiredAssignments.SingleOrDefaultAsync(a => a.Id == assignmentId, ct);
            var grants = await NotEndedAsync(db, assignmentId, ct);
            var judged = seen is not null ? AssignmentComparison.OfSeen(seen, row, grants, now)
                : row is not null ? AssignmentComparison.OfUnseen(row, grants, now)
                : TrioJudgement.InOrder;
            if (judged.Standing != TrioStanding.Drifted)
                return (new DriftEntry(judged, false), grants);

            var trail = new AuditTrail(db, actor, now);
            HandIn(db, judged, row, seen, now);
            var name = seen?.Name ?? assignmentId;
            var open = await OpenAsync(db, name, judged.Code, ct);
            if (open is null)
            {
                var scope = row?.Scope ?? ArmId.Normalise(seen!.Scope);
                var principal = row?.Principal ?? new PrincipalId(seen!.TenantId, seen.PrincipalId);
                var subject = await SubjectAsync(db, name, scope, principal, row?.RoleDefinitionId ?? seen!.RoleDefinitionId, grants, assignmentId, ct);
                Add(db, trail, new Drift(judged.Kind, judged.Code, judged.Action, subject, Describe(judged, seen), now), grants);
            }
            // What the engine removes it announces itself. A copy is removed by whoever compares, and what was recorded when it was found announced that try alone.
            else if (judged.Action == DriftAction.Removed && seen is not null && seen.Name != assignmentId)
                trail.CopySwept(open, seen);

            await db.SaveChangesAsync(ct);
            return (new DriftEntry(judged, New: open is null), grants);
        }, ct);
        if (entry.Judgement.Standing == TrioStanding.Drifted)
            Publish(concerned);
        return entry;
    }

    /// <summary>Enters what surrounds the live grants of a trio: what is in their way now, or that nothing is any more.</summary>
    /// <param name="assignmentId">The trio's row.</param>
    /// <param name="around">What was found around each grant; null for nothing. A grant that is not named is left as it is.</param>
    /// <param name="actor">Who looked.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>What is new.</returns>
    public async Task<IReadOnlyList<Impairment>> EnterSurroundingsAsync(Guid assignmentId, IReadOnlyDictionary<Guid, Impairment?> around, Actor actor, CancellationToken ct)
    {
        var (news, changed) = await databases.RunAsync(async db =>
        {
            var now = clock.Now();
            var trail = new AuditTrail(db, actor, now);
            var live = (await NotEndedAsync(db, assignmentId, ct)).Where(g => g.IsLive && around.ContainsKey(g.Id)).ToList();
            var touched = live.Where(g => Note(g, around[g.Id], trail, now)).ToList();
            var news = new List<Impairment>();
            foreach (var (code, grants) in live.Where(g => around[g.Id] is not null).GroupBy(g => around[g.Id]!.Code).Select(g => (g.Key, g.ToList())))
            {
                if (await OpenAsync(db, assignmentId, code, ct) is not null)
                    continue;
                var (grant, impairment) = (grants[0], around[grants[0].Id]!);
                var subject = await SubjectAsync(db, assignmentId, grant.Scope, grant.Principal, grant.RoleDefinitionId, grants, assignmentId, ct);
                Add(db, trail, new Drift(impairment.Kind, code, DriftAction.LeftAlone, subject, impairment.Message, now), grants);
                news.Add(impairment);
            }

            if (news.Count > 0 || touched.Count > 0)
                await db.SaveChangesAsync(ct);
            return (news, touched);
        }, ct);
        if (changed.Count > 0)
            Publish(changed);
        return news;
    }

    // What the engine itself met on its way says more, and is its own to take away.
    private static bool Note(Grant grant, Impairment? impairment, AuditTrail trail, DateTimeOffset now)
    {
        var own = grant.AttentionCode is null || Impairment.Codes.Contains(grant.AttentionCode);
        if (!own || grant.AttentionCode == impairment?.Code)
            return false;
        if (impairment is null)
            return grant.State == GrantState.Active && grant.AttentionOver(grant.AttentionCode!);
        if (grant.NeedAttention(impairment.Code, impairment.Message, now))
            trail.GrantNeedsAttention(grant, ProviderCall.Unknown);
        return true;
    }

    /// <summary>Closes what was found in order.</summary>
    /// <param name="isOver">Whether one that is open is over.</param>
    /// <param name="actor">Who looked.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many were closed.</returns>
    public async Task<int> ResolveAsync(Func<Drift, bool> isOver, Actor actor, CancellationToken ct)
    {
        const int batch = 200;
        var resolved = 0;
        Guid? after = Guid.Empty;
        while (after is { } place)
        {
            (var count, after) = await databases.RunAsync(async db =>
            {
                var open = await db.Drifts.Where(d => d.ResolvedAt == null && d.Id > place).OrderBy(d => d.Id).Take(batch).ToListAsync(ct);
                var now = clock.Now();
                var trail = new AuditTrail(db, actor, now);
                var over = open.Where(isOver).ToList();
                foreach (var drift in over)
                {
                    drift.Resolve(now);
                    trail.DriftResolved(drift, (await NotEndedAsync(db, drift.AssignmentName, ct)).FirstOrDefault());
                }

                await db.SaveChangesAsync(ct);
                return (over.Count, open.Count < batch ? (Guid?)null : open[^1].Id);
            }, ct);
            resolved += count;
        }

        return resolved;
    }

    private static void HandIn(PortalDb db, TrioJudgement judged, DesiredAssignment? row, AssignmentSeen? seen, DateTimeOffset now)
    {
        if (row is not null)
            row.Doubt(now);
        // One that carries our mark under a name that is not ours is removed by that name; the row of its trio would not reach it.
        else if (judged.Action == DriftAction.Removed && seen is not null && seen.Name == AssignmentComparison.NameOf(seen))
            db.DesiredAssignments.Add(new DesiredAssignment(seen, now));
    }

    private static Task<List<Grant>> NotEndedAsync(PortalDb db, Guid assignmentId, CancellationToken ct) =>
        db.Grants.Where(g => g.AssignmentId == assignmentId && g.State != GrantState.Ended).OrderBy(g => g.Id).ToListAsync(ct);

    private static Task<Drift?> OpenAsync(PortalDb db, Guid name, string code, CancellationToken ct) =>
        db.Drifts.Where(d => d.AssignmentName == name && d.Code == code && d.ResolvedAt == null).OrderBy(d => d.Id).FirstOrDefaultAsync(ct);

    private static void Add(PortalDb db, AuditTrail trail, Drift drift, IReadOnlyCollection<Grant> grants)
    {
        db.Drifts.Add(drift);
        trail.DriftFound(drift, grants.FirstOrDefault(g => g.IsLive));
    }

    private static async Task<DriftSubject> SubjectAsync(PortalDb db, Guid name, string scope, PrincipalId principal, Guid role, IReadOnlyCollection<Grant> grants, Guid assignmentId, CancellationToken ct)
    {
        var known = grants.FirstOrDefault(g => g.IsLive)
            ?? await db.Grants.AsNoTracking().Where(g => g.AssignmentId == assignmentId).OrderByDescending(g => g.Id).FirstOrDefaultAsync(ct);
        var person = known?.PrincipalName
            ?? await db.People.Where(p => p.TenantId == principal.TenantId && p.ObjectId == principal.ObjectId).Select(p => p.DisplayName).SingleOrDefaultAsync(ct)
            ?? principal.ObjectId.ToString();
        var names = known is null ? await ScopeNames.OfAsync(db, scope, ct) : new ScopeNames(known.VaultName, known.SecretName);
        return new DriftSubject(name, scope, names.Vault, names.Secret, principal, person, role,
            GrantableRole.Find(role)?.Name ?? role.ToString(), known is { IsLive: true } ? known.RequestReference : null);
    }

    private static string Describe(TrioJudgement judged, AssignmentSeen? seen) => judged.Code switch
    {
        DriftCode.AssignmentMissing when seen is not null => "Somebody else's assignment, on which a live grant rested, is gone, and the portal's own is there in its place. It ends with the grant.",
        DriftCode.AssignmentMissing => "The assignment is not there, though a live grant needs it. It is put back.",
        DriftCode.HeldByAnother => $"Assignment {seen?.Name}, which is not the portal's, gives the same role. It is left alone and outlives the grant.",
        DriftCode.AssignmentAltered => $"The assignment was changed. Its description is now: {seen?.Description ?? "(none)"}{(seen?.Condition is { } condition ? $" Its condition is now: {condition}" : "")}",
        _ => $"The assignment carries the portal's mark, and no live grant explains it: {seen?.Description}",
    };

    private void Publish(IEnumerable<Grant> grants)
    {
        // Also without a grant: the worker listens for work.
        changes.Publish(new PortalChange(ChangeKind.Grant));
        foreach (var grant in grants)
            changes.Publish(new PortalChange(ChangeKind.Grant, grant.RequestId, grant.PrincipalObjectId));
    }
}
