using System.Reflection;

namespace Portal.Core.Audit;

/// <summary>What can happen, as the audit trail names it. The set is closed and the codes never change their meaning.</summary>
/// <param name="Value">The stable code.</param>
/// <param name="Meaning">What it says, in English, for the documentation.</param>
public sealed record AuditCode(string Value, string Meaning)
{
    /// <summary>A person signed in.</summary>
    public static AuditCode SignedIn { get; } = new("identity.signed_in", "A person signed in to the portal.");

    /// <summary>A person signed out.</summary>
    public static AuditCode SignedOut { get; } = new("identity.signed_out", "A person signed out.");

    /// <summary>Something was tried that is not allowed.</summary>
    public static AuditCode AttemptRefused { get; } = new("identity.attempt_refused", "Something was tried that the actor may not do; nothing changed. The same refused look at a request is recorded once in ten minutes; what sending or withdrawing a request refuses, once in ten minutes for each person and reason: the event names what was reached for first.");

    /// <summary>A request was sent.</summary>
    public static AuditCode RequestSubmitted { get; } = new("request.submitted", "Access was asked for.");

    /// <summary>A request was taken back.</summary>
    public static AuditCode RequestWithdrawn { get; } = new("request.withdrawn", "The requester took the request back.");

    /// <summary>A request lapsed.</summary>
    public static AuditCode RequestLapsed { get; } = new("request.lapsed", "Nobody decided in time.");

    /// <summary>A request was approved.</summary>
    public static AuditCode RequestApproved { get; } = new("request.approved", "An approver said yes.");

    /// <summary>A request was denied.</summary>
    public static AuditCode RequestDenied { get; } = new("request.denied", "An approver said no, with a comment.");

    /// <summary>A grant was promised.</summary>
    public static AuditCode GrantScheduled { get; } = new("grant.scheduled", "A grant was promised for a time.");

    /// <summary>The portal is about to give a role.</summary>
    public static AuditCode GrantProvisioning { get; } = new("grant.provisioning", "The portal announced the call that gives the role, before making it.");

    /// <summary>A role was given.</summary>
    public static AuditCode GrantActivated { get; } = new("grant.activated", "The role is given.");

    /// <summary>A test showed that the access works.</summary>
    public static AuditCode GrantEffective { get; } = new("grant.effective", "A test with the holder's own token reached the secret for the first time.");

    /// <summary>The holder gave the access back.</summary>
    public static AuditCode GrantReturned { get; } = new("grant.returned", "The holder gave the access back early.");

    /// <summary>An administrator took the access away.</summary>
    public static AuditCode GrantRevoked { get; } = new("grant.revoked", "An administrator ended the grant early, with a reason.");

    /// <summary>The portal is about to take a role back.</summary>
    public static AuditCode GrantRevoking { get; } = new("grant.revoking", "The portal announced the call that takes the role back, before making it.");

    /// <summary>A grant is over.</summary>
    public static AuditCode GrantEnded { get; } = new("grant.ended", "The grant is over: expired or revoked, as its detail says.");

    /// <summary>The portal cannot do its work on a grant.</summary>
    public static AuditCode GrantNeedsAttention { get; } = new("grant.needs_attention", "A call for the grant does not go through; the portal goes on trying.");

    /// <summary>The holder has the role by other means.</summary>
    public static AuditCode StandingAccessFound { get; } = new("grant.standing_access_found", "The holder has the role at the scope by an assignment that is not the portal's; it is left alone.");

    /// <summary>The other means are gone.</summary>
    public static AuditCode StandingAccessGone { get; } = new("grant.standing_access_gone", "The assignment that was not the portal's, by which the holder had the role, is gone, or has turned out to be the portal's own; what stands now is the portal's and ends with the grant.");

    /// <summary>An assignment that a grant needs is put back.</summary>
    public static AuditCode GrantRestored { get; } = new("grant.restored", "The role assignment was missing or altered while a grant needs it; the portal announced the call that puts it back.");

    /// <summary>An assignment of the portal's that no grant needs is removed.</summary>
    public static AuditCode GrantSwept { get; } = new("grant.swept", "A role assignment of the portal's stood, or may have stood, where no grant needs it any more; the portal announced the call that removes it.");

    /// <summary>A removal during an outage of the database.</summary>
    public static AuditCode RemovedInOutage { get; } = new("grant.removed_in_outage", "While the database took no writes the portal called for the removal of a role assignment, announced and recorded in a file, and entered here afterwards.");

    /// <summary>What is in the cloud is not what should be there.</summary>
    public static AuditCode DriftFound { get; } = new("drift.found", "What is in the cloud differs from what should be there; the detail says how and what the portal does about it.");

    /// <summary>Drift is over.</summary>
    public static AuditCode DriftResolved { get; } = new("drift.resolved", "A later look found in order what had drifted.");

    /// <summary>An assignment of ours is about to be removed by command.</summary>
    public static AuditCode AssignmentSwept { get; } = new("drift.swept", "An operator's sweep announced the removal of an assignment with the portal's mark.");

    /// <summary>An administrator asked for the next try at once.</summary>
    public static AuditCode RetryAsked { get; } = new("grant.retry_asked", "An administrator had the next try of a failing call made at once; of all that fail when the detail says All.");

    /// <summary>A grant waits under a pause.</summary>
    public static AuditCode GrantPaused { get; } = new("grant.paused", "The role was to be given and a pause holds it up; the end does not move.");

    /// <summary>An administrator paused access.</summary>
    public static AuditCode AccessPaused { get; } = new("access.paused", "An administrator stopped new grants: all, one principal's, or at one scope, with a reason.");

    /// <summary>An administrator had everything that a pause covers taken back.</summary>
    public static AuditCode AccessTakenBack { get; } = new("access.taken_back", "An administrator asked that every grant that a pause covers ends at once; each is recorded as revoked.");

    /// <summary>An administrator lifted a pause.</summary>
    public static AuditCode AccessResumed { get; } = new("access.resumed", "An administrator lifted a pause.");

    /// <summary>A policy version took effect.</summary>
    public static AuditCode PolicyLoaded { get; } = new("policy.loaded", "A version of an access policy took effect.");

    /// <summary>A policy ended.</summary>
    public static AuditCode PolicyRetired { get; } = new("policy.retired", "An access policy no longer governs anything.");

    /// <summary>The audit trail was read.</summary>
    public static AuditCode AuditRead { get; } = new("audit.read", "An auditor read of everybody's trail: the detail says how, the comment and the window what they asked for. The same read is recorded once in ten minutes.");

    /// <summary>The audit trail was exported.</summary>
    public static AuditCode AuditExported { get; } = new("audit.exported", "The audit trail was exported with a filter.");

    /// <summary>An export of the whole log came to its end.</summary>
    public static AuditCode ExportCompleted { get; } = new("audit.export_completed", "An auditor took away all of the log, in a file that came to its end; the detail is how many events it covers. What it covers may be pruned when its time has come.");

    /// <summary>A legal hold began.</summary>
    public static AuditCode HoldPlaced { get; } = new("audit.hold_placed", "An auditor keeps retention from pruning the events of a request, a person, or a vault or secret, with a reason.");

    /// <summary>A legal hold ended.</summary>
    public static AuditCode HoldLifted { get; } = new("audit.hold_lifted", "An auditor lifted a legal hold, with a reason.");

    /// <summary>Retention pruned events.</summary>
    public static AuditCode EventsPruned { get; } = new("audit.events_pruned", "Retention pruned events: the detail is how many, the comment their positions, the window from when to when they were. Their hashes are kept.");

    /// <summary>The audit trail began to go to a destination.</summary>
    public static AuditCode StreamOpened { get; } = new("audit.stream_opened", "The audit trail goes to a destination that is new, or on another host than before; the detail is the stream's name, the comment its host.");

    /// <summary>A destination takes no more of the audit trail.</summary>
    public static AuditCode StreamPaused { get; } = new("audit.stream_paused", "The destination of a stream answered that it is gone, or that it will not take a part of what it was sent: nothing more is sent there until somebody has the stream go on.");

    /// <summary>A stream was set to a position.</summary>
    public static AuditCode StreamReplayed { get; } = new("audit.stream_replayed", "An operator had a stream go on from a position of the log; what comes after it is sent, if need be again.");

    /// <summary>The audit log is signed with another key.</summary>
    public static AuditCode SigningKeyRotated { get; } = new("audit.key_rotated", "The audit log is signed with a new key from the next checkpoint on, which the old one signs too; the comment is the public key.");

    /// <summary>A store that lost checkpoints is taken as it is.</summary>
    public static AuditCode StoreAccepted { get; } = new("audit.store_accepted", "An operator had the portal take a checkpoint store that shows less than it held as it is: the detail is which store, the comment what it held and what it shows.");

    /// <summary>Every code there is, in the order of a request's life.</summary>
    public static IReadOnlyList<AuditCode> All { get; } =
        [.. typeof(AuditCode).GetProperties(BindingFlags.Public | BindingFlags.Static).Where(p => p.PropertyType == typeof(AuditCode)).Select(p => (AuditCode)p.GetValue(null)!)];
}

/// <summary>How what was recorded came out.</summary>
public enum AuditOutcome
{
    /// <summary>It was done.</summary>
    Success,

    /// <summary>It was not allowed; nothing changed.</summary>
    Refused,

    /// <summary>It was tried and failed.</summary>
    Failed,
}
