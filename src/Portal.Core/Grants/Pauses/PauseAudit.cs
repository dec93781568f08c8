using Portal.Core.Audit;

namespace Portal.Core.Grants.Pauses;

/// <summary>The events of a pause, one method each.</summary>
internal static class PauseAudit
{
    public static AuditSubject AuditSubject(this PauseSubject of) => new()
    {
        Principal = of.Principal,
        PrincipalName = of.PrincipalName,
        Scope = of.Scope,
        VaultName = of.VaultName,
        SecretName = of.SecretName,
    };

    public static void AccessPaused(this AuditTrail trail, AccessPause pause) => trail.Record(AuditCode.AccessPaused, pause.Subject.AuditSubject(), Detail(pause));

    public static void AccessTakenBack(this AuditTrail trail, AccessPause pause, string reason) =>
        trail.Record(AuditCode.AccessTakenBack, pause.Subject.AuditSubject(), new AuditDetail(pause.Target.ToString(), reason));

    public static void AccessResumed(this AuditTrail trail, AccessPause pause) => trail.Record(AuditCode.AccessResumed, pause.Subject.AuditSubject(), Detail(pause));

    public static void GrantPaused(this AuditTrail trail, Grant grant, AccessPause pause) => trail.Record(AuditCode.GrantPaused, grant.Subject(), Detail(pause));

    private static AuditDetail Detail(AccessPause pause) => new(pause.Target.ToString(), pause.Reason);
}
