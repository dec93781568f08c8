using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Grants.Claims;

/// <summary>Brings forward what was put off by a time that turned out to be wrong. Somebody sets the database's clock a day ahead and back again: a removal that failed meanwhile would be tried a day late, and a claim whose worker died would be held for a day.</summary>
public sealed class StepBack(ClockWatch clock, GrantPace pace)
{
    // A process that was not there when the time was wrong cannot know that it was.
    private int _mended = -1;

    /// <summary>Does it when the time has gone back since the last call, and once at the start for what failed later than now, and for what lies further ahead than anything can.</summary>
    /// <param name="db">The database.</param>
    /// <param name="now">The database's time.</param>
    /// <param name="ct">Cancels.</param>
    public async Task MendAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var (steps, mended) = (clock.StepsBack, Volatile.Read(ref _mended));
        if (steps == mended)
            return;
        var latestTry = mended < 0 ? now + RetryDelay.LongestAsked : now;
        var latestFailure = now + ClockWatch.Tolerance;
        var latestLease = now + pace.Lease * 2;
        await db.DesiredAssignments
            .Where(a => a.DueAt != null && ((a.FailingSince != null && (a.DueAt > latestTry || a.FailingSince > latestFailure)) || a.LeaseUntil > latestLease))
            .ExecuteUpdateAsync(row => row
                .SetProperty(a => a.DueAt, now)
                .SetProperty(a => a.FailingSince, a => a.FailingSince > now ? now : a.FailingSince)
                .SetProperty(a => a.LeaseUntil, a => a.LeaseUntil > latestLease ? null : a.LeaseUntil)
                .SetProperty(a => a.Revision, a => a.Revision + 1), ct);
        Volatile.Write(ref _mended, steps);
    }
}
