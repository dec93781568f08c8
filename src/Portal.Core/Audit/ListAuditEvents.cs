using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Reads;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>What to list.</summary>
/// <param name="Filter">Which events.</param>
/// <param name="After">Where to go on, towards the earlier; null for the latest.</param>
/// <param name="Take">How many, from 1 to 200.</param>
public sealed record AuditListQuery(AuditFilter Filter, string? After = null, int Take = 50)
{
    /// <summary>Where to go back from, towards the later; not together with <see cref="After"/>.</summary>
    public string? Before { get; init; }

    /// <summary>The very first events there are, as the last page; not together with the other two.</summary>
    public bool Earliest { get; init; }
}

/// <summary>A page of the trail, the latest first.</summary>
/// <param name="Items">What is on it.</param>
/// <param name="Next">Where earlier events go on; null when there are none.</param>
/// <param name="Previous">Where later events go back; null when there are none.</param>
public sealed record TrailPage(IReadOnlyList<AuditEvent> Items, string? Next, string? Previous)
{
    /// <summary>The numbers of events that belong here and cannot be read, since somebody changed them by other means; empty but for that.</summary>
    public IReadOnlyList<long> Unreadable { get; init; } = [];
}

/// <summary>Lists the audit trail, the latest first, forwards and backwards from any place. Auditors see all of it, which is recorded; everyone else what they did and what is about their own access.</summary>
public sealed class ListAuditEvents(IDbContextFactory<PortalDb> databases, AuditReads reads)
{
    private const string ListName = "audit";

    /// <summary>Lists it.</summary>
    public async Task<Result<TrailPage>> ExecuteAsync(AuditListQuery input, Actor actor, CancellationToken ct)
    {
        if ((actor.IsNobody() ?? input.Filter.Fault()) is { } refusal)
            return refusal;
        if (!TryRead(input.After, out var after))
            return new Refusal(RefusalCode.CursorUnreadable, "after");
        if (!TryRead(input.Before, out var before))
            return new Refusal(RefusalCode.CursorUnreadable, "before");
        var take = Math.Clamp(input.Take, 1, 200);
        // From the end of the list it is read as from its beginning, the other way round: the last page costs what the first does.
        var backwards = before is not null || (input.Earliest && after is null);
        await using var db = await databases.CreateDbContextAsync(ct);
        await reads.NoteAsync(db, new AuditRead(AuditReadKind.List, input.Filter), actor, ct);
        await AuditQuery.ReadyAsync(db, input.Filter, ct);
        var query = backwards ? AuditQuery.Earliest(db, actor, input.Filter, before, null, take + 1) : AuditQuery.Latest(db, actor, input.Filter, after, take + 1);
        var rows = (await ReadableEvents.ReadAsync(db, query, ct)).Rows;
        var more = rows.Count > take;
        var shown = new ReadableEvents([.. backwards ? rows.Take(take).Reverse() : rows.Take(take)]);
        var earlier = backwards ? before is not null : more;
        var later = backwards ? more : after is not null;
        // From the last one there is, whether it can be read or not: a page of which nothing can be read leads on all the same.
        return new TrailPage(
            [.. shown.Events.Select(happened => happened.AsSeenBy(actor))],
            earlier && shown.Rows.Count > 0 ? await MarkAsync(db, shown.Rows[^1], ct) : null,
            later && shown.Rows.Count > 0 ? await MarkAsync(db, shown.Rows[0], ct) : null)
        { Unreadable = shown.Unreadable };
    }

    private static bool TryRead(string? mark, out TrailPlace? place)
    {
        place = mark is null ? null : TrailPlace.Read(Cursor.Read(ListName, mark));
        return mark is null || place is not null;
    }

    private static async Task<string> MarkAsync(PortalDb db, (long Number, AuditEvent? Event) row, CancellationToken ct) =>
        Cursor.Mark(ListName, (row.Event is { } happened ? new TrailPlace(happened) : await ReadableEvents.PlaceOfAsync(db, row.Number, ct)).ToString());
}
