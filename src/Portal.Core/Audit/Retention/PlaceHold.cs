using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Retention;

/// <summary>What to hold, as a person names it.</summary>
/// <param name="Target">What kind of thing.</param>
/// <param name="Name">A request's reference; a person's UPN or object id; a vault, or <c>vault/secret</c>, by name.</param>
/// <param name="Reason">Why; at most <see cref="PlaceHold.LongestReason"/>.</param>
public sealed record HoldInput(HoldTarget Target, string? Name, string? Reason);

/// <summary>An auditor keeps retention from pruning what a request, a person or a vault's or secret's events tell. What is pruned already stays pruned.</summary>
public sealed class PlaceHold(IDbContextFactory<PortalDb> databases, IDatabaseClock databaseClock, ClockWatch clock)
{
    /// <summary>The longest reason, in UTF-16 units.</summary>
    public const int LongestReason = 1000;

    /// <summary>Places it.</summary>
    /// <returns>The hold's key.</returns>
    public Task<Result<Guid>> ExecuteAsync(HoldInput input, Actor actor, CancellationToken ct) => databases.RunAsync(db => SaveAsync(db, input, actor, ct), ct);

    private async Task<Result<Guid>> SaveAsync(PortalDb db, HoldInput input, Actor actor, CancellationToken ct)
    {
        var now = await clock.AskAsync(databaseClock, db, ct);
        var trail = new AuditTrail(db, actor, now);
        if (actor.LacksAllOf(PortalRole.Auditor) is { } refusal)
        {
            trail.AttemptRefused(nameof(PlaceHold), refusal, AuditSubject.Nothing);
            await db.SaveChangesAsync(ct);
            return refusal;
        }

        if ((PersonText.CheckRequired(input.Name, "name", AuditFilter.MaxTextLength) ?? PersonText.CheckRequired(input.Reason, "reason", LongestReason)) is { } fault)
            return fault;
        var subject = await SubjectAsync(db, input.Target, input.Name!.Trim(), ct);
        if (subject is null)
            return new Refusal(RefusalCode.HoldTargetUnknown, "name", input.Name!);
        var key = subject.Key;
        if (await db.LegalHolds.AsNoTracking().SingleOrDefaultAsync(h => h.LiftedAt == null && h.TargetKey == key, ct) is { } standing)
            return new Refusal(RefusalCode.HeldAlready, "name", standing.PlacedBy);

        var hold = new LegalHold(subject, input.Reason!, actor, now);
        db.LegalHolds.Add(hold);
        trail.HoldPlaced(hold);
        // A run that read the holds before this one does not save.
        (await db.RetentionStates.SingleAsync(ct)).Fence++;
        await db.SaveChangesAsync(ct);
        return hold.Id;
    }

    private static async Task<HoldSubject?> SubjectAsync(PortalDb db, HoldTarget target, string name, CancellationToken ct)
    {
        switch (target)
        {
            case HoldTarget.Request:
                var reference = name.ToUpperInvariant();
                var request = await db.AccessRequests.Where(r => r.Reference == reference).Select(r => new { r.Id, r.Reference }).SingleOrDefaultAsync(ct);
                return request is null ? null : new HoldSubject(target, request.Reference, RequestId: request.Id);
            case HoldTarget.Person:
                var lower = name.ToLowerInvariant();
                var people = Guid.TryParse(name, out var objectId)
                    ? db.People.AsNoTracking().Where(p => p.ObjectId == objectId)
                    : db.People.AsNoTracking().Where(p => p.UserPrincipalName != null && p.UserPrincipalName.ToLower() == lower);
                var person = await people.OrderByDescending(p => p.SeenAt).FirstOrDefaultAsync(ct);
                if (person is not null)
                    return new HoldSubject(target, person.DisplayName, PersonObjectId: person.ObjectId);
                // Who never signed in is known by what they hold or did.
                var seen = objectId == Guid.Empty ? null : await db.AuditEvents.AsNoTracking().FirstOrDefaultAsync(e => e.SubjectObjectId == objectId || e.ActorObjectId == objectId, ct);
                return seen is null ? null : new HoldSubject(target, (seen.ActorObjectId == objectId ? seen.ActorName : seen.SubjectName) ?? name, PersonObjectId: objectId);
            default:
                // What is gone from the catalog can still be held.
                var parts = name.ToLowerInvariant().Split('/', 2);
                var (vault, secret) = (parts[0], parts.ElementAtOrDefault(1));
                var scope = secret is null
                    ? await db.Vaults.Where(v => v.Name.ToLower() == vault).OrderBy(v => v.GoneAt != null).ThenByDescending(v => v.Id).Select(v => new { v.ArmId, v.Name }).FirstOrDefaultAsync(ct)
                    : await db.Secrets.Where(s => s.Vault.Name.ToLower() == vault && s.Name.ToLower() == secret).OrderBy(s => s.DeletedAt != null).ThenByDescending(s => s.Id).Select(s => new { s.ArmId, Name = s.Vault.Name + "/" + s.Name }).FirstOrDefaultAsync(ct);
                return scope is null ? null : new HoldSubject(target, scope.Name, Scope: scope.ArmId);
        }
    }
}
