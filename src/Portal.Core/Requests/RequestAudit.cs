using Portal.Core.Audit;

namespace Portal.Core.Requests;

/// <summary>The events of a request, one method each.</summary>
internal static class RequestAudit
{
    public static AuditSubject Subject(this AccessRequest request) => new()
    {
        Principal = request.Requester,
        PrincipalName = request.RequesterName,
        Scope = request.Scope,
        VaultName = request.VaultName,
        SecretName = request.SecretName,
        RoleName = request.RoleName,
        RequestId = request.Id,
        RequestReference = request.Reference,
        PolicyName = request.PolicyName,
        PolicyVersion = request.PolicyVersion,
    };

    public static void RequestSubmitted(this AuditTrail trail, AccessRequest request) =>
        trail.Record(AuditCode.RequestSubmitted, request.Subject(), new AuditDetail(
            request.Ticket is null ? null : $"ticket {request.Ticket}",
            request.Justification,
            WindowStart: request.WindowStart,
            WindowEnd: request.WindowStart is null ? null : request.WindowStart + request.Duration));

    public static void RequestWithdrawn(this AuditTrail trail, AccessRequest request) => trail.Record(AuditCode.RequestWithdrawn, request.Subject());

    public static void RequestLapsed(this AuditTrail trail, AccessRequest request) => trail.Record(AuditCode.RequestLapsed, request.Subject());
}
