namespace Portal.Core.Data;

/// <summary>The seam to the database's own clock: the one clock that all instances share.</summary>
public interface IDatabaseClock
{
    /// <summary>Asks the database what time it is.</summary>
    /// <returns>UTC, to the millisecond at least.</returns>
    Task<DateTimeOffset> ReadAsync(PortalDb db, CancellationToken ct);
}
