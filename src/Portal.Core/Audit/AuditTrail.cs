using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>Adds events to the change that they record: they are saved with it or not at all. Each feature names its events in a class of its own.</summary>
/// <param name="db">The unit of work of the change.</param>
/// <param name="actor">Who acts.</param>
/// <param name="now">When.</param>
public sealed class AuditTrail(PortalDb db, Actor actor, DateTimeOffset now)
{
    /// <summary>Who acts.</summary>
    public Actor Actor { get; } = actor;

    /// <summary>Records something that was done.</summary>
    public void Record(AuditCode code, AuditSubject about, AuditDetail? detail = null) => Add(code, AuditOutcome.Success, about, detail);

    /// <summary>Records something that was tried and failed.</summary>
    public void RecordFailure(AuditCode code, AuditSubject about, AuditDetail detail) => Add(code, AuditOutcome.Failed, about, detail);

    /// <summary>Records something that was noted elsewhere under an id of its own, which makes sure that it is recorded once.</summary>
    public void RecordLate(Guid eventId, AuditCode code, AuditOutcome outcome, AuditSubject about, AuditDetail detail) =>
        db.Record(new AuditEvent(code, outcome, Actor, about, detail, now, eventId));

    /// <summary>Records something that the actor tried and may not do.</summary>
    public void AttemptRefused(string attempt, Refusal refusal, AuditSubject about) =>
        Add(AuditCode.AttemptRefused, AuditOutcome.Refused, about, new AuditDetail(refusal.Code, attempt));

    private void Add(AuditCode code, AuditOutcome outcome, AuditSubject about, AuditDetail? detail) =>
        db.Record(new AuditEvent(code, outcome, Actor, about, detail ?? AuditDetail.None, now));
}
