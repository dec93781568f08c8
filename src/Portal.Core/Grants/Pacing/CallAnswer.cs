namespace Portal.Core.Grants.Pacing;

/// <summary>The kinds of calls that Resource Manager counts apart.</summary>
public enum CallKind
{
    /// <summary>GET.</summary>
    Read,

    /// <summary>PUT, POST and PATCH.</summary>
    Write,

    /// <summary>DELETE.</summary>
    Delete,
}

/// <summary>What an answer of Resource Manager says about how many more calls it takes.</summary>
/// <param name="SubscriptionId">The subscription that the call counted against.</param>
/// <param name="Kind">What kind of call it was.</param>
/// <param name="Throttled">True for a 429.</param>
/// <param name="Remaining">Calls of this kind that are left (<c>x-ms-ratelimit-remaining-subscription-…</c>); null when it does not say.</param>
/// <param name="RetryAfter">How long it asks to wait, from zero; null when it does not say.</param>
public sealed record CallAnswer(string SubscriptionId, CallKind Kind, bool Throttled, int? Remaining, TimeSpan? RetryAfter)
{
    /// <summary>The call's place among those of its kind, as <see cref="CallPacing.EnterAsync"/> gave it; null when it is not known.</summary>
    public long? Place { get; init; }
}

/// <summary>How one subscription stands with Resource Manager, for operators.</summary>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="Silent">True when the last calls got no answer at all.</param>
/// <param name="Reads">Reads.</param>
/// <param name="Writes">Writes: giving access.</param>
/// <param name="Deletes">Deletes: taking access away.</param>
public sealed record SubscriptionPace(string SubscriptionId, bool Silent, KindPace Reads, KindPace Writes, KindPace Deletes);

/// <summary>One token bucket, for operators.</summary>
/// <param name="TokensLeft">Calls that may be sent at once, from 0; as far as this instance knows.</param>
/// <param name="Capacity">The most there can be.</param>
/// <param name="PausedUntil">Until when Resource Manager asked for no calls of this kind, on this machine's clock; null when it did not, or when that is over.</param>
/// <param name="LastThrottledAt">When the last 429 came, on this machine's clock; null when none did since the start.</param>
public sealed record KindPace(int TokensLeft, int Capacity, DateTimeOffset? PausedUntil, DateTimeOffset? LastThrottledAt);
