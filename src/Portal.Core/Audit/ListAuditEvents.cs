using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>What to list.</summary>
/// <param name="Filter">Which events.</param>
/// <param name="After">Where to go on; null for the start.</param>
/// <param name="Take">How many, from 1 to 200.</param>
public sealed record AuditListQuery(AuditFilter Filter, string? After = null, int Take = 50);

/// <summary>Lists the audit trail, the latest first. Auditors see all of it, everyone else what they did and what is about their own access.</summary>
public sealed class ListAuditEvents(IDbContextFactory<PortalDb> databases)
{
    private const string ListName = "audit";

    /// <summary>Lists it.</summary>
    public async Task<Result<Page<AuditEvent>>> ExecuteAsync(AuditListQuery input, Actor actor, CancellationToken ct)
    {
        if ((actor.IsNobody() ?? input.Filter.Fault()) is { } refusal)
            return refusal;
        var before = input.After is null ? null : TrailPlace.Read(Cursor.Read(ListName, input.After));
        if (input.After is not null && before is null)
            return new Refusal(RefusalCode.CursorUnreadable, "after");

        var take = Math.Clamp(input.Take, 1, 200);
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = await AuditQuery.Latest(db, actor, input.Filter, before, take + 1).ToListAsync(ct);
        rows.ForEach(row => row.AsSeenBy(actor));
        return Cursor.Cut(ListName, rows, take, e => new TrailPlace(e).ToString());
    }
}
