using Portal.Sandbox.Control;

namespace Portal.Tests.World;

/// <summary>The portal's clock where the cloud is the sandbox: it goes with the sandbox's own and leaps with it. Timers run in real time.</summary>
public sealed class LeapingClock(SandboxClock cloud) : TimeProvider
{
    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => cloud.GetUtcNow();

    /// <inheritdoc />
    public override long GetTimestamp() => System.GetTimestamp() + (long)(cloud.Ahead.TotalSeconds * TimestampFrequency);

    /// <summary>Leaps ahead: for the portal, and for the cloud.</summary>
    public void Leap(TimeSpan by) => cloud.Advance(by);
}
