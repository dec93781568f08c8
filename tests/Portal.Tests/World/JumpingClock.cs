namespace Portal.Tests.World;

/// <summary>A machine's clock whose wall time can jump while its monotonic timer goes on.</summary>
public sealed class JumpingClock(DateTimeOffset? start = null) : TimeProvider
{
    private long _passed;
    private DateTimeOffset _wall = start ?? PortalWorld.Start;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _wall;

    public override long GetTimestamp() => _passed;

    /// <summary>Time passes, on the wall as on the timer.</summary>
    public void Pass(TimeSpan time)
    {
        _wall += time;
        _passed += time.Ticks;
    }

    /// <summary>Somebody sets the wall clock.</summary>
    public void Jump(TimeSpan by) => _wall += by;
}
