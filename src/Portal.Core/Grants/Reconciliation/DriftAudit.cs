using Portal.Core.Audit;
using Portal.Core.Catalog;

namespace Portal.Core.Grants.Reconciliation;

/// <summary>The events of reconciliation, one method each.</summary>
internal static class DriftAudit
{
    public static AuditSubject Subject(this Drift drift) => new()
    {
        Principal = new(drift.PrincipalTenantId, drift.PrincipalObjectId),
        PrincipalName = drift.PrincipalName,
        Scope = drift.Scope,
        VaultName = drift.VaultName,
        SecretName = drift.SecretName,
        RoleName = drift.RoleName,
        RequestReference = drift.RequestReference,
    };

    /// <param name="trail">The unit of work's trail.</param>
    /// <param name="drift">What was found.</param>
    /// <param name="grant">The grant concerned, so that the event stands in its history; null when none is.</param>
    public static void DriftFound(this AuditTrail trail, Drift drift, Grant? grant) =>
        trail.Record(AuditCode.DriftFound, grant?.Subject() ?? drift.Subject(), new AuditDetail(drift.Code, $"{drift.Kind}, {WordsOf(drift.Action)}: {drift.Detail}"));

    public static void DriftResolved(this AuditTrail trail, Drift drift, Grant? grant) =>
        trail.Record(AuditCode.DriftResolved, grant?.Subject() ?? drift.Subject(), new AuditDetail(drift.Code));

    /// <summary>A copy that was found before still stands, and its removal is called for once more.</summary>
    public static void CopySwept(this AuditTrail trail, Drift drift, AssignmentSeen copy) =>
        trail.Record(AuditCode.GrantSwept, drift.Subject(), new AuditDetail(drift.Code, copy.Description, WindowEnd: AssignmentMark.UntilOf(copy.Description)));

    public static void AssignmentSwept(this AuditTrail trail, AssignmentSeen swept, ScopeNames names) => trail.Record(
        AuditCode.AssignmentSwept,
        new AuditSubject
        {
            Principal = new(swept.TenantId, swept.PrincipalId),
            Scope = ArmId.Normalise(swept.Scope),
            VaultName = names.Vault,
            SecretName = names.Secret,
            RoleName = GrantableRole.Find(swept.RoleDefinitionId)?.Name ?? swept.RoleDefinitionId.ToString(),
        },
        new AuditDetail(Comment: swept.Description, WindowEnd: AssignmentMark.UntilOf(swept.Description)));

    private static string WordsOf(DriftAction action) => action switch
    {
        DriftAction.PutBack => "put back",
        DriftAction.Removed => "removed",
        DriftAction.PutRight => "put right",
        _ => "left alone",
    };
}
