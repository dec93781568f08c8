using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports;

/// <summary>A class of the schema that the portal's events are of.</summary>
internal enum OcsfClass
{
    /// <summary>Signing in and out.</summary>
    Authentication = 3002,

    /// <summary>What was tried and refused.</summary>
    AuthorizeSession = 3003,

    /// <summary>Everything else.</summary>
    EntityManagement = 3004,

    /// <summary>What gives or takes a role.</summary>
    UserAccess = 3005,
}

/// <summary>Of which class and activity an event is.</summary>
internal static class OcsfKinds
{
    /// <summary>The activity, or kind of user, that the schema has no number for.</summary>
    public const int Other = 99;

    private static readonly Dictionary<string, (OcsfClass Class, int Activity)> Kinds = new(StringComparer.Ordinal)
    {
        [AuditCode.SignedIn.Value] = (OcsfClass.Authentication, 1),
        [AuditCode.SignedOut.Value] = (OcsfClass.Authentication, 2),
        [AuditCode.AttemptRefused.Value] = (OcsfClass.AuthorizeSession, Other),
        [AuditCode.RequestSubmitted.Value] = (OcsfClass.EntityManagement, 1),
        [AuditCode.RequestWithdrawn.Value] = (OcsfClass.EntityManagement, 4),
        [AuditCode.RequestLapsed.Value] = (OcsfClass.EntityManagement, 3),
        [AuditCode.RequestApproved.Value] = (OcsfClass.EntityManagement, 3),
        [AuditCode.RequestDenied.Value] = (OcsfClass.EntityManagement, 3),
        [AuditCode.GrantActivated.Value] = (OcsfClass.UserAccess, 1),
        [AuditCode.GrantRestored.Value] = (OcsfClass.UserAccess, 1),
        [AuditCode.GrantEnded.Value] = (OcsfClass.UserAccess, 2),
        [AuditCode.GrantSwept.Value] = (OcsfClass.UserAccess, 2),
        [AuditCode.RemovedInOutage.Value] = (OcsfClass.UserAccess, 2),
        [AuditCode.AssignmentSwept.Value] = (OcsfClass.UserAccess, 2),
        [AuditCode.PolicyLoaded.Value] = (OcsfClass.EntityManagement, 3),
        [AuditCode.PolicyRetired.Value] = (OcsfClass.EntityManagement, 4),
        [AuditCode.AuditRead.Value] = (OcsfClass.EntityManagement, 2),
        [AuditCode.AuditExported.Value] = (OcsfClass.EntityManagement, 2),
    };

    /// <summary>The class and the activity of an event.</summary>
    public static (OcsfClass Class, int Activity) Of(string code, CanonicalEvent e) =>
        !Kinds.TryGetValue(code, out var kind) ? (OcsfClass.EntityManagement, Other)
        // The class says which privilege it is about; an event that does not know has to say so.
        : kind.Class == OcsfClass.UserAccess && e.Utf8(EventField.Role).IsEmpty ? (OcsfClass.EntityManagement, Other)
        : kind;
}
