using Portal.Core.Data;

namespace Portal.Tests.World;

/// <summary>The database's clock: runs with the world's, as far off it as a test says.</summary>
public sealed class FakeDatabaseClock(TimeProvider clock) : IDatabaseClock
{
    /// <summary>The database's time minus the world's.</summary>
    public TimeSpan Ahead { get; set; }

    public Task<DateTimeOffset> ReadAsync(PortalDb db, CancellationToken ct) => Task.FromResult(clock.GetUtcNow() + Ahead);
}
