namespace Portal.Core.Grants.Reconciliation;

/// <summary>How a trio stands when what is seen of it is compared with what should be.</summary>
public enum TrioStanding
{
    /// <summary>As it should be, or none of the portal's business.</summary>
    InOrder,

    /// <summary>Something is under way or was written a moment ago: what is seen proves nothing yet.</summary>
    Unsettled,

    /// <summary>Not as it should be.</summary>
    Drifted,
}

/// <summary>What a comparison says of one trio.</summary>
/// <param name="Standing">How it stands.</param>
/// <param name="Kind">How it differs; only when it drifted.</param>
/// <param name="Action">What is to be done; only when it drifted.</param>
/// <param name="Code">One of <see cref="DriftCode"/>; only when it drifted.</param>
public sealed record TrioJudgement(TrioStanding Standing, DriftKind Kind = default, DriftAction Action = default, string Code = "")
{
    /// <summary>As it should be.</summary>
    public static TrioJudgement InOrder { get; } = new(TrioStanding.InOrder);

    /// <summary>Not to be judged yet.</summary>
    public static TrioJudgement Unsettled { get; } = new(TrioStanding.Unsettled);

    /// <summary>The assignment that the grant rests on is gone.</summary>
    public static TrioJudgement Missing { get; } = new(TrioStanding.Drifted, DriftKind.Missing, DriftAction.PutBack, DriftCode.AssignmentMissing);

    /// <summary>One of ours is there that nothing explains.</summary>
    public static TrioJudgement Unexpected { get; } = new(TrioStanding.Drifted, DriftKind.Unexpected, DriftAction.Removed, DriftCode.AssignmentUnexpected);

    /// <summary>Somebody else's is there where ours should be.</summary>
    public static TrioJudgement HeldByAnother { get; } = new(TrioStanding.Drifted, DriftKind.Unexpected, DriftAction.LeftAlone, DriftCode.HeldByAnother);

    /// <summary>Ours is there, with another description or a condition.</summary>
    public static TrioJudgement Altered { get; } = new(TrioStanding.Drifted, DriftKind.Altered, DriftAction.PutRight, DriftCode.AssignmentAltered);
}

/// <summary>Compares what is seen of one trio with what should be. Pure: no clock, no database, no call.</summary>
/// <remarks>
/// The cloud's lists may not show a new assignment for ten minutes, and may show a removed one for as long. So nothing is said about
/// a trio that the portal wrote within that time, unless the answer itself proves that it is younger than our own write.
/// </remarks>
public static class AssignmentComparison
{
    /// <summary>How long reads may lag behind writes. Azure documents 10 minutes for role assignments.</summary>
    public static readonly TimeSpan ReadLag = TimeSpan.FromMinutes(10);

    /// <summary>How far the provider's clock and ours may be apart before the portal stops granting.</summary>
    public static readonly TimeSpan ClockDoubt = TimeSpan.FromSeconds(5);

    /// <summary>Judges an assignment that is there.</summary>
    /// <param name="seen">The assignment.</param>
    /// <param name="row">The desired-state row of its trio; null when the portal has none.</param>
    /// <param name="grants">All grants of the trio that have not ended.</param>
    /// <param name="now">The instant.</param>
    public static TrioJudgement OfSeen(AssignmentSeen seen, DesiredAssignment? row, IReadOnlyCollection<Grant> grants, DateTimeOffset now)
    {
        var wantedUntil = WantedUntil(grants, now);
        var marked = AssignmentMark.IsOurs(seen.Description);
        if (!marked && wantedUntil is null)
            return TrioJudgement.InOrder;
        if (row is not null && (IsBusy(row, now) || (IsFresh(row, now) && !IsYounger(seen, row))))
            return TrioJudgement.Unsettled;
        if (wantedUntil is not { } until)
            return TrioJudgement.Unexpected;
        if (seen.Name != NameOf(seen))
            return row?.Observed == AssignmentObservation.HeldByAnother && grants.All(g => g.State != GrantState.Active || g.StandingAccess)
                ? TrioJudgement.InOrder
                : TrioJudgement.HeldByAnother;
        // Theirs, on which the grant rests, is gone, and an earlier call of ours that was given up for lost has arrived after all. Unseen it would outlive the grant.
        if (row?.Observed == AssignmentObservation.HeldByAnother)
            return TrioJudgement.Missing;
        return seen.Description == AssignmentMark.For(until) && seen.Condition is null ? TrioJudgement.InOrder : TrioJudgement.Altered;
    }

    /// <summary>Judges a trio of which nothing is there, neither ours nor anybody's, after all that is at its vault was seen.</summary>
    /// <param name="row">Its desired-state row.</param>
    /// <param name="grants">All grants of the trio that have not ended.</param>
    /// <param name="now">The instant.</param>
    public static TrioJudgement OfUnseen(DesiredAssignment row, IReadOnlyCollection<Grant> grants, DateTimeOffset now)
    {
        if (IsBusy(row, now) || IsFresh(row, now))
            return TrioJudgement.Unsettled;
        return WantedUntil(grants, now) is not null && row.Observed is AssignmentObservation.Present or AssignmentObservation.HeldByAnother
            ? TrioJudgement.Missing
            : TrioJudgement.InOrder;
    }

    /// <summary>The name that the portal gives to the assignment of a trio.</summary>
    public static Guid NameOf(AssignmentSeen seen) => AssignmentName.Of(seen.Scope, seen.PrincipalId, seen.RoleDefinitionId);

    private static DateTimeOffset? WantedUntil(IEnumerable<Grant> grants, DateTimeOffset now) =>
        grants.Where(g => g.NeedsRoleAt(now)).Select(g => (DateTimeOffset?)g.EndsAt).Max();

    // A worker holds it, a call is announced, or work is due: the engine looks by itself.
    private static bool IsBusy(DesiredAssignment row, DateTimeOffset now) =>
        row.LeaseUntil > now || row.Intent != AssignmentIntent.None || row.Observed == AssignmentObservation.Unknown || row.DueAt <= now;

    private static bool IsFresh(DesiredAssignment row, DateTimeOffset now) => row.WasWrittenWithin(ReadLag, now);

    // A late call that landed after ours, or somebody's hand: what a lagging list still shows is always older.
    private static bool IsYounger(AssignmentSeen seen, DesiredAssignment row) => seen.WrittenAt - row.WrittenAt > ClockDoubt;
}
