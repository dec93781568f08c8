using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>Drives one trio from what is there to what should be there: plan, announce, call, save the outcome. The same loop gives, updates, expires and revokes.</summary>
public sealed partial class DriveAssignment(
    IDbContextFactory<PortalDb> databases,
    IRoleAssignments assignments,
    GrantPreconditions preconditions,
    TimeProvider clock,
    ChangeFeed changes,
    Random jitter,
    ILogger<DriveAssignment> logger)
{
    /// <summary>Drives a claimed row.</summary>
    /// <returns>True when an outcome was saved; false when the claim was lost meanwhile and somebody else goes on.</returns>
    public async Task<Result<bool>> ExecuteAsync(AssignmentClaim claim, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        using var activity = PortalTelemetry.Activities.StartActivity("drive assignment");
        activity?.SetTag("portal.assignment", claim.AssignmentId);
        var outcome = new CallOutcome();
        try
        {
            if (await FirstLookAsync(claim, ct) is { ToProvision.Count: > 0, Call: AssignmentIntent.Put } plan)
                await preconditions.CheckAsync(plan.ToProvision[0], ct);
            if (await AnnounceAsync(claim, actor, ct) is not { } announced)
                return false;
            outcome = await CallAsync(announced, ct);
        }
        catch (CloudCallException fault)
        {
            LogCallFailed(logger, claim.AssignmentId, fault.Code, fault.Message);
            PortalTelemetry.FailedCalls.Add(1, new KeyValuePair<string, object?>("code", fault.Code));
            activity?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, fault.Code);
            outcome = outcome with { Fault = fault };
        }

        return await databases.RunAsync(db => SettleAsync(db, claim, outcome, actor, ct), ct);
    }

    private async Task<AssignmentPlan?> FirstLookAsync(AssignmentClaim claim, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var (assignment, grants) = await LoadAsync(db, claim, ct);
        return assignment is null ? null : AssignmentPlan.For(assignment, grants, clock.Now());
    }

    /// <summary>Saves, before the call, that it will be made, with the events that say so. Without this record there is no call.</summary>
    private Task<Announcement?> AnnounceAsync(AssignmentClaim claim, Actor actor, CancellationToken ct) => databases.RunAsync(async db =>
    {
        var (assignment, grants) = await LoadAsync(db, claim, ct);
        if (assignment is null)
            return null;

        var now = clock.Now();
        var plan = AssignmentPlan.For(assignment, grants, now);
        if (plan.Call == AssignmentIntent.None)
            return new Announcement(AssignmentIntent.None, null, null);

        var trail = new AuditTrail(db, actor, now);
        assignment.Announce(plan.Call, plan.WantedUntil, now);
        foreach (var grant in plan.ToProvision.Where(g => g.State == GrantState.Scheduled))
        {
            grant.StartProvisioning();
            trail.GrantProvisioning(grant);
        }

        if (plan.Call == AssignmentIntent.Delete)
            foreach (var grant in plan.ToEnd.Where(g => g.StartRevoking(now)))
                trail.GrantRevoking(grant);
        await db.SaveChangesAsync(ct);
        Publish(grants);
        return new Announcement(plan.Call, assignment, plan.WantedUntil);
    }, ct);

    private async Task<CallOutcome> CallAsync(Announcement announced, CancellationToken ct)
    {
        switch (announced.Call)
        {
            case AssignmentIntent.None:
                return new CallOutcome();
            case AssignmentIntent.Put:
                var row = announced.Assignment!;
                var until = announced.WantedUntil!.Value;
                var written = await assignments.PutAsync(
                    new AssignmentOrder(row.Scope, row.Id, row.PrincipalObjectId, row.PrincipalKind, row.RoleDefinitionId, AssignmentMark.For(until)), ct);
                return written.Outcome == AssignmentWriteOutcome.Ours
                    ? new CallOutcome(AssignmentObservation.Present, until, written.ProviderRequestId)
                    : new CallOutcome(AssignmentObservation.HeldByAnother, null, written.ProviderRequestId);
            case AssignmentIntent.Delete:
                var requestId = await assignments.DeleteAsync(announced.Assignment!.Scope, announced.Assignment.Id, ct);
                return new CallOutcome(AssignmentObservation.Absent, null, requestId);
            default:
                throw new InvalidOperationException($"Unforeseen call {announced.Call}.");
        }
    }

    /// <summary>Saves what came of it, under the number that claimed the row and no other. Grants are judged by the plan as it is now: what changed during the call is looked at again at once.</summary>
    private async Task<Result<bool>> SettleAsync(PortalDb db, AssignmentClaim claim, CallOutcome outcome, Actor actor, CancellationToken ct)
    {
        var (assignment, grants) = await LoadAsync(db, claim, ct);
        if (assignment is null)
            return false;

        var now = clock.Now();
        var trail = new AuditTrail(db, actor, now);
        if (outcome.Observed is { } observed)
            assignment.Observe(observed, outcome.DescribedUntil);

        var plan = AssignmentPlan.For(assignment, grants, now);
        if (outcome.Fault is { } fault)
        {
            assignment.Fail(fault.Code, fault.Message, now);
            NoteAttention(assignment, plan, fault, trail, now);
        }

        if (assignment.Observed is AssignmentObservation.Present or AssignmentObservation.HeldByAnother)
            ActivateWaiting(assignment, plan, outcome, trail, now);
        if (plan.Call != AssignmentIntent.Delete)
            EndFinished(plan, outcome, trail, now);

        assignment.Release(plan.WantedUntil, NextLook(assignment, grants, outcome, now));
        await db.SaveChangesAsync(ct);
        Measure(grants, now);
        Publish(grants);
        return true;
    }

    private static void ActivateWaiting(DesiredAssignment assignment, AssignmentPlan plan, CallOutcome outcome, AuditTrail trail, DateTimeOffset now)
    {
        // After a fault nothing is known to be there that was not there before.
        if (outcome.Fault is not null)
            return;
        var standing = assignment.Observed == AssignmentObservation.HeldByAnother;
        foreach (var grant in plan.ToProvision)
        {
            grant.Activate(standing, now);
            if (standing)
                trail.StandingAccessFound(grant, outcome.ProviderRequestId);
            trail.GrantActivated(grant, outcome.ProviderRequestId);
        }
    }

    // With no removal outstanding, whatever is over is over: the role is gone, or stays for a grant that still needs it.
    private static void EndFinished(AssignmentPlan plan, CallOutcome outcome, AuditTrail trail, DateTimeOffset now)
    {
        foreach (var grant in plan.ToEnd)
        {
            grant.End(now);
            trail.GrantEnded(grant, outcome.ProviderRequestId);
        }
    }

    // The alert must be there within five minutes; what cannot get better by itself is said at once.
    private static void NoteAttention(DesiredAssignment assignment, AssignmentPlan plan, CloudCallException fault, AuditTrail trail, DateTimeOffset now)
    {
        var patient = fault.IsTransient && assignment.Attempts < 4 && now - assignment.FailingSince < TimeSpan.FromMinutes(2);
        if (patient)
            return;
        foreach (var grant in plan.Call == AssignmentIntent.Delete ? plan.ToEnd : plan.ToProvision)
            if (grant.NeedAttention(fault.Code, fault.Message, now))
                trail.GrantNeedsAttention(grant, fault.ProviderRequestId);
    }

    private DateTimeOffset? NextLook(DesiredAssignment assignment, IReadOnlyCollection<Grant> grants, CallOutcome outcome, DateTimeOffset now)
    {
        var after = AssignmentPlan.For(assignment, grants, now);
        if (after.Call == AssignmentIntent.None && after.ToProvision.Count == 0 && after.ToEnd.Count == 0)
            return after.NextChange;
        if (outcome.Fault is null)
            return now;
        var retry = now + RetryDelay.After(assignment.Attempts, outcome.Fault.RetryAfter, jitter.NextDouble());
        return after.NextChange < retry ? after.NextChange : retry;
    }

    private static async Task<(DesiredAssignment? Assignment, IReadOnlyCollection<Grant> Grants)> LoadAsync(PortalDb db, AssignmentClaim claim, CancellationToken ct)
    {
        var assignment = await db.DesiredAssignments.SingleOrDefaultAsync(a => a.Id == claim.AssignmentId && a.Fence == claim.Fence, ct);
        return assignment is null
            ? (null, [])
            : (assignment, await db.Grants.Where(g => g.AssignmentId == claim.AssignmentId && g.State != GrantState.Ended).ToListAsync(ct));
    }

    private static void Measure(IEnumerable<Grant> grants, DateTimeOffset now)
    {
        foreach (var grant in grants)
        {
            if (grant.ActivatedAt == now)
                PortalTelemetry.ActivationLag.Record((now - grant.StartsAt).TotalSeconds);
            if (grant.EndedAt == now)
                PortalTelemetry.EndLag.Record((now - (grant.EndRequestedAt ?? grant.EndsAt)).TotalSeconds, new KeyValuePair<string, object?>("ending", grant.Ending.ToString()));
            if (grant.AttentionSince == now)
                PortalTelemetry.NeedsAttention.Add(1, new KeyValuePair<string, object?>("code", grant.AttentionCode));
        }
    }

    private void Publish(IEnumerable<Grant> grants)
    {
        foreach (var grant in grants)
            changes.Publish(new PortalChange(ChangeKind.Grant, grant.RequestId, grant.PrincipalObjectId));
    }

    private sealed record Announcement(AssignmentIntent Call, DesiredAssignment? Assignment, DateTimeOffset? WantedUntil);

    private sealed record CallOutcome(AssignmentObservation? Observed = null, DateTimeOffset? DescribedUntil = null, string? ProviderRequestId = null, CloudCallException? Fault = null);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A call for assignment {AssignmentId} failed with {Code} and is tried again: {Text}")]
    private static partial void LogCallFailed(ILogger logger, Guid assignmentId, string code, string text);
}
