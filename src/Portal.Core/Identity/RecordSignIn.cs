using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;

namespace Portal.Core.Identity;

/// <summary>Whether somebody comes or goes.</summary>
public enum SignInStep
{
    /// <summary>They signed in.</summary>
    In,

    /// <summary>They signed out.</summary>
    Out,
}

/// <summary>Records that somebody signed in or out, and the name by which they are known now. Where a sign-in ends with it, <see cref="EndSignIn"/> records that.</summary>
public sealed class RecordSignIn(IDbContextFactory<PortalDb> databases, ClockWatch clock)
{
    /// <summary>Records it. Needs no role: signing in with none is worth knowing.</summary>
    public Task<Result<Done>> ExecuteAsync(SignInStep step, Actor actor, CancellationToken ct)
    {
        if (actor.Id is null)
            throw new ArgumentException("Only someone with an identity signs in.", nameof(actor));
        return databases.RunAsync<Result<Done>>(async db =>
        {
            await AddAsync(db, step, actor, clock.Now(), ct);
            await db.SaveChangesAsync(ct);
            return default(Done);
        }, ct);
    }

    /// <summary>Has the next save record it.</summary>
    internal static async Task AddAsync(PortalDb db, SignInStep step, Actor actor, DateTimeOffset now, CancellationToken ct)
    {
        var id = actor.Id!.Value;
        if (await db.People.SingleOrDefaultAsync(p => p.TenantId == id.TenantId && p.ObjectId == id.ObjectId, ct) is { } person)
            person.See(actor.DisplayName, actor.UserPrincipalName, now);
        else
            db.People.Add(new Person(id, actor.DisplayName, actor.UserPrincipalName, now));
        new AuditTrail(db, actor, now).Record(
            step == SignInStep.In ? AuditCode.SignedIn : AuditCode.SignedOut,
            new AuditSubject { Principal = id, PrincipalName = actor.DisplayName });
    }
}
