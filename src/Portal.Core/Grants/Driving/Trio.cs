using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants.Pauses;

namespace Portal.Core.Grants;

/// <summary>A claimed row with all grants of its trio that have not ended, as they are now.</summary>
/// <param name="Assignment">The row.</param>
/// <param name="Grants">The grants.</param>
internal sealed record Trio(DesiredAssignment Assignment, IReadOnlyCollection<Grant> Grants)
{
    /// <summary>Brings those of some claims into a unit of work, and has pauses hold what they cover.</summary>
    /// <param name="db">The unit of work.</param>
    /// <param name="claims">The claims, with the trio where it is known; the others are read.</param>
    /// <param name="now">The instant.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>By the row's id, whoever holds it by now (<see cref="IsHeldBy"/>); none for rows that are not there.</returns>
    public static async Task<IReadOnlyDictionary<Guid, Trio>> LoadAsync(PortalDb db, IReadOnlyCollection<(AssignmentClaim Claim, Trio? Known)> claims, DateTimeOffset now, CancellationToken ct)
    {
        var trios = new Dictionary<Guid, Trio>();
        foreach (var (claim, known) in claims)
        {
            if (known is null)
                continue;
            db.Attach(known.Assignment);
            db.AttachRange(known.Grants);
            trios.Add(claim.AssignmentId, known);
        }

        var ids = claims.Where(c => c.Known is null).Select(c => c.Claim.AssignmentId).Distinct().ToList();
        if (ids.Count > 0)
        {
            // As one parameter, so that the statement is the same for any number of them.
            var rows = await db.DesiredAssignments.Where(a => EF.Parameter(ids).Contains(a.Id)).ToListAsync(ct);
            var grants = (await db.Grants.Where(g => EF.Parameter(ids).Contains(g.AssignmentId) && g.State != GrantState.Ended).ToListAsync(ct)).ToLookup(g => g.AssignmentId);
            foreach (var row in rows)
                trios.TryAdd(row.Id, new Trio(row, [.. grants[row.Id]]));
        }

        var held = claims.Select(c => trios.TryGetValue(c.Claim.AssignmentId, out var trio) && trio.IsHeldBy(c.Claim) ? trio : null).OfType<Trio>();
        await PausesInForce.HoldAsync(db, held.SelectMany(t => t.Grants), now, ct);
        return trios;
    }

    /// <summary>Whether a claim still holds.</summary>
    public bool IsHeldBy(AssignmentClaim claim) => Assignment.Fence == claim.Fence;

    /// <summary>What has to happen now.</summary>
    public AssignmentPlan PlanAt(DateTimeOffset now, Clearance? clearance = null) => AssignmentPlan.For(Assignment, Grants, now, clearance);

    /// <summary>For whom all that granting rests on has to be looked at again: whoever waits for the role, or has lost it.</summary>
    public IReadOnlyList<Grant> ToClearAt(DateTimeOffset now)
    {
        var plan = PlanAt(now);
        // Also after a call to put it back that nobody knows the outcome of.
        return Assignment is { Observed: AssignmentObservation.Absent } or { Observed: AssignmentObservation.Unknown, DescribedUntil: null } ? plan.Needing : plan.ToProvision;
    }

    /// <summary>Whether an active grant needs what a read showed to be missing or altered.</summary>
    public bool NeedsRestoring(AssignmentPlan plan) => plan.Needing.Any(g => g.State == GrantState.Active)
        && (Assignment.Observed == AssignmentObservation.Absent || Assignment is { Observed: AssignmentObservation.Present, DescribedUntil: null });

    /// <summary>Whether a put now may take the place of somebody else's, on which an active grant rests: what was seen there is doubted, and nothing has been called for since. A try that failed before its call changes nothing about that.</summary>
    public bool TakesPlace => Assignment is { Observed: AssignmentObservation.Unknown, WrittenAt: not null } && Grants.Any(g => g is { State: GrantState.Active, StandingAccess: true });

    /// <summary>Whether it is looked what is there before anything is announced: where nothing tells what is the portal's, and where a schedule would take the place of somebody else's, which mostly is still there.</summary>
    public bool LooksFirst => Assignment.LooksFirst || (Assignment.Provider == GrantProvider.PimSchedule && TakesPlace);

    /// <summary>Whether, where nobody needs anything, a removal is to be recorded as a sweep: something of ours is there, an announced put may have made it so, or it was to be there until now. A removal that is only tried again has been recorded before.</summary>
    public bool NeedsSweeping => Assignment.Observed == AssignmentObservation.Present || Assignment.Intent == AssignmentIntent.Put
        || Assignment is { Observed: AssignmentObservation.Unknown, WantedUntil: not null };

    /// <summary>Whether to leave things as they are although nobody counts: only because it could not be asked whether somebody may have the role. To take it away then and give it back a moment later helps nobody.</summary>
    /// <param name="plan">What would happen.</param>
    /// <param name="clearance">Who was asked about.</param>
    /// <param name="now">The instant.</param>
    /// <param name="patience">For how long an end waits at most (<see cref="WaitsUntil"/>).</param>
    public bool MustWait(AssignmentPlan plan, Clearance clearance, DateTimeOffset now, TimeSpan patience) =>
        plan.Call == AssignmentIntent.Delete && now < WaitsUntil(plan, clearance, now, patience)
        && Grants.Any(g => g.NeedsRoleAt(now) && clearance.HeldBack.TryGetValue(g.Id, out var reason) && reason.IsTransient);

    /// <summary>Until when it is waited for an answer about whoever needs the role: they are approved for the same role of the same person, but nothing must hang on an answer that never comes.</summary>
    /// <remarks>With nobody to end, the role can only stand on the clearance of one who was looked at and whose call then failed. That is believed for as long as Azure may take to show what it did.</remarks>
    public DateTimeOffset WaitsUntil(AssignmentPlan plan, Clearance clearance, DateTimeOffset now, TimeSpan patience) =>
        plan.ToEnd.Count > 0 ? plan.ToEnd.Min(g => WaitsFrom(g, clearance, now)) + patience
        : Assignment.WantedUntil > now ? (Assignment.UnansweredSince is { } since && since < now ? since : clearance.AskedAt ?? now) + LookDelay.Propagation
        : now;

    // From the end itself, or from when the first question was asked that got no answer, where nobody was there to ask it before. Once the removal has been announced, from the end.
    private DateTimeOffset WaitsFrom(Grant ending, Clearance clearance, DateTimeOffset now)
    {
        // What failed before it does not say that anybody was there to ask when it came (DesiredAssignment.Fail counts anew from it).
        // By a clock that was set back since, it is not over yet: to wait from then could be as long as the step.
        if (ending.OverAt > now)
            return Assignment.UnansweredSince is { } unanswered && unanswered < now ? unanswered : clearance.AskedAt ?? now;
        var asked = Assignment.FailingSince is { } since && since < now && since >= ending.OverAt ? since : clearance.AskedAt ?? now;
        return ending.RevokingSince is null && asked > ending.OverAt ? asked : ending.OverAt;
    }

    /// <summary>Whether somebody needs the role by now who did not when it was looked at who may have it. Nothing is taken away from under them: the next turn, at once, looks at them too.</summary>
    public bool HasNewcomerAt(DateTimeOffset now, Clearance clearance) =>
        Grants.Any(g => g.NeedsRoleAt(now) && !clearance.Counts(g) && !clearance.HeldBack.ContainsKey(g.Id));

    /// <summary>The grant in whose name something is recorded that no grant needs: one that the portal is giving or taking, else the last that ended.</summary>
    /// <returns>Null when the trio never had a grant.</returns>
    public async Task<Grant?> WitnessAsync(PortalDb db, CancellationToken ct)
    {
        if (Grants.FirstOrDefault(g => g.State is GrantState.Provisioning or GrantState.Revoking) is { } concerned)
            return concerned;
        var ended = db.Grants.Where(g => g.PrincipalObjectId == Assignment.PrincipalObjectId && g.AssignmentId == Assignment.Id && g.State == GrantState.Ended);
        // In the words of an index that there is; grants by one membership can be for several vaults.
        if (Assignment.GroupId is null)
            ended = ended.Where(g => g.Scope == Assignment.Scope);
        return await ended.OrderByDescending(g => g.Id).FirstOrDefaultAsync(ct) ?? Grants.FirstOrDefault();
    }
}

/// <summary>What came of a turn's call and read.</summary>
/// <param name="Call">The call that was announced.</param>
/// <param name="Clearance">Who was cleared for it.</param>
internal sealed record DriveOutcome(AssignmentIntent Call, Clearance Clearance)
{
    /// <summary>What the provider confirmed; null when it confirmed nothing.</summary>
    public AssignmentObservation? Written { get; init; }

    /// <summary>The expiry that was written into the description; null where none was.</summary>
    public DateTimeOffset? DescribedUntil { get; init; }

    /// <summary>The provider's ids of the call, if it gave any.</summary>
    public ProviderCall ProviderCall { get; init; }

    /// <summary>What a read showed; null when nothing was read.</summary>
    public AssignmentReading? Reading { get; init; }

    /// <summary>Whether the provider answered a put that it was there before: then that call gave nothing.</summary>
    public bool WasThere { get; init; }

    /// <summary>Whether the clocks agreed.</summary>
    public bool TimeIsCertain { get; init; } = true;

    /// <summary>Why the call did not go through; null when it did, or there was none.</summary>
    public CloudCallException? Fault { get; init; }

    /// <summary>When the call was announced; null without one.</summary>
    public DateTimeOffset? AnnouncedAt { get; init; }

    /// <summary>When a call was announced that may have given access that was not there before; null when it has not.</summary>
    public DateTimeOffset? PutAt => MayHavePut ? AnnouncedAt : null;

    private bool MayHavePut => Call == AssignmentIntent.Put && !WasThere && Written != AssignmentObservation.HeldByAnother && Fault?.IsCertainlyUndone != true;

    /// <summary>All that went wrong.</summary>
    public IEnumerable<CloudCallException> Faults => [.. Clearance.HeldBack.Values, .. Fault is null ? [] : (CloudCallException[])[Fault], .. Reading?.Fault is { } unread ? (CloudCallException[])[unread] : []];
}
