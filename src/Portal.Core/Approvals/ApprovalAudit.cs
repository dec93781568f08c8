using Portal.Core.Audit;
using Portal.Core.Requests;

namespace Portal.Core.Approvals;

/// <summary>The events of a decision, one method each.</summary>
internal static class ApprovalAudit
{
    public static void RequestApproved(this AuditTrail trail, AccessRequest request, string? comment) =>
        trail.Record(AuditCode.RequestApproved, request.Subject(), new AuditDetail(Comment: comment));

    public static void RequestDenied(this AuditTrail trail, AccessRequest request, string comment) =>
        trail.Record(AuditCode.RequestDenied, request.Subject(), new AuditDetail(Comment: comment));
}
