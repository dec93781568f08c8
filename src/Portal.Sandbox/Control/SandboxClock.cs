namespace Portal.Sandbox.Control;

/// <summary>Runs with the real time and can be moved forward. Timers and timestamps are the real clock's.</summary>
public sealed class SandboxClock : TimeProvider
{
    private long _aheadTicks;

    /// <summary>How far this clock is ahead of the real one; never negative.</summary>
    public TimeSpan Ahead => TimeSpan.FromTicks(Interlocked.Read(ref _aheadTicks));

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;

    /// <summary>Moves the clock forward.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative: cloud time does not go back.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        Interlocked.Add(ref _aheadTicks, by.Ticks);
    }
}
