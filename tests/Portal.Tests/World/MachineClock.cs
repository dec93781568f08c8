namespace Portal.Tests.World;

/// <summary>The wall clock of the machine that the portal runs on: right until somebody sets it. Its timers go with the true time.</summary>
public sealed class MachineClock(TimeProvider truth) : TimeProvider
{
    /// <summary>The machine's time minus the true one.</summary>
    public TimeSpan Ahead { get; set; }

    /// <inheritdoc />
    public override TimeZoneInfo LocalTimeZone => truth.LocalTimeZone;

    /// <inheritdoc />
    public override long TimestampFrequency => truth.TimestampFrequency;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => truth.GetUtcNow() + Ahead;

    /// <inheritdoc />
    public override long GetTimestamp() => truth.GetTimestamp();

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => truth.CreateTimer(callback, state, dueTime, period);
}
