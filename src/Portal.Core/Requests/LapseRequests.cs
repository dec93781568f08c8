using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Requests;

/// <summary>Lets requests lapse that nobody decided in time.</summary>
public sealed class LapseRequests(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes)
{
    private const int BatchSize = 100;

    /// <summary>Lapses what is overdue.</summary>
    /// <returns>How many lapsed; at most 100 at a time.</returns>
    public async Task<Result<int>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        // What has lapsed cannot be brought back: nothing does by a time that Resource Manager's clock does not bear out. Until then it cannot be decided either.
        if (!clock.IsBorneOut())
            return 0;
        var lapsed = await databases.RunAsync(async db =>
        {
            var overdue = await LapseOverdueAsync(db, clock.Now(), _ => true, BatchSize, ct);
            await db.SaveChangesAsync(ct);
            return overdue;
        }, ct);
        foreach (var request in lapsed)
            changes.Publish(new PortalChange(ChangeKind.Request, request.Id, request.RequesterObjectId));
        return lapsed.Count;
    }

    /// <summary>Lapses overdue requests in a unit of work that the caller saves.</summary>
    internal static async Task<IReadOnlyList<AccessRequest>> LapseOverdueAsync(PortalDb db, DateTimeOffset now, Expression<Func<AccessRequest, bool>> which, int most, CancellationToken ct)
    {
        var overdue = await db.AccessRequests
            .Where(r => r.State == RequestState.Pending && r.LapsesAt <= now).Where(which)
            .OrderBy(r => r.LapsesAt).Take(most).ToListAsync(ct);
        var trail = new AuditTrail(db, Actor.System, now);
        foreach (var request in overdue)
        {
            request.Lapse(now);
            trail.RequestLapsed(request);
        }

        return overdue;
    }
}
