using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>Drives one trio from what is there to what should be there: plan, check, announce, call, read back, save the outcome. The same loop gives, updates, expires, revokes, looks again and puts right.</summary>
public sealed partial class DriveAssignment(
    IDbContextFactory<PortalDb> databases,
    GrantProviders providers,
    GrantPreconditions preconditions,
    DriveSteps steps,
    ClockWatch clock,
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
        steps.Reach(DriveStep.Claimed, claim.AssignmentId, AssignmentIntent.None);
        if (await ClearAsync(claim, ct) is not { } clearance)
            return false;
        steps.Reach(DriveStep.Checked, claim.AssignmentId, AssignmentIntent.None);
        if (await AnnounceAsync(claim, clearance, actor, ct) is not { } announced)
            return false;
        if (announced.Call != AssignmentIntent.None)
            steps.Reach(DriveStep.Announced, claim.AssignmentId, announced.Call);

        var outcome = await ActAsync(announced, clearance, ct);
        foreach (var fault in outcome.Faults)
        {
            LogCallFailed(logger, claim.AssignmentId, fault.Code, fault.Message);
            PortalTelemetry.FailedCalls.Add(1, new KeyValuePair<string, object?>("code", fault.Code));
            activity?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, fault.Code);
        }

        steps.Reach(DriveStep.Settling, claim.AssignmentId, announced.Call);
        var saved = await databases.RunAsync(db => SettleAsync(db, claim, outcome, actor, ct), ct);
        steps.Reach(DriveStep.Settled, claim.AssignmentId, announced.Call);
        return saved;
    }

    /// <summary>Looks again at all that granting rests on, for whoever waits for the role or has lost it. Taking back asks nobody.</summary>
    /// <returns>Null when the claim is lost.</returns>
    private async Task<Clearance?> ClearAsync(AssignmentClaim claim, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var now = clock.Now();
        if (await Trio.LoadAsync(db, claim, now, ct) is not { } trio)
            return null;
        var plan = trio.PlanAt(now);
        var giving = trio.Assignment.Observed == AssignmentObservation.Absent ? plan.Needing : plan.ToProvision;
        var clearance = giving.Count == 0 ? Clearance.Nothing : await preconditions.ClearAsync(giving, ct);
        return trio.Assignment.LooksFirst ? await providers.For(trio.Assignment).LookFirstAsync(trio, clearance, clock.Now(), ct) : clearance;
    }

    /// <summary>Saves, before the call, that it will be made, with the events that say so. Without this record there is no call.</summary>
    /// <returns>Null when the claim is lost.</returns>
    private Task<Announcement?> AnnounceAsync(AssignmentClaim claim, Clearance clearance, Actor actor, CancellationToken ct) => databases.RunAsync(async db =>
    {
        var now = clock.Now();
        if (await Trio.LoadAsync(db, claim, now, ct) is not { } trio)
            return null;

        var assignment = trio.Assignment;
        var plan = trio.PlanAt(now, clearance);
        if (plan.Call == AssignmentIntent.None || Trio.MustWait(plan, clearance) || (plan.Call == AssignmentIntent.Delete && trio.HasNewcomerAt(now, clearance)))
            return new Announcement(AssignmentIntent.None, plan.Look, assignment, assignment.DescribedUntil);
        if (assignment.LooksFirst && clearance.First != FirstLook.Free)
            // What changed since the look is looked at in the next turn.
            return new Announcement(AssignmentIntent.None, false, assignment, null, clearance.First == FirstLook.Held);

        var trail = new AuditTrail(db, actor, now);
        foreach (var grant in plan.ToProvision.Where(g => g.State == GrantState.Scheduled))
        {
            grant.StartProvisioning();
            trail.GrantProvisioning(grant);
        }

        if (plan.Call == AssignmentIntent.Put && trio.NeedsRestoring(plan))
            foreach (var grant in plan.Needing.Where(g => g.State == GrantState.Active))
                trail.GrantRestored(grant, assignment.Observed);
        if (plan.Call == AssignmentIntent.Delete)
        {
            foreach (var grant in plan.ToEnd.Where(g => g.StartRevoking(now)))
                trail.GrantRevoking(grant);
            if (plan.ToEnd.Count == 0 && trio.NeedsSweeping && await trio.WitnessAsync(db, ct) is { } witness)
                trail.GrantSwept(witness);
        }

        if (assignment.LooksFirst)
            assignment.NoteFree(now);
        assignment.Announce(plan.Call, plan.WantedUntil, now);
        await db.SaveChangesAsync(ct);
        Publish(trio.Grants);
        return new Announcement(plan.Call, false, assignment, plan.WantedUntil);
    }, ct);

    /// <summary>Makes the announced call and reads back what it wrote; or only reads.</summary>
    private async Task<DriveOutcome> ActAsync(Announcement announced, Clearance clearance, CancellationToken ct)
    {
        var outcome = new DriveOutcome(announced.Call, clearance) { Written = announced.Held ? AssignmentObservation.HeldByAnother : null };
        if (announced.Call != AssignmentIntent.None)
        {
            try
            {
                outcome = await CallAsync(announced, outcome, ct);
            }
            catch (CloudCallException fault)
            {
                outcome = outcome with { Fault = fault };
            }

            steps.Reach(DriveStep.Called, announced.Row.Id, announced.Call);
        }

        if (announced.Look || outcome.Written is AssignmentObservation.Present or AssignmentObservation.Absent)
        {
            outcome = outcome with { Reading = await ReadAsync(announced, ct) };
            steps.Reach(DriveStep.ReadBack, announced.Row.Id, announced.Call);
        }

        return outcome;
    }

    private async Task<DriveOutcome> CallAsync(Announcement announced, DriveOutcome outcome, CancellationToken ct)
    {
        var row = announced.Row;
        if (announced.Call == AssignmentIntent.Delete)
            return outcome with { Written = AssignmentObservation.Absent, ProviderRequestId = await providers.For(row).DeleteAsync(row.Target, ct) };
        var until = announced.Until!.Value;
        var written = await providers.For(row).PutAsync(row.Target, until, ct);
        return written.Outcome switch
        {
            AssignmentWriteOutcome.Ours => outcome with { Written = AssignmentObservation.Present, DescribedUntil = until, ProviderRequestId = written.ProviderRequestId },
            AssignmentWriteOutcome.HeldByAnother => outcome with { Written = AssignmentObservation.HeldByAnother, ProviderRequestId = written.ProviderRequestId },
        };
    }

    private async Task<AssignmentReading> ReadAsync(Announcement announced, CancellationToken ct)
    {
        try
        {
            return await providers.For(announced.Row).ReadAsync(announced.Row.Target, announced.Until, ct);
        }
        catch (CloudCallException fault)
        {
            return new AssignmentReading(ReadingKind.Failed, fault);
        }
    }

    /// <summary>Saves what came of it, under the number that claimed the row and no other. Grants are judged by the plan as it is now: what changed during the call is looked at again at once.</summary>
    private async Task<Result<bool>> SettleAsync(PortalDb db, AssignmentClaim claim, DriveOutcome outcome, Actor actor, CancellationToken ct)
    {
        var now = clock.Now();
        if (await Trio.LoadAsync(db, claim, now, ct) is not { } trio)
        {
            await DoubtAsync(db, claim, outcome, now, ct);
            return false;
        }

        var settlement = new Settlement(trio, outcome, new AuditTrail(db, actor, now), now);
        await settlement.ApplyAsync(db, ct);
        var next = settlement.NextLook(jitter.NextDouble());
        trio.Assignment.Release(settlement.Plan.WantedUntil, next, next is { } due && trio.PlanAt(now, outcome.Clearance).EndsAt(due, trio.Grants));
        await db.SaveChangesAsync(ct);
        Measure(settlement.Touched, now);
        Publish(settlement.Touched);
        return true;
    }

    // A call got through after the claim was lost. Nobody may save its outcome, but whoever has the row now has to know that something may stand there.
    private static async Task DoubtAsync(PortalDb db, AssignmentClaim claim, DriveOutcome outcome, DateTimeOffset now, CancellationToken ct)
    {
        if (outcome.Call == AssignmentIntent.None || await db.DesiredAssignments.SingleOrDefaultAsync(a => a.Id == claim.AssignmentId, ct) is not { } row)
            return;
        row.Doubt(now, lateCall: true);
        await db.SaveChangesAsync(ct);
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

    /// <param name="Call">The call to make; none when there is nothing to call for.</param>
    /// <param name="Look">Whether to read what is there.</param>
    /// <param name="Row">The row as it was announced.</param>
    /// <param name="Until">The expiry that the description carries or will carry; null for what is to be absent.</param>
    /// <param name="Held">Whether a look showed, before anything was announced, that it is somebody else's.</param>
    private sealed record Announcement(AssignmentIntent Call, bool Look, DesiredAssignment Row, DateTimeOffset? Until, bool Held = false);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A call for assignment {AssignmentId} failed with {Code} and is tried again: {Text}")]
    private static partial void LogCallFailed(ILogger logger, Guid assignmentId, string code, string text);
}
