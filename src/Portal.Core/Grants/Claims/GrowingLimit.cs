namespace Portal.Core.Grants.Claims;

/// <summary>How long an answer of the database is waited for: after each time without one twice as long, so that a database that is only slow is waited for. One for each use: that reads are quick says nothing of saves. Safe for several threads.</summary>
/// <param name="least">How long at first, and again once an answer came within that.</param>
/// <param name="most">How long at most; no less than <paramref name="least"/>.</param>
public sealed class GrowingLimit(TimeSpan least, TimeSpan most)
{
    private long _now = least.Ticks;

    /// <summary>The limit of whoever asks now.</summary>
    public TimeSpan Now => new(Volatile.Read(ref _now));

    /// <summary>There was an answer.</summary>
    /// <param name="after">How long it took.</param>
    public void Answered(TimeSpan after)
    {
        if (after < least)
            Volatile.Write(ref _now, least.Ticks);
    }

    /// <summary>There was none within a limit. Several that hang at once have met the same, and count once.</summary>
    /// <param name="limit">The limit that they had.</param>
    public void Unanswered(TimeSpan limit)
    {
        var next = Math.Max(least.Ticks, Math.Min((limit * 2).Ticks, most.Ticks));
        if (next > Volatile.Read(ref _now))
            Volatile.Write(ref _now, next);
    }
}
