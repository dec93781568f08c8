using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Pauses;

/// <summary>Which pauses to list.</summary>
/// <param name="Lifted">False for those that stand, true for those that are lifted.</param>
/// <param name="After">Where to go on; null for the start.</param>
/// <param name="Take">How many, from 1 to 100.</param>
public sealed record PauseQuery(bool Lifted = false, string? After = null, int Take = 20);

/// <summary>A pause as shown.</summary>
/// <param name="Id">Its key.</param>
/// <param name="Subject">What it covers.</param>
/// <param name="Reason">Why.</param>
/// <param name="PausedBy">Who paused.</param>
/// <param name="PausedAt">Since when.</param>
/// <param name="TakeBackAskedAt">When taking back was asked for; null when it was not.</param>
/// <param name="TakeBackDoneAt">When all had been asked to end; null until then.</param>
/// <param name="LiftedAt">When it was lifted; null while it stands.</param>
/// <param name="LiftedBy">Who lifted it.</param>
/// <param name="Live">How many grants that it covers hold a role, or are losing it; 0 once lifted.</param>
/// <param name="Waiting">How many grants wait under it for their role; 0 once lifted.</param>
public sealed record PauseView(
    Guid Id,
    PauseSubject Subject,
    string Reason,
    string PausedBy,
    DateTimeOffset PausedAt,
    DateTimeOffset? TakeBackAskedAt,
    DateTimeOffset? TakeBackDoneAt,
    DateTimeOffset? LiftedAt,
    string? LiftedBy,
    int Live,
    int Waiting);

/// <summary>Lists pauses, the latest first, for administrators and auditors.</summary>
public sealed class ListPauses(IDbContextFactory<PortalDb> databases)
{
    private const string ListName = "pauses";

    /// <summary>Lists them.</summary>
    public async Task<Result<Page<PauseView>>> ExecuteAsync(PauseQuery input, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Administrator, PortalRole.Auditor) is { } refusal)
            return refusal;
        if (!Cursor.TryRead(ListName, input.After, out var before))
            return new Refusal(RefusalCode.CursorUnreadable, "after");

        var take = Math.Clamp(input.Take, 1, 100);
        await using var db = await databases.CreateDbContextAsync(ct);
        var pauses = db.AccessPauses.AsNoTracking().Where(p => input.Lifted ? p.LiftedAt != null : p.LiftedAt == null);
        if (before is { } place)
            pauses = pauses.Where(p => p.Id < place);
        var rows = await pauses.OrderByDescending(p => p.Id).Take(take + 1).ToListAsync(ct);
        var views = new List<PauseView>(rows.Count);
        foreach (var pause in rows)
        {
            var covered = pause.Among(db.Grants).Where(g => g.State != GrantState.Ended);
            var live = pause.LiftedAt is null ? await covered.CountAsync(g => g.ActivatedAt != null, ct) : 0;
            var waiting = pause.LiftedAt is null ? await covered.CountAsync(g => g.ActivatedAt == null, ct) : 0;
            views.Add(new PauseView(pause.Id, pause.Subject, pause.Reason, pause.PausedBy, pause.PausedAt, pause.TakeBackAskedAt, pause.TakeBackDoneAt, pause.LiftedAt, pause.LiftedBy, live, waiting));
        }

        return Cursor.Cut(ListName, views, take, v => v.Id.ToString());
    }
}
