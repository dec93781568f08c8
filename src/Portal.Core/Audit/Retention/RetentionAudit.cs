using System.Globalization;

namespace Portal.Core.Audit.Retention;

/// <summary>The events of retention, one method each.</summary>
internal static class RetentionAudit
{
    public static void HoldPlaced(this AuditTrail trail, LegalHold hold) => trail.Record(AuditCode.HoldPlaced, Subject(hold), Detail(hold, hold.Reason));

    public static void HoldLifted(this AuditTrail trail, LegalHold hold) => trail.Record(AuditCode.HoldLifted, Subject(hold), Detail(hold, hold.LiftReason!));

    public static void ExportCompleted(this AuditTrail trail, long size) =>
        trail.Record(AuditCode.ExportCompleted, AuditSubject.Nothing, new AuditDetail(size.ToString(CultureInfo.InvariantCulture)));

    public static void EventsPruned(this AuditTrail trail, IReadOnlyList<long> positions, DateTimeOffset from, DateTimeOffset to) =>
        trail.Record(AuditCode.EventsPruned, AuditSubject.Nothing, new AuditDetail(positions.Count.ToString(CultureInfo.InvariantCulture), PrunedPositions.Format(positions), WindowStart: from, WindowEnd: to));

    // By name alone: whom or whose request a hold is about must not read of it in their own history.
    private static AuditSubject Subject(LegalHold hold) => hold.Target switch
    {
        HoldTarget.Request => new AuditSubject { RequestReference = hold.Name },
        HoldTarget.Person => new AuditSubject { PrincipalName = hold.Name },
        HoldTarget.Scope => new AuditSubject { Scope = hold.Scope, VaultName = hold.Name.Split('/')[0], SecretName = hold.Name.Split('/').ElementAtOrDefault(1) },
    };

    private static AuditDetail Detail(LegalHold hold, string reason) => new(hold.Target.ToString(), hold.Target == HoldTarget.Person ? $"{hold.PersonObjectId:D}: {reason}" : reason);
}
