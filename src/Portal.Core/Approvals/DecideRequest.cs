using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;

namespace Portal.Core.Approvals;

/// <summary>An approver's verdict.</summary>
/// <param name="RequestId">The request.</param>
/// <param name="Verdict">Yes or no.</param>
/// <param name="Comment">Needed for a no.</param>
public sealed record DecisionInput(Guid RequestId, Verdict Verdict, string? Comment);

/// <summary>Decides a request. The verdict, the grant that it promises and the audit events are saved together, on the condition that the request is still pending: of a thousand decisions at once, one counts.</summary>
public sealed class DecideRequest(IDbContextFactory<PortalDb> databases, IDirectory directory, IDatabaseClock databaseClock, ClockWatch clock, AssignmentRoom room, ChangeFeed changes)
{
    /// <summary>Decides.</summary>
    public async Task<Result<Done>> ExecuteAsync(DecisionInput input, Actor actor, CancellationToken ct)
    {
        var (result, requester) = await databases.RunAsync(db => DecideAsync(db, input, actor, ct), ct);
        if (result.Succeeded)
        {
            changes.Publish(new PortalChange(ChangeKind.Request, input.RequestId, requester));
            if (input.Verdict == Verdict.Approved)
                changes.Publish(new PortalChange(ChangeKind.Grant, input.RequestId, requester));
        }

        return result;
    }

    private async Task<(Result<Done> Result, Guid? Requester)> DecideAsync(PortalDb db, DecisionInput input, Actor actor, CancellationToken ct)
    {
        var request = await db.AccessRequests.SingleOrDefaultAsync(r => r.Id == input.RequestId, ct);
        if (request is null)
            return (new Refusal(RefusalCode.NotFound), null);

        // The window begins with the verdict: by the time by which it will also be ended.
        var now = await clock.AskAsync(databaseClock, db, ct);
        if (input.Verdict == Verdict.Approved && clock.Skew() is not null)
        {
            // What Resource Manager said a while ago keeps nobody from anything: it is asked anew.
            await room.LookAgainAsync(request.Scope, ct);
            now = await clock.AskAsync(databaseClock, db, ct);
        }

        var trail = new AuditTrail(db, actor, now);
        var policy = await db.AccessPolicies.AsNoTracking().SingleAsync(p => p.Id == request.PolicyId, ct);
        var ground = input.Verdict == Verdict.Approved ? await ApprovalGround.ReadAsync(db, request, ct) : null;
        if ((MayNotDecide(request, policy, input.Verdict, actor) ?? ground?.NotTheirs(actor)) is { } refusal)
        {
            trail.AttemptRefused(nameof(DecideRequest), refusal, request.Subject());
            await db.SaveChangesAsync(ct);
            return (refusal, null);
        }

        if (input.Verdict == Verdict.Approved && ClockFault() is { } skew)
            return (skew, null);
        if ((request.CannotBeSettled(now) ?? CommentFault(input)) is { } unfit)
            return (unfit, null);
        if (input.Verdict == Verdict.Approved && PauseNotice.Of(await PausesInForce.FindAsync(db, request.Requester, request.Scope, ct)) is { } pause)
            return (pause.Refusal, null);
        if (ground?.Lacking(request, now) is { } lacking)
            return (lacking, null);
        if (input.Verdict == Verdict.Approved && await room.LackingAsync(db, request.Scope, request.RequesterObjectId, request.RoleDefinitionId, policy.Definition.Provider, ct) is { } full)
            return (full, null);
        if (ground is not null && await RequesterFaultAsync(request, policy, ground, ct) is { } gone)
            return (gone, null);

        var comment = PersonText.IsBlank(input.Comment) ? null : input.Comment;
        db.ApprovalDecisions.Add(new ApprovalDecision(request.Id, actor, input.Verdict, comment, now));
        if (input.Verdict == Verdict.Denied)
        {
            request.Deny(now);
            trail.RequestDenied(request, comment!);
        }
        else
        {
            request.Approve(now);
            trail.RequestApproved(request, comment);
            await GrantSchedule.AddAsync(db, trail, OrderFor(request, policy, await BasisAsync(db, request, policy, actor, ct), now), now, ct);
        }

        await db.SaveChangesAsync(ct);
        PortalTelemetry.TimeToDecision.Record(Math.Max(0, (now - request.SubmittedAt).TotalSeconds), new KeyValuePair<string, object?>("verdict", input.Verdict.ToString()));
        return (default(Done), request.RequesterObjectId);
    }

    /// <summary>Whether someone may not decide a request by the policy version that it pinned, and why; a yes also needs an <see cref="ApprovalGround"/>. Screens ask the same questions to say so beforehand.</summary>
    /// <returns>Null when they may.</returns>
    internal static Refusal? MayNotDecide(AccessRequest request, AccessPolicy policy, Verdict verdict, Actor actor)
    {
        if (actor.LacksAllOf(PortalRole.Approver) is { } refusal)
            return refusal;
        if (actor.Is(request.Requester) || actor.OnBehalfOf == request.Requester)
            return new Refusal(RefusalCode.OwnRequest);
        if (!PolicyEvaluation.IsApprover(policy.Definition, actor.Groups))
            return actor.IsUnconfirmed() ?? new Refusal(RefusalCode.NotApprover, null, PolicyEvaluation.Names(policy.Definition.Approvers));
        // A no takes nothing from anyone that they had; a yes must rest on what the directory says now.
        return verdict == Verdict.Approved ? actor.IsUnconfirmed() : null;
    }

    private static Refusal? CommentFault(DecisionInput input) => input.Verdict == Verdict.Denied && PersonText.IsBlank(input.Comment)
        ? new Refusal(RefusalCode.CommentMissing, "comment")
        : PersonText.CheckOptional(input.Comment, "comment");

    // While clocks disagree nobody can say from when until when access would be.
    private Refusal? ClockFault() => clock.Skew() is { } skew
        ? new Refusal(RefusalCode.ClocksDisagree, null, Math.Round(skew.Offset.Duration().TotalSeconds))
        : null;

    private async Task<Refusal?> RequesterFaultAsync(AccessRequest request, AccessPolicy policy, ApprovalGround ground, CancellationToken ct)
    {
        try
        {
            var standing = await directory.StandingOfAsync(request.Requester, ct);
            var eligible = standing.Enabled && standing.Roles.Contains(PortalRole.Requester) && PolicyEvaluation.IsEligible(policy.Definition, standing.Groups) && ground.IsEligible(standing.Groups);
            return eligible ? null : new Refusal(RefusalCode.RequesterNoLongerEligible, null, request.RequesterName);
        }
        catch (CloudCallException fault)
        {
            return new Refusal(RefusalCode.CloudUnreachable, null, fault.Code);
        }
    }

    private static async Task<GrantBasis> BasisAsync(PortalDb db, AccessRequest request, AccessPolicy policy, Actor approver, CancellationToken ct)
    {
        var vaultId = ArmId.VaultOf(request.Scope);
        var fingerprint = await db.Vaults.Where(v => v.ArmId == vaultId).Select(v => v.Fingerprint).SingleOrDefaultAsync(ct);
        return new GrantBasis(policy.Id, fingerprint, approver.Id, approver.DisplayName, policy.Definition.Approvers.First(g => approver.Groups.Contains(g.Id)).Id);
    }

    private static GrantOrder OrderFor(AccessRequest request, AccessPolicy policy, GrantBasis basis, DateTimeOffset now) => new(
        request.Id,
        request.Reference,
        request.Requester,
        request.RequesterName,
        request.Scope,
        request.VaultName,
        request.SecretName,
        request.Entitlement.Role,
        request.Window.StartIfApprovedAt(now),
        request.Window.EndIfApprovedAt(now))
    {
        Basis = basis,
        // By the version that the request pinned: that is what was approved.
        Choice = policy.Definition.Choice,
    };
}
