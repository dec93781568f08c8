using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Grants.Claims;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>Drives one trio from what is there to what should be there: plan, check, announce, call, read back, save the outcome. The same loop gives, updates, expires, revokes, looks again and puts right.</summary>
public sealed partial class DriveAssignment(
    SharedSaves saves,
    GrantProviders providers,
    GrantPreconditions preconditions,
    DriveSteps steps,
    ClockWatch clock,
    ChangeFeed changes,
    LeftToOthers leftToOthers,
    LateCalls late,
    GrantPace pace,
    Random jitter,
    ILogger<DriveAssignment> logger)
{
    // For so many leases what was asked is good to give by: longer than an answer is waited for.
    private const int LeasesGood = 3;

    /// <summary>Drives a claimed row.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="actor">Who acts.</param>
    /// <param name="ct">Cancelled when the claim is lost, or the worker halts: what is under way is given up.</param>
    /// <returns>True when an outcome was saved; false when the claim was lost meanwhile and somebody else goes on.</returns>
    public async Task<Result<bool>> ExecuteAsync(AssignmentClaim claim, Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        using var activity = PortalTelemetry.Activities.StartActivity("drive assignment");
        activity?.SetTag("portal.assignment", claim.AssignmentId);
        steps.Reach(DriveStep.Claimed, claim.AssignmentId, AssignmentIntent.None);
        var announced = await AnnounceAsync(claim, null, null, actor, ct);
        var clearance = Clearance.Nothing;
        for (var again = false; announced is { ClearsFirst: true }; again = true)
        {
            clearance = await ClearAsync(announced.Trio, ct);
            // What takes as long a second time is slow, and nobody stood still.
            var asOf = again ? clock.Now() : clearance.AskedAt;
            steps.Reach(DriveStep.Checked, claim.AssignmentId, AssignmentIntent.None);
            announced = await AnnounceAsync(claim, clearance, asOf, actor, ct);
        }

        if (announced is null)
            return false;
        if (announced.Call != AssignmentIntent.None)
            steps.Reach(DriveStep.Announced, claim.AssignmentId, announced.Call);

        // Given up before its call is made, a turn has nothing to tell.
        ct.ThrowIfCancellationRequested();
        DriveOutcome? outcome = null;
        Settled? settled;
        try
        {
            // What the call was answered is known from here on, whatever becomes of the rest of the turn.
            outcome = await ActAsync(announced, clearance, ct);
            outcome = await ReadBackAsync(announced, outcome, ct);
            settled = await FollowAsync(claim, announced, outcome, activity, actor, ct);
        }
        catch (Exception) when (announced.Call != AssignmentIntent.None)
        {
            await late.TellAsync(claim, outcome is not null ? outcome.PutAt : announced.Call == AssignmentIntent.Put ? announced.At : null);
            throw;
        }

        if (settled is null)
            return false;
        Measure(settled);
        Publish(settled.Grants);
        return true;
    }

    /// <summary>Saves what came of the announced call.</summary>
    /// <returns>Null when the claim is lost.</returns>
    private async Task<Settled?> FollowAsync(AssignmentClaim claim, Announcement announced, DriveOutcome outcome, Activity? activity, Actor actor, CancellationToken ct)
    {
        // One database, asked for each grant of the trio; and no call to the cloud.
        var unread = outcome.Faults.FirstOrDefault(fault => fault.Code == AttentionCode.DatabaseUnread);
        if (unread is not null)
        {
            LogDatabaseUnread(logger, unread.InnerException, claim.AssignmentId);
            activity?.SetStatus(ActivityStatusCode.Error, unread.Code);
        }

        foreach (var fault in outcome.Faults.Where(fault => fault.Code != AttentionCode.DatabaseUnread))
        {
            LogCallFailed(logger, claim.AssignmentId, fault.Code, fault.Message);
            PortalTelemetry.FailedCalls.Add(1, new KeyValuePair<string, object?>("code", fault.Code));
            activity?.SetStatus(ActivityStatusCode.Error, fault.Code);
        }

        steps.Reach(DriveStep.Settling, claim.AssignmentId, announced.Call);
        var settled = await saves.RunAsync(claim, announced.Trio, at => SettleAsync(at, outcome, actor), ct);
        steps.Reach(DriveStep.Settled, claim.AssignmentId, announced.Call);
        // What is due at once is due for another reason than the call that got no answer.
        if (settled is not null)
            leftToOthers.Note(claim.AssignmentId, answered: settled.DueAt <= settled.At || outcome.Faults.All(fault => fault.Code != AttentionCode.NoAnswer), settled.DueAt);
        return settled;
    }

    /// <summary>Looks again at all that granting rests on, for whoever waits for the role or has lost it.</summary>
    private async Task<Clearance> ClearAsync(Trio trio, CancellationToken ct)
    {
        var asked = clock.Now();
        var giving = trio.ToClearAt(asked);
        // Whose time is over waits for the answers about others, and not for however long those take. Who has the role, or may have it by a call without an answer, may come to that while the question lasts.
        TimeSpan? patience = trio.PlanAt(asked).ToEnd.Count > 0 || trio.Grants.Any(g => g.State is GrantState.Provisioning or GrantState.Active) ? 2 * pace.Lease : null;
        var clearance = (giving.Count == 0 ? Clearance.Nothing : await preconditions.ClearAsync(giving, patience, ct)) with { AskedAt = asked };
        return trio.LooksFirst ? await providers.For(trio.Assignment).LookFirstAsync(trio, clearance, clock.Now(), ct) : clearance;
    }

    /// <summary>Saves, before the call, that it will be made, with the events that say so. Without this record there is no call.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="clearance">Who may be given the role; null while nobody was asked, and then only what needs no asking is announced. Taking back asks nobody.</param>
    /// <param name="asOf">As of when that was known; null while nobody was asked.</param>
    /// <param name="actor">Who acts.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when the claim is lost.</returns>
    private async Task<Announcement?> AnnounceAsync(AssignmentClaim claim, Clearance? clearance, DateTimeOffset? asOf, Actor actor, CancellationToken ct)
    {
        var announced = await saves.RunAsync(claim, null, at => AnnounceAsync(at, clearance, asOf, actor), ct);
        if (announced is { Call: not AssignmentIntent.None })
            Publish(announced.Trio.Grants);
        return announced;
    }

    private async Task<Announcement?> AnnounceAsync(TrioAtWork at, Clearance? clearance, DateTimeOffset? asOf, Actor actor)
    {
        if (at.Trio is not { } trio)
            return null;
        var (assignment, now) = (trio.Assignment, at.Now);
        if (clearance is null && (trio.LooksFirst || trio.ToClearAt(now).Count > 0))
            return new Announcement(AssignmentIntent.None, false, trio, null) { ClearsFirst = true };
        clearance ??= Clearance.Nothing;
        var plan = trio.PlanAt(now, clearance);
        // This process stood still since it asked: what was so then may not be so any more, and nothing is given on it.
        if (now - asOf > pace.Lease * LeasesGood && (plan.Call == AssignmentIntent.Put || plan.ToProvision.Count > 0))
            return new Announcement(AssignmentIntent.None, false, trio, null) { ClearsFirst = true };
        if (plan.Call == AssignmentIntent.None || trio.MustWait(plan, clearance, now, pace.Lease) || (plan.Call == AssignmentIntent.Delete && trio.HasNewcomerAt(now, clearance)))
            return new Announcement(AssignmentIntent.None, plan.Look, trio, assignment.DescribedUntil);
        if (trio.LooksFirst && (plan.Call == AssignmentIntent.Delete ? assignment.LooksFirst : clearance.First != FirstLook.Free))
            // Before a first call nothing that carries no mark is the portal's to take, whatever the look showed, or if nobody could look. What else changed since is looked at in the next turn.
            return new Announcement(AssignmentIntent.None, false, trio, null) { Held = clearance.First == FirstLook.Held || plan.Call == AssignmentIntent.Delete };

        var trail = new AuditTrail(at.Db, actor, now);
        foreach (var grant in plan.ToProvision.Where(g => g.State == GrantState.Scheduled))
        {
            grant.StartProvisioning();
            trail.GrantProvisioning(grant);
        }

        // What an active grant rested on was somebody else's, and is gone, or may be.
        if (plan.Call == AssignmentIntent.Put && (trio.NeedsRestoring(plan) || trio.TakesPlace))
            foreach (var grant in plan.Needing.Where(g => g.State == GrantState.Active))
                // Of a role assignment only the call itself tells whether somebody else's is still there.
                trail.GrantRestored(grant, clearance.First == FirstLook.Free ? AssignmentObservation.Absent : assignment.Observed);
        var begins = false;
        if (plan.Call == AssignmentIntent.Delete)
        {
            foreach (var grant in plan.ToEnd.Where(g => g.StartRevoking(now)))
            {
                trail.GrantRevoking(grant);
                begins = true;
            }

            if (plan.ToEnd.Count == 0 && trio.NeedsSweeping && await trio.WitnessAsync(at.Db, at.Ct) is { } witness)
                trail.GrantSwept(witness);
        }

        if (assignment.LooksFirst)
            assignment.NoteFree(now);
        assignment.Announce(plan.Call, plan.WantedUntil, now, begins);
        return new Announcement(plan.Call, false, trio, plan.WantedUntil) { At = now };
    }

    /// <summary>Makes the announced call, if there is one.</summary>
    private async Task<DriveOutcome> ActAsync(Announcement announced, Clearance clearance, CancellationToken ct)
    {
        if (announced.Call == AssignmentIntent.Delete)
            TakingBack.Begin();
        var outcome = new DriveOutcome(announced.Call, clearance) { Written = announced.Held ? AssignmentObservation.HeldByAnother : null, AnnouncedAt = announced.At };
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
        }

        return outcome;
    }

    /// <summary>Reads back what the call wrote; or only reads.</summary>
    private async Task<DriveOutcome> ReadBackAsync(Announcement announced, DriveOutcome outcome, CancellationToken ct)
    {
        if (announced.Call != AssignmentIntent.None)
            steps.Reach(DriveStep.Called, announced.Row.Id, announced.Call);
        if (announced.Look || outcome.Written is AssignmentObservation.Present or AssignmentObservation.Absent)
        {
            outcome = outcome with { Reading = await ReadAsync(announced, ct), TimeIsCertain = clock.Skew() is null };
            steps.Reach(DriveStep.ReadBack, announced.Row.Id, announced.Call);
        }

        return outcome;
    }

    private async Task<DriveOutcome> CallAsync(Announcement announced, DriveOutcome outcome, CancellationToken ct)
    {
        var row = announced.Row;
        if (announced.Call == AssignmentIntent.Delete)
            return outcome with { Written = AssignmentObservation.Absent, ProviderCall = await providers.For(row).DeleteAsync(row.Target, ct) };
        var until = announced.Until!.Value;
        var written = await providers.For(row).PutAsync(row.Target, until, ct);
        return written.Outcome switch
        {
            AssignmentWriteOutcome.Ours => outcome with { Written = AssignmentObservation.Present, DescribedUntil = until, ProviderCall = written.Call },
            AssignmentWriteOutcome.AlreadyThere => outcome with { Written = row.IsFirstPut ? AssignmentObservation.HeldByAnother : AssignmentObservation.Present, WasThere = true, DescribedUntil = until, ProviderCall = written.Call },
            AssignmentWriteOutcome.HeldByAnother => outcome with { Written = AssignmentObservation.HeldByAnother, ProviderCall = written.Call },
        };
    }

    private async Task<AssignmentReading> ReadAsync(Announcement announced, CancellationToken ct)
    {
        if (announced.Call == AssignmentIntent.Delete)
            TakingBack.Begin();
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
    /// <returns>Null when the claim is lost.</returns>
    private async Task<Settled?> SettleAsync(TrioAtWork at, DriveOutcome outcome, Actor actor)
    {
        if (at.Trio is not { } trio)
        {
            // A call got through after the claim was lost. Nobody may save its outcome, but whoever has the row now has to know that something may stand there.
            if (outcome.Call != AssignmentIntent.None)
                LateCalls.Doubt(at, outcome.PutAt);
            return null;
        }

        var settlement = new Settlement(trio, outcome, new AuditTrail(at.Db, actor, at.Now), at.Now, pace.Lease);
        await settlement.ApplyAsync(at.Db, at.Ct);
        var next = settlement.NextLook(jitter.NextDouble());
        trio.Assignment.Release(settlement.WantedUntil, next, next is { } due && trio.PlanAt(at.Now, outcome.Clearance).EndsAt(due, trio.Grants));
        return new Settled([.. settlement.Touched], at.Now, next);
    }

    private static void Measure(Settled settled)
    {
        foreach (var grant in settled.Grants)
        {
            if (grant.ActivatedAt == settled.At)
                PortalTelemetry.ActivationLag.Record((settled.At - grant.StartsAt).TotalSeconds);
            if (grant.EndedAt == settled.At)
                PortalTelemetry.EndLag.Record((settled.At - (grant.EndRequestedAt ?? grant.EndsAt)).TotalSeconds, new KeyValuePair<string, object?>("ending", grant.Ending.ToString()));
            if (grant.AttentionSince == settled.At)
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
    /// <param name="Trio">The trio as it was saved.</param>
    /// <param name="Until">The expiry that the description carries or will carry; null for what is to be absent.</param>
    private sealed record Announcement(AssignmentIntent Call, bool Look, Trio Trio, DateTimeOffset? Until)
    {
        /// <summary>When the call was announced; null without one.</summary>
        public DateTimeOffset? At { get; init; }

        /// <summary>Whether somebody has to be cleared before anything can be announced; anew where that was too long ago.</summary>
        public bool ClearsFirst { get; init; }

        /// <summary>Whether a look showed, before anything was announced, that it is somebody else's.</summary>
        public bool Held { get; init; }

        public DesiredAssignment Row => Trio.Assignment;
    }

    /// <param name="Grants">The grants that may have changed.</param>
    /// <param name="At">When.</param>
    /// <param name="DueAt">When the row is due next; null for not at all.</param>
    private sealed record Settled(IReadOnlyList<Grant> Grants, DateTimeOffset At, DateTimeOffset? DueAt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A call for assignment {AssignmentId} failed with {Code} and is tried again: {Text}")]
    private static partial void LogCallFailed(ILogger logger, Guid assignmentId, string code, string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What giving assignment {AssignmentId} rests on could not be read from the database; it is not given, and asked again")]
    private static partial void LogDatabaseUnread(ILogger logger, Exception? fault, Guid assignmentId);
}
