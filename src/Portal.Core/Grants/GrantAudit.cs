using Portal.Core.Audit;

namespace Portal.Core.Grants;

/// <summary>The events of a grant, one method each.</summary>
internal static class GrantAudit
{
    // The process died before it was known.
    private const string OutcomeUnknown = "OutcomeUnknown";

    public static AuditSubject Subject(this Grant grant) => new()
    {
        Principal = grant.Principal,
        PrincipalName = grant.PrincipalName,
        Scope = grant.Scope,
        VaultName = grant.VaultName,
        SecretName = grant.SecretName,
        RoleName = grant.RoleName,
        RequestId = grant.RequestId,
        RequestReference = grant.RequestReference,
        GrantId = grant.Id,
    };

    public static void GrantScheduled(this AuditTrail trail, Grant grant) => trail.Record(AuditCode.GrantScheduled, grant.Subject(), Window(grant));

    public static void GrantProvisioning(this AuditTrail trail, Grant grant) => trail.Record(AuditCode.GrantProvisioning, grant.Subject(), Window(grant));

    public static void GrantActivated(this AuditTrail trail, Grant grant, ProviderCall call) =>
        trail.Record(AuditCode.GrantActivated, grant.Subject(), Window(grant).Of(call));

    public static void StandingAccessFound(this AuditTrail trail, Grant grant, ProviderCall call) =>
        trail.Record(AuditCode.StandingAccessFound, grant.Subject(), AuditDetail.None.Of(call));

    public static void StandingAccessGone(this AuditTrail trail, Grant grant, ProviderCall call) =>
        trail.Record(AuditCode.StandingAccessGone, grant.Subject(), AuditDetail.None.Of(call));

    public static void GrantEffective(this AuditTrail trail, Grant grant) => trail.Record(AuditCode.GrantEffective, grant.Subject());

    public static void GrantReturned(this AuditTrail trail, Grant grant) => trail.Record(AuditCode.GrantReturned, grant.Subject(), new AuditDetail(Comment: grant.EndReason));

    public static void GrantRevoked(this AuditTrail trail, Grant grant) => trail.Record(AuditCode.GrantRevoked, grant.Subject(), new AuditDetail(Comment: grant.EndReason));

    public static void GrantRevoking(this AuditTrail trail, Grant grant) =>
        trail.Record(AuditCode.GrantRevoking, grant.Subject(), new AuditDetail(grant.EndRequestedAt is null ? nameof(GrantEnding.Expired) : nameof(GrantEnding.Revoked)));

    public static void GrantEnded(this AuditTrail trail, Grant grant, ProviderCall call) =>
        trail.Record(AuditCode.GrantEnded, grant.Subject(), Window(grant).Of(call) with { Reason = grant.Ending.ToString() });

    public static void GrantNeedsAttention(this AuditTrail trail, Grant grant, ProviderCall call) =>
        trail.RecordFailure(AuditCode.GrantNeedsAttention, grant.Subject(), new AuditDetail(grant.AttentionCode, grant.AttentionMessage).Of(call));

    public static void GrantRestored(this AuditTrail trail, Grant grant, AssignmentObservation found) =>
        trail.Record(AuditCode.GrantRestored, grant.Subject(), Window(grant) with { Reason = found switch { AssignmentObservation.Absent => "Missing", AssignmentObservation.Present => "Altered", _ => null } });

    public static void GrantSwept(this AuditTrail trail, Grant grant) => trail.Record(AuditCode.GrantSwept, grant.Subject(), Window(grant));

    public static void RemovedInOutage(this AuditTrail trail, Guid id, AuditSubject about, ProviderCall call) =>
        trail.RecordLate(id, AuditCode.RemovedInOutage, AuditOutcome.Success, about, AuditDetail.None.Of(call));

    public static void NotRemovedInOutage(this AuditTrail trail, Guid id, AuditSubject about, string? code, string? message, ProviderCall call) =>
        trail.RecordLate(id, AuditCode.RemovedInOutage, AuditOutcome.Failed, about, new AuditDetail(code ?? OutcomeUnknown, message).Of(call));

    /// <summary>A removal of what this database knows nothing of: what the spool says is all there is.</summary>
    public static void OfUnknownInOutage(this AuditTrail trail, SpoolLine announced, SpoolLine? outcome)
    {
        var removed = outcome is { Kind: SpoolLineKind.Removed };
        var about = new AuditSubject { GrantId = announced.GrantIds is [var first, ..] ? first : null };
        var what = $"Assignment {announced.AssignmentId}, for {string.Join(", ", announced.GrantIds)}: this database does not know it. {outcome?.Message}".TrimEnd();
        trail.RecordLate(announced.Id, AuditCode.RemovedInOutage, removed ? AuditOutcome.Success : AuditOutcome.Failed, about, new AuditDetail(removed ? "UnknownAssignment" : outcome?.Code ?? OutcomeUnknown, what).Of(outcome?.ProviderCall ?? ProviderCall.Unknown));
    }

    public static void RetryAsked(this AuditTrail trail, AuditSubject about, bool ofAll) => trail.Record(AuditCode.RetryAsked, about, ofAll ? new AuditDetail("All") : null);

    private static AuditDetail Of(this AuditDetail detail, ProviderCall call) => detail with { ProviderRequestId = call.RequestId, ProviderCorrelationId = call.CorrelationId };

    private static AuditDetail Window(Grant grant) => new(WindowStart: grant.StartsAt, WindowEnd: grant.EndsAt);
}
