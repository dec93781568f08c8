namespace Portal.Core.Grants;

/// <summary>What has to happen to one trio at one instant so that what is there becomes what should be there. Pure: no clock, no database, no call.</summary>
/// <param name="Call">The call to make, if any.</param>
/// <param name="Look">Whether to read what is there; never together with a call, after which it is read anyway.</param>
/// <param name="WantedUntil">Until when the assignment is to be there; null for absent.</param>
/// <param name="Needing">Grants that need the role now.</param>
/// <param name="ToEnd">Grants that are over.</param>
/// <param name="NextChange">When time itself will next change the answer; null for never.</param>
public sealed record AssignmentPlan(
    AssignmentIntent Call,
    bool Look,
    DateTimeOffset? WantedUntil,
    IReadOnlyList<Grant> Needing,
    IReadOnlyList<Grant> ToEnd,
    DateTimeOffset? NextChange)
{
    /// <summary>Whether there is nothing to do at this instant.</summary>
    public bool IsAtRest => Call == AssignmentIntent.None && !Look && ToProvision.Count == 0 && ToEnd.Count == 0;

    /// <summary>Whether what may be there stays for somebody who has the role and is only held back: it is still to be there until then.</summary>
    public bool Stays { get; private init; }

    /// <summary>Grants whose role is to be given by the call, or that become active without one.</summary>
    public IReadOnlyList<Grant> ToProvision { get; } = [.. Needing.Where(g => g.State != GrantState.Active)];

    /// <summary>Makes the plan.</summary>
    /// <param name="assignment">The desired-state row.</param>
    /// <param name="grants">All grants of the trio that have not ended.</param>
    /// <param name="now">The instant.</param>
    /// <param name="clearance">Who may be given the role; null for everyone. A grant that may not counts for nothing: nothing is given, and nothing kept, on its account.</param>
    public static AssignmentPlan For(DesiredAssignment assignment, IReadOnlyCollection<Grant> grants, DateTimeOffset now, Clearance? clearance = null)
    {
        var needing = grants.Where(g => g.NeedsRoleAt(now) && clearance?.Counts(g) != false).ToList();
        var toEnd = grants.Where(g => g.IsToEndAt(now)).ToList();
        DateTimeOffset? wantedUntil = needing.Count > 0 ? needing.Max(g => g.EndsAt) : null;
        var call = CallFor(assignment, wantedUntil, needing.Exists(g => g.State != GrantState.Active), toEnd.Count > 0, now);
        var stays = false;
        // Who has the role and may only not be given it again now, loses nothing of it that may be there.
        if (call == AssignmentIntent.Delete && (assignment.Observed == AssignmentObservation.Unknown || assignment.MayBeThere) && clearance is not null && grants.Any(g => g.State == GrantState.Active && g.NeedsRoleAt(now) && clearance.HeldBack.ContainsKey(g.Id)))
            (call, stays) = (AssignmentIntent.None, true);
        // A read says nothing of what is unknown, or somebody else's: there is nothing that it could confirm. The next call does.
        var readable = call == AssignmentIntent.None && assignment.Observed is (AssignmentObservation.Present or AssignmentObservation.Absent);
        var look = readable && assignment.LookDueAt <= now;
        var next = NextChangeOf(grants, now);
        if (readable && !look)
            next = Earlier(next, Earlier(assignment.LookDueAt, assignment.WriteAgainAt));
        return new AssignmentPlan(call, look, wantedUntil, needing, toEnd, next) { Stays = stays };
    }

    /// <summary>Whether what is due at an instant may take access away; false when it can only give it, or look.</summary>
    /// <param name="due">When the trio is worked on next.</param>
    /// <param name="grants">All grants of the trio that have not ended.</param>
    public bool EndsAt(DateTimeOffset due, IReadOnlyCollection<Grant> grants) =>
        Call == AssignmentIntent.Delete || ToEnd.Count > 0 || grants.Any(g => g.IsLive && g.EndsAt <= due);

    private static AssignmentIntent CallFor(DesiredAssignment assignment, DateTimeOffset? wantedUntil, bool somebodyWaits, bool somebodyEnds, DateTimeOffset now)
    {
        var unseenTooLong = assignment.WriteAgainAt <= now;
        return (assignment.Observed, wantedUntil) switch
        {
            (AssignmentObservation.Absent, null) => unseenTooLong || (somebodyEnds && assignment.MayBeThere) ? AssignmentIntent.Delete : AssignmentIntent.None,
            (AssignmentObservation.HeldByAnother, null) => AssignmentIntent.None,
            (AssignmentObservation.Present or AssignmentObservation.Unknown, null) => AssignmentIntent.Delete,
            (AssignmentObservation.Present, { } until) => assignment.DescribedUntil != until || unseenTooLong ? AssignmentIntent.Put : AssignmentIntent.None,
            // The other assignment may be gone by now: whoever waits for access gets a fresh look.
            (AssignmentObservation.HeldByAnother, _) => somebodyWaits ? AssignmentIntent.Put : AssignmentIntent.None,
            (AssignmentObservation.Absent or AssignmentObservation.Unknown, _) => AssignmentIntent.Put,
            (var unforeseen, _) => throw new InvalidOperationException($"Unforeseen observation {unforeseen}."),
        };
    }

    private static DateTimeOffset? NextChangeOf(IEnumerable<Grant> grants, DateTimeOffset now)
    {
        DateTimeOffset? next = null;
        foreach (var grant in grants.Where(g => g.IsLive))
        {
            var change = grant.StartsAt > now ? grant.StartsAt : grant.EndsAt;
            if (change > now)
                next = Earlier(next, change);
        }

        return next;
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;
}
