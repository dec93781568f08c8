using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Reads;
using Portal.Core.Audit.Retention;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;

namespace Portal.Core.Approvals;

/// <summary>A verdict as shown.</summary>
/// <param name="ApproverName">Who.</param>
/// <param name="Verdict">Yes or no.</param>
/// <param name="Comment">What they wrote; null for nothing.</param>
/// <param name="DecidedAt">When.</param>
public sealed record DecisionView(string ApproverName, Verdict Verdict, string? Comment, DateTimeOffset DecidedAt);

/// <summary>What the one who looks may do with a request. Null means yes; a refusal says why not. The use cases ask the same again.</summary>
/// <param name="Approve">To approve it.</param>
/// <param name="Deny">To deny it.</param>
/// <param name="Withdraw">To take it back.</param>
/// <param name="Return">To give the access back.</param>
/// <param name="Revoke">To revoke the grant.</param>
/// <param name="Test">To test the access.</param>
public sealed record RequestActions(Refusal? Approve, Refusal? Deny, Refusal? Withdraw, Refusal? Return, Refusal? Revoke, Refusal? Test);

/// <summary>One request with all that belongs to it.</summary>
/// <param name="Row">The request.</param>
/// <param name="RequesterUpn">The requester's UPN.</param>
/// <param name="Scope">The ARM id.</param>
/// <param name="RoleDefinitionId">The role's GUID.</param>
/// <param name="Justification">Why.</param>
/// <param name="Ticket">The ticket; null for none.</param>
/// <param name="PolicyName">The policy that governs.</param>
/// <param name="PolicyVersion">Its pinned version.</param>
/// <param name="Provider">How the access reaches the cloud.</param>
/// <param name="ProviderGroup">The group whose member the requester becomes; null unless that is the way.</param>
/// <param name="ApproverGroups">Who may decide, by group name.</param>
/// <param name="SettledAt">When it was settled; null while pending.</param>
/// <param name="Decisions">The verdicts.</param>
/// <param name="Grant">The grant; null while there is none.</param>
/// <param name="Pause">The pause that covers the requester or the scope while there is something to give; null when none does.</param>
/// <param name="Requester">What the one who asks holds and held; null for those whom it does not concern.</param>
/// <param name="Timeline">Every event of the request that is still there, the first first.</param>
/// <param name="Pruned">What retention took of its events; null when it took none.</param>
/// <param name="Actions">What the one who looks may do.</param>
public sealed record RequestDetails(
    RequestRow Row,
    string? RequesterUpn,
    string Scope,
    Guid RoleDefinitionId,
    string Justification,
    string? Ticket,
    string PolicyName,
    int PolicyVersion,
    GrantProvider Provider,
    string? ProviderGroup,
    IReadOnlyList<string> ApproverGroups,
    DateTimeOffset? SettledAt,
    IReadOnlyList<DecisionView> Decisions,
    GrantView? Grant,
    PauseNotice? Pause,
    RequesterRecord? Requester,
    IReadOnlyList<AuditEvent> Timeline,
    PrunedTimeline? Pruned,
    RequestActions Actions)
{
    /// <summary>The numbers of events of the timeline that cannot be read, since somebody changed them by other means; empty but for that.</summary>
    public IReadOnlyList<long> Unreadable { get; init; } = [];
}

/// <summary>Shows one request to those whom it concerns: who asked, who may decide, administrators and auditors. For everyone else there is no such request.</summary>
/// <remarks>While the directory does not confirm somebody's groups it is not known whether a request concerns them: they are told that, whether there is such a request or not, and it is no attempt of theirs.</remarks>
public sealed class GetRequest(IDbContextFactory<PortalDb> databases, AssignmentRoom room, AuditReads reads, ClockWatch clock)
{
    // A grant that fails for days leaves many lines; the page shows the first of them and the audit page has all.
    private const int MostEvents = 200;

    /// <summary>Shows it.</summary>
    /// <param name="reference">What people call it.</param>
    /// <param name="actor">Who looks.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<Result<RequestDetails>> ExecuteAsync(string reference, Actor actor, CancellationToken ct)
    {
        if (actor.IsNobody() is { } nobody)
            return nobody;

        await using var db = await databases.CreateDbContextAsync(ct);
        var wanted = reference.ToUpperInvariant();
        var request = await db.AccessRequests.AsNoTracking().SingleOrDefaultAsync(r => r.Reference == wanted, ct);
        if (request is null)
            return actor.IsUnconfirmed() ?? new Refusal(RefusalCode.NotFound);
        var policy = await db.AccessPolicies.AsNoTracking().SingleAsync(p => p.Id == request.PolicyId, ct);

        var isOwner = actor.Is(request.Requester);
        var isApprover = actor.Has(PortalRole.Approver) && PolicyEvaluation.IsApprover(policy.Definition, actor.Groups);
        var oversees = actor.Has(PortalRole.Administrator) || actor.Has(PortalRole.Auditor);
        if (!isOwner && !isApprover && !oversees)
        {
            if (actor.IsUnconfirmed() is { } unknown)
                return unknown;
            var refusal = new Refusal(RefusalCode.NotFound);
            await reads.NoteRefusedAsync(db, nameof(GetRequest), refusal, request.Subject(), actor, ct);
            return refusal;
        }

        var grant = await db.Grants.AsNoTracking().SingleOrDefaultAsync(g => g.RequestId == request.Id, ct);
        var pause = request.State == RequestState.Pending || grant is { IsLive: true, State: not GrantState.Active }
            ? PauseNotice.Of(await PausesInForce.FindAsync(db, request.Requester, request.Scope, ct))
            : null;
        var full = isApprover && request.State == RequestState.Pending
            ? await room.LackingAsync(db, request.Scope, request.RequesterObjectId, request.RoleDefinitionId, policy.Definition.Provider, ct)
            : null;
        var ground = isApprover && request.State == RequestState.Pending ? await ApprovalGround.ReadAsync(db, request, ct) : null;
        var decisions = await db.ApprovalDecisions.AsNoTracking().Where(d => d.RequestId == request.Id).OrderBy(d => d.DecidedAt).ToListAsync(ct);
        var timeline = await ReadableEvents.ReadAsync(
            db,
            db.AuditEvents.AsNoTracking().Where(e => e.RequestId == request.Id && (oversees || e.Outcome != AuditOutcome.Refused)).OrderBy(e => e.Sequence).Take(MostEvents),
            ct);

        return new RequestDetails(
            new RequestRow(request.Id, request.Reference, request.RequesterName, request.VaultName, request.SecretName, request.RoleName, request.Duration, request.WindowStart, request.State, request.SubmittedAt, request.LapsesAt, grant?.State, grant?.EndsAt),
            request.RequesterUpn,
            request.Scope,
            request.RoleDefinitionId,
            request.Justification,
            request.Ticket,
            request.PolicyName,
            request.PolicyVersion,
            policy.Definition.Provider,
            policy.Definition.ProviderGroup?.Name,
            [.. policy.Definition.Approvers.Select(g => g.Name)],
            request.SettledAt,
            [.. decisions.Select(d => new DecisionView(d.ApproverName, d.Verdict, d.Comment, d.DecidedAt))],
            grant is null ? null : new GrantView(grant, pause),
            pause,
            isApprover || oversees ? await RequesterRecord.ReadAsync(db, request, ct) : null,
            [.. timeline.Events.Select(e => e.AsSeenBy(actor))],
            await db.PrunedTimelines.AsNoTracking().SingleOrDefaultAsync(t => t.RequestId == request.Id, ct),
            ActionsFor(request, policy, grant, ground?.NotTheirs(actor) ?? pause?.Refusal ?? ground?.Lacking(request, clock.Now()) ?? full, actor))
        {
            Unreadable = timeline.Unreadable,
        };
    }

    private RequestActions ActionsFor(AccessRequest request, AccessPolicy policy, Grant? grant, Refusal? inTheWay, Actor actor)
    {
        var settled = request.CannotBeSettled(clock.Now());
        var notTheirs = new Refusal(RefusalCode.NotFound);
        var noGrant = grant is { IsLive: true } ? null : new Refusal(RefusalCode.GrantEnded);
        return new RequestActions(
            settled ?? DecideRequest.MayNotDecide(request, policy, Verdict.Approved, actor) ?? inTheWay,
            settled ?? DecideRequest.MayNotDecide(request, policy, Verdict.Denied, actor),
            actor.Is(request.Requester) ? settled : notTheirs,
            actor.Is(request.Requester) ? noGrant : notTheirs,
            actor.LacksAllOf(PortalRole.Administrator) ?? noGrant,
            !actor.Is(request.Requester) ? notTheirs
                : grant is null ? new Refusal(RefusalCode.GrantEnded)
                : grant.SecretName is null ? new Refusal(RefusalCode.NothingToTest)
                : null);
    }
}
