namespace Portal.Core.Grants.Pacing;

/// <summary>One of Resource Manager's token buckets as seen from here: what is thought to be left in it, and until when it must be left alone. Counts by the monotonic timer; not safe for several threads.</summary>
internal sealed class TokenBucket(TimeProvider clock, int capacity, double perSecond)
{
    // A provider that asks for more is asked again: no single answer may keep a revocation back for a day.
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestOwnPause = TimeSpan.FromMinutes(1);

    private double _tokens = capacity;
    private long _countedAt = clock.GetTimestamp();
    private long _pausedAt;
    private TimeSpan _pause;
    private int _onTheWay;
    private int _refusals;
    private long _sent;
    private long _newest;
    private double _heard = double.PositiveInfinity;
    private long _heardAt = clock.GetTimestamp();

    /// <summary>When the last 429 came; null when none did.</summary>
    public DateTimeOffset? LastThrottledAt { get; private set; }

    /// <summary>How many calls may be sent now.</summary>
    public int Room
    {
        get
        {
            Refill();
            return PauseLeft > TimeSpan.Zero ? 0 : (int)Math.Max(0, _tokens);
        }
    }

    private TimeSpan PauseLeft => _pause - clock.GetElapsedTime(_pausedAt) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>How long to wait for the next call that leaves so many others behind; zero when it may go now.</summary>
    public TimeSpan WaitFor(int kept)
    {
        Refill();
        var forToken = _tokens >= 1 + kept ? TimeSpan.Zero : TimeSpan.FromSeconds((1 + kept - _tokens) / perSecond);
        return forToken > PauseLeft ? forToken : PauseLeft;
    }

    /// <summary>A call goes out.</summary>
    /// <returns>Its place in the order of all that went out, from 1.</returns>
    public long Send()
    {
        Refill();
        _tokens--;
        _onTheWay++;
        return ++_sent;
    }

    /// <summary>A call came back without an answer.</summary>
    public void Lose() => _onTheWay = Math.Max(0, _onTheWay - 1);

    /// <summary>A call was answered.</summary>
    public void Learn(CallAnswer answer)
    {
        Refill();
        Lose();
        if (answer.Throttled)
        {
            // Calling early makes the wait longer; a bucket that does not say how long is given time by doubling.
            var wait = answer.RetryAfter ?? TimeSpan.FromSeconds(Math.Min(Math.Pow(2, Math.Min(_refusals, 10)), LongestOwnPause.TotalSeconds));
            wait = wait > LongestPause ? LongestPause : wait;
            if (wait > PauseLeft)
                (_pause, _pausedAt) = (wait, clock.GetTimestamp());
            _tokens = Math.Min(_tokens, 0);
            _refusals++;
            LastThrottledAt = clock.Now();
            return;
        }

        _refusals = 0;
        // The provider's own count, less what is on its way there: right whoever else calls under the same name.
        if (answer.Remaining is not { } remaining)
            return;
        var left = Math.Min(capacity, (double)remaining - _onTheWay);
        // An answer that was overtaken does not know what was taken since: it can only lower what is known. It is one to an earlier call,
        // or, since calls change places on their way, one that has more left than can have come back since the last.
        var mostLeft = _heard + (clock.GetElapsedTime(_heardAt).TotalSeconds * perSecond);
        var overtaken = answer.Place < _newest || remaining > mostLeft;
        _tokens = overtaken ? Math.Min(_tokens, left) : left;
        _newest = Math.Max(_newest, answer.Place ?? 0);
        if (!overtaken)
            (_heard, _heardAt) = (remaining, clock.GetTimestamp());
    }

    /// <summary>What operators see of it.</summary>
    public KindPace Show() => new(Room, capacity, PauseLeft is var left && left > TimeSpan.Zero ? clock.Now() + left : null, LastThrottledAt);

    private void Refill()
    {
        var now = clock.GetTimestamp();
        _tokens = Math.Min(capacity, _tokens + (clock.GetElapsedTime(_countedAt, now).TotalSeconds * perSecond));
        _countedAt = now;
    }
}
