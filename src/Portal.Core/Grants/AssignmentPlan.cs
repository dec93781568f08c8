namespace Portal.Core.Grants;

/// <summary>What has to happen to one trio at one instant so that what is there becomes what should be there. Pure: no clock, no database, no call.</summary>
/// <param name="Call">The call to make, if any.</param>
/// <param name="WantedUntil">Until when the assignment is to be there; null for absent.</param>
/// <param name="ToProvision">Grants whose role is to be given by the call, or that become active without one.</param>
/// <param name="ToEnd">Grants that are over.</param>
/// <param name="NextChange">When time itself will next change the answer; null for never.</param>
public sealed record AssignmentPlan(
    AssignmentIntent Call,
    DateTimeOffset? WantedUntil,
    IReadOnlyList<Grant> ToProvision,
    IReadOnlyList<Grant> ToEnd,
    DateTimeOffset? NextChange)
{
    /// <summary>Makes the plan.</summary>
    /// <param name="assignment">The desired-state row.</param>
    /// <param name="grants">All grants of the trio that have not ended.</param>
    /// <param name="now">The instant.</param>
    public static AssignmentPlan For(DesiredAssignment assignment, IReadOnlyCollection<Grant> grants, DateTimeOffset now)
    {
        var needing = grants.Where(g => g.NeedsRoleAt(now)).ToList();
        var toEnd = grants.Where(g => g.IsToEndAt(now)).ToList();
        var toProvision = needing.Where(g => g.State != GrantState.Active).ToList();
        DateTimeOffset? wantedUntil = needing.Count > 0 ? needing.Max(g => g.EndsAt) : null;
        return new AssignmentPlan(CallFor(assignment, wantedUntil, toProvision.Count > 0), wantedUntil, toProvision, toEnd, NextChangeOf(grants, now));
    }

    private static AssignmentIntent CallFor(DesiredAssignment assignment, DateTimeOffset? wantedUntil, bool somebodyWaits) => (assignment.Observed, wantedUntil) switch
    {
        (AssignmentObservation.Absent, null) => AssignmentIntent.None,
        (AssignmentObservation.HeldByAnother, null) => AssignmentIntent.None,
        (AssignmentObservation.Present or AssignmentObservation.Unknown, null) => AssignmentIntent.Delete,
        (AssignmentObservation.Present, { } until) => assignment.DescribedUntil == until ? AssignmentIntent.None : AssignmentIntent.Put,
        // The other assignment may be gone by now: whoever waits for access gets a fresh look.
        (AssignmentObservation.HeldByAnother, _) => somebodyWaits ? AssignmentIntent.Put : AssignmentIntent.None,
        (AssignmentObservation.Absent or AssignmentObservation.Unknown, _) => AssignmentIntent.Put,
        (var unforeseen, _) => throw new InvalidOperationException($"Unforeseen observation {unforeseen}."),
    };

    private static DateTimeOffset? NextChangeOf(IEnumerable<Grant> grants, DateTimeOffset now)
    {
        DateTimeOffset? next = null;
        foreach (var grant in grants.Where(g => g.IsLive))
        {
            var change = grant.StartsAt > now ? grant.StartsAt : grant.EndsAt;
            if (change > now && (next is null || change < next))
                next = change;
        }

        return next;
    }
}
