using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Pauses;

/// <summary>Finishes what an instance that died left half done: takes back what a pause was to take back, and wakes what waits under a pause that is lifted.</summary>
public sealed class UpholdPauses(IDbContextFactory<PortalDb> databases, ClockWatch clock, ChangeFeed changes)
{
    /// <summary>How long whoever asked for it has to do it themselves.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Does it.</summary>
    /// <returns>How many grants were asked to end.</returns>
    public async Task<Result<int>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;

        var now = clock.Now();
        List<AccessPause> unfinished;
        await using (var db = await databases.CreateDbContextAsync(ct))
        {
            // Asked for by a clock that has been set back since: to wait until its time comes round could be a day.
            var (asked, ahead) = (now - Patience, now + ClockWatch.Tolerance);
            unfinished = await db.AccessPauses.AsNoTracking().Where(p => p.LiftedAt == null && p.TakeBackDoneAt == null && (p.TakeBackAskedAt < asked || p.TakeBackAskedAt > ahead)).ToListAsync(ct);
            if (await Asleep(db).AnyAsync(ct))
                await PausesInForce.LookNowAsync(databases, Asleep, now, ct);
        }

        var taken = 0;
        foreach (var pause in unfinished)
            taken += await TakeBack.RunAsync(databases, clock, changes, pause.Id, For(pause, actor), ct);
        return taken;
    }

    // The portal ends what somebody wanted ended: the trail and the grant name them.
    private static Actor For(AccessPause pause, Actor portal)
    {
        var (name, tenant, id) = pause.TakeBackAskedBy is { } asked ? (asked, pause.TakeBackAskedByTenantId, pause.TakeBackAskedByObjectId)
            // Asked for by an earlier version, which kept only who paused.
            : (pause.PausedBy, pause.PausedByTenantId, pause.PausedByObjectId);
        return portal with { DisplayName = name, OnBehalfOf = tenant is { } of ? new PrincipalId(of, id!.Value) : null, OnBehalfOfName = name };
    }

    // Held by a pause that does not stand any more.
    private static IQueryable<Grant> Asleep(PortalDb db) => db.Grants.Where(g => g.PauseId != null && db.AccessPauses.Any(p => p.Id == g.PauseId && p.LiftedAt != null));
}
