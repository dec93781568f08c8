namespace Portal.Reliability.Judging;

/// <summary>What was approved, as whoever approved it knows it: the portal's database is not asked.</summary>
/// <remarks>An approval and a wish to end take effect somewhere between the call and its answer, so each is two instants: before the first nothing may rest on it, after the second everything must.</remarks>
internal sealed class Promise
{
    public required Guid GrantId { get; init; }

    public required Guid RequestId { get; init; }

    public required Trio Trio { get; init; }

    /// <summary>When the approval was sent.</summary>
    public required DateTimeOffset ApprovedFrom { get; init; }

    /// <summary>When the approval was answered.</summary>
    public required DateTimeOffset ApprovedBy { get; init; }

    public required DateTimeOffset StartsAt { get; init; }

    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>When somebody's wish to end it was sent; null when nobody wished it.</summary>
    public DateTimeOffset? EndAskedFrom { get; set; }

    /// <summary>When that wish was answered.</summary>
    public DateTimeOffset? EndAskedBy { get; set; }

    /// <summary>While the role has to be there, without any doubt.</summary>
    public Span Certain => new(Later(StartsAt, ApprovedBy), Earlier(EndsAt, EndAskedFrom));

    /// <summary>While the role may rightly be there.</summary>
    public Span Possible => new(Later(StartsAt, ApprovedFrom), Earlier(EndsAt, EndAskedFrom is null ? null : EndAskedBy ?? DateTimeOffset.MaxValue));

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset? other) => other is { } o && o < one ? o : one;
}

/// <summary>What the cloud keeps unique: one person, one role, one scope.</summary>
/// <param name="PersonId">The person's object id.</param>
/// <param name="PersonName">Their name.</param>
/// <param name="Scope">The secret's ARM id.</param>
/// <param name="SecretName">The secret.</param>
/// <param name="Name">The name that the assignment has in the cloud.</param>
internal sealed record Trio(Guid PersonId, string PersonName, string Scope, string SecretName, Guid Name)
{
    public override string ToString() => $"{PersonName} at {SecretName}";
}
