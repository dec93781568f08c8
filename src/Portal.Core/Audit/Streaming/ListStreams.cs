using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Streaming;

/// <summary>How a stream stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Host">To which host it goes.</param>
/// <param name="Next">The position of the next event to deliver.</param>
/// <param name="Behind">How many sealed events are not delivered.</param>
/// <param name="Oldest">When the oldest of them was; null when there is none.</param>
/// <param name="LastFault">What the last failed try came to; null when none ever failed.</param>
/// <param name="LastFaultAt">When that was.</param>
/// <param name="FailingSince">Since when it fails; null while it does not.</param>
/// <param name="NextTryAt">When it is tried again; null for at once.</param>
/// <param name="LastDeliveredAt">When something was last delivered; null when nothing ever was.</param>
/// <param name="PausedAt">Since when the destination takes nothing more; null while it does.</param>
public sealed record StreamStanding(string Name, string Host, long Next, long Behind, DateTimeOffset? Oldest, string? LastFault, DateTimeOffset? LastFaultAt, DateTimeOffset? FailingSince, DateTimeOffset? NextTryAt, DateTimeOffset? LastDeliveredAt, DateTimeOffset? PausedAt)
{
    /// <summary>How long the oldest event that is not delivered has been waiting; zero when none does.</summary>
    public TimeSpan Lag(DateTimeOffset now) => Oldest is { } oldest && oldest < now ? now - oldest : TimeSpan.Zero;

    /// <summary>Whether it needs somebody: paused, or further behind than <see cref="StreamOptions.Patience"/>.</summary>
    public bool IsLate(DateTimeOffset now) => PausedAt is not null || Lag(now) > StreamOptions.Patience;

    internal static async Task<IReadOnlyList<StreamStanding>> ReadAsync(PortalDb db, StreamOptions options, CancellationToken ct)
    {
        if (options.Destinations.Count == 0)
            return [];
        var names = options.Destinations.Select(d => d.Name).ToList();
        var rows = await db.AuditStreams.AsNoTracking().Where(s => names.Contains(s.Name)).ToDictionaryAsync(s => s.Name, ct);
        var size = await StreamReading.SizeAsync(db, ct);
        var standings = new List<StreamStanding>();
        foreach (var destination in options.Destinations)
        {
            if (!rows.TryGetValue(destination.Name, out var row))
                continue;
            var oldest = row.Next >= size ? null : await db.AuditLeaves.Where(l => l.Position >= row.Next)
                .Join(db.AuditEvents, l => l.EventId, e => e.EventId, (l, e) => new { l.Position, e.At }).OrderBy(p => p.Position).Select(p => (DateTimeOffset?)p.At).FirstOrDefaultAsync(ct);
            standings.Add(new StreamStanding(row.Name, row.Host ?? destination.Address.Authority, row.Next, Math.Max(0, size - row.Next), oldest, row.LastFault, row.LastFaultAt, row.FailingSince, row.NextTryAt, row.LastDeliveredAt, row.PausedAt));
        }

        return standings;
    }
}

/// <summary>Shows administrators and auditors how the configured streams stand.</summary>
public sealed class ListStreams(IDbContextFactory<PortalDb> databases, StreamOptions options)
{
    /// <summary>Shows them, in the order of the configuration.</summary>
    public async Task<Result<IReadOnlyList<StreamStanding>>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Administrator, PortalRole.Auditor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        return Result.Of(await StreamStanding.ReadAsync(db, options, ct));
    }
}

/// <summary>Measures the streams for metrics and health.</summary>
public sealed class MeasureStreams(IDbContextFactory<PortalDb> databases, StreamOptions options, StreamMeter meter, IDatabaseClock databaseClock, ClockWatch clock)
{
    /// <summary>Measures them, and has the gauges show it.</summary>
    /// <returns>Those that need somebody.</returns>
    public async Task<Result<IReadOnlyList<StreamStanding>>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        if (options.Destinations.Count == 0)
            return Result.Of<IReadOnlyList<StreamStanding>>([]);
        await using var db = await databases.CreateDbContextAsync(ct);
        var now = await clock.AskAsync(databaseClock, db, ct);
        var standings = await StreamStanding.ReadAsync(db, options, ct);
        meter.Note(standings, now);
        return Result.Of<IReadOnlyList<StreamStanding>>([.. standings.Where(s => s.IsLate(now))]);
    }
}
