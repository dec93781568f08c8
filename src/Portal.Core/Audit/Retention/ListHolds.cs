using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Retention;

/// <summary>Which holds to list.</summary>
/// <param name="After">Where to go on; null for the start.</param>
/// <param name="Take">How many, from 1 to 100.</param>
public sealed record HoldQuery(string? After = null, int Take = 20);

/// <summary>How retention stands.</summary>
/// <param name="Period">How long events are kept; null for ever.</param>
/// <param name="State">How far it is.</param>
/// <param name="Holds">The holds: those that stand first, then those that are lifted, the latest first.</param>
public sealed record RetentionView(TimeSpan? Period, RetentionState State, Page<LegalHold> Holds);

/// <summary>Shows auditors and administrators how retention stands, and its holds.</summary>
public sealed class ListHolds(IDbContextFactory<PortalDb> databases, RetentionOptions options)
{
    private const string ListName = "holds";
    private const string Standing = "standing.";
    private const string Lifted = "lifted.";

    /// <summary>Shows it.</summary>
    public async Task<Result<RetentionView>> ExecuteAsync(HoldQuery input, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Auditor, PortalRole.Administrator) is { } refusal)
            return refusal;
        if (!TryRead(input.After, out var lifted, out var before))
            return new Refusal(RefusalCode.CursorUnreadable, "after");

        var take = Math.Clamp(input.Take, 1, 100);
        await using var db = await databases.CreateDbContextAsync(ct);
        var holds = db.LegalHolds.AsNoTracking();
        if (before is { } place)
            holds = lifted ? holds.Where(h => h.LiftedAt != null && h.Id < place) : holds.Where(h => h.LiftedAt != null || h.Id < place);
        var rows = await holds.OrderBy(h => h.LiftedAt != null).ThenByDescending(h => h.Id).Take(take + 1).ToListAsync(ct);
        return new RetentionView(
            options.Period,
            await db.RetentionStates.AsNoTracking().SingleAsync(ct),
            Cursor.Cut(ListName, rows, take, h => (h.LiftedAt is null ? Standing : Lifted) + h.Id));
    }

    private static bool TryRead(string? mark, out bool lifted, out Guid? place)
    {
        (lifted, place) = (false, null);
        if (mark is null)
            return true;
        var key = Cursor.Read(ListName, mark) ?? "";
        lifted = key.StartsWith(Lifted, StringComparison.Ordinal);
        var prefix = lifted ? Lifted : Standing;
        if (!key.StartsWith(prefix, StringComparison.Ordinal) || !Guid.TryParse(key.AsSpan(prefix.Length), out var id))
            return false;
        place = id;
        return true;
    }
}
