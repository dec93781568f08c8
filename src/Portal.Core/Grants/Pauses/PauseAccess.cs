using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Pauses;

/// <summary>What to pause.</summary>
/// <param name="Target">What kind of thing.</param>
/// <param name="PrincipalObjectId">The principal's object id, for one principal.</param>
/// <param name="Scope">The ARM id of a vault or secret of the catalog, for one scope.</param>
/// <param name="Reason">Why; must be given. Those whom it holds up read it.</param>
/// <param name="TakeBack">Whether every live grant that it covers is to end at once. With a pause that stands already, this is done under it.</param>
public sealed record PauseInput(PauseTarget Target, Guid? PrincipalObjectId, string? Scope, string? Reason, bool TakeBack = false);

/// <summary>What came of it.</summary>
/// <param name="PauseId">The pause.</param>
/// <param name="TakenBack">How many grants were asked to end.</param>
public sealed record PauseOutcome(Guid PauseId, int TakenBack);

/// <summary>An administrator stops new grants: all, one principal's, or at one scope. It is in force on every instance as soon as it is saved, because whoever announces a grant reads it then.</summary>
public sealed class PauseAccess(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>The longest reason, in UTF-16 units.</summary>
    public const int LongestReason = 500;

    /// <summary>Pauses.</summary>
    public async Task<Result<PauseOutcome>> ExecuteAsync(PauseInput input, Actor actor, CancellationToken ct)
    {
        var saved = await databases.RunAsync(db => SaveAsync(db, input, actor, ct), ct);
        if (!saved.Succeeded)
            return Result<PauseOutcome>.Refused(saved.Refusals);

        var pause = saved.Value;
        await PausesInForce.LookNowAsync(databases, db => pause.Among(db.Grants), clock.Now(), ct);
        Publish(changes);
        // The pause stands; what it takes back is taken even if whoever asked goes away now.
        var taken = pause.IsTakingBack ? await TakeBack.RunAsync(databases, clock, changes, pause.Id, actor, CancellationToken.None) : 0;
        return new PauseOutcome(pause.Id, taken);
    }

    internal static void Publish(ChangeFeed changes)
    {
        changes.Publish(new PortalChange(ChangeKind.Pause));
        changes.Publish(new PortalChange(ChangeKind.Grant));
    }

    private async Task<Result<AccessPause>> SaveAsync(PortalDb db, PauseInput input, Actor actor, CancellationToken ct)
    {
        var now = clock.Now();
        var trail = new AuditTrail(db, actor, now);
        if (actor.LacksAllOf(PortalRole.Administrator) is { } refusal)
        {
            trail.AttemptRefused(nameof(PauseAccess), refusal, AuditSubject.Nothing);
            await db.SaveChangesAsync(ct);
            return refusal;
        }

        if (PersonText.CheckRequired(input.Reason, "reason", LongestReason) is { } fault)
            return fault;
        var found = await SubjectAsync(db, input, ct);
        if (!found.Succeeded)
            return Result<AccessPause>.Refused(found.Refusals);

        var key = found.Value.Key;
        var pause = await db.AccessPauses.SingleOrDefaultAsync(p => p.LiftedAt == null && p.TargetKey == key, ct);
        if (pause is not null && (!input.TakeBack || pause.TakeBackAskedAt is not null))
            return new Refusal(RefusalCode.PausedAlready, null, pause.PausedBy);
        if (pause is null)
        {
            pause = new AccessPause(found.Value, input.Reason!, actor, now);
            db.AccessPauses.Add(pause);
            trail.AccessPaused(pause);
        }

        if (input.TakeBack)
        {
            pause.AskTakeBack(input.Reason!, actor, now);
            trail.AccessTakenBack(pause, input.Reason!);
        }

        await db.SaveChangesAsync(ct);
        return pause;
    }

    private static async Task<Result<PauseSubject>> SubjectAsync(PortalDb db, PauseInput input, CancellationToken ct)
    {
        switch (input.Target)
        {
            case PauseTarget.Everything:
                return new PauseSubject(PauseTarget.Everything);
            case PauseTarget.Principal:
                var objectId = input.PrincipalObjectId;
                // One tenant: should an object id ever be known in two, the pause would have to be told which.
                var person = await db.People.AsNoTracking().Where(p => p.ObjectId == objectId).OrderByDescending(p => p.SeenAt).FirstOrDefaultAsync(ct);
                if (person is not null)
                    return new PauseSubject(PauseTarget.Principal, new PrincipalId(person.TenantId, person.ObjectId), person.DisplayName);
                var grant = await db.Grants.AsNoTracking().Where(g => g.PrincipalObjectId == objectId).OrderByDescending(g => g.Id).FirstOrDefaultAsync(ct);
                return grant is null
                    ? new Refusal(RefusalCode.PauseTargetUnknown, "target")
                    : new PauseSubject(PauseTarget.Principal, grant.Principal, grant.PrincipalName);
            case PauseTarget.Scope:
                return await ScopeAsync(db, input.Scope ?? "", ct);
            default:
                throw new InvalidOperationException($"Unforeseen target {input.Target}.");
        }
    }

    // What is gone or deleted can still be paused: its grants may not be.
    private static async Task<Result<PauseSubject>> ScopeAsync(PortalDb db, string scope, CancellationToken ct)
    {
        var armId = ArmId.Normalise(scope);
        var vaultId = ArmId.VaultOf(armId);
        var vault = await db.Vaults.AsNoTracking().SingleOrDefaultAsync(v => v.ArmId == vaultId, ct);
        if (vault is null)
            return new Refusal(RefusalCode.PauseTargetUnknown, "target");
        if (vaultId == armId)
            return new PauseSubject(PauseTarget.Scope, Scope: vault.ArmId, VaultName: vault.Name);
        var secret = await db.Secrets.AsNoTracking().SingleOrDefaultAsync(s => s.ArmId == armId, ct);
        return secret is null
            ? new Refusal(RefusalCode.PauseTargetUnknown, "target")
            : new PauseSubject(PauseTarget.Scope, Scope: secret.ArmId, VaultName: vault.Name, SecretName: secret.Name);
    }
}
