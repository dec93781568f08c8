using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Operations;

/// <summary>Which work to list.</summary>
/// <param name="Part">Which part.</param>
/// <param name="After">Where to go on; null for the start.</param>
/// <param name="Take">How many, from 1 to 100.</param>
public sealed record WorkListQuery(WorkPart Part = WorkPart.Attention, string? After = null, int Take = 20);

/// <summary>A piece of work: a role assignment, and a grant that it is about.</summary>
/// <param name="AssignmentId">The assignment's key and name in the cloud.</param>
/// <param name="RequestReference">The request of one of its grants; null when it has none that has not ended.</param>
/// <param name="HolderName">Who holds it or is to; null when no grant says.</param>
/// <param name="VaultName">The vault.</param>
/// <param name="SecretName">The secret; null for the vault as a whole.</param>
/// <param name="RoleName">The role.</param>
/// <param name="SubscriptionId">The subscription that the calls count against.</param>
/// <param name="TakesBack">True when the portal is to take the role back, false when it is to give it or to look.</param>
/// <param name="DueAt">When it is looked at next; null when that is not foreseen.</param>
/// <param name="LeaseUntil">Until when a worker holds it; null when none does.</param>
/// <param name="Attempts">Failed calls in a row.</param>
/// <param name="FailingSince">Since when calls fail; null when the last went well.</param>
/// <param name="Code">The provider's code, or ours; null when nothing is in the way.</param>
/// <param name="Message">The provider's own text.</param>
/// <param name="AttentionSince">Since when it needs attention; null when it does not.</param>
public sealed record WorkItem(
    Guid AssignmentId,
    string? RequestReference,
    string? HolderName,
    string VaultName,
    string? SecretName,
    string RoleName,
    string SubscriptionId,
    bool TakesBack,
    DateTimeOffset? DueAt,
    DateTimeOffset? LeaseUntil,
    int Attempts,
    DateTimeOffset? FailingSince,
    string? Code,
    string? Message,
    DateTimeOffset? AttentionSince);

/// <summary>Lists work for administrators and auditors: what waits longest first.</summary>
public sealed class ListWork(IDbContextFactory<PortalDb> databases, ClockWatch clock)
{
    /// <summary>Lists it.</summary>
    public async Task<Result<Page<WorkItem>>> ExecuteAsync(WorkListQuery input, Actor actor, CancellationToken ct)
    {
        if (actor.LacksAllOf(PortalRole.Administrator, PortalRole.Auditor) is { } refusal)
            return refusal;
        var list = $"work-{input.Part}";
        var place = Place.Read(list, input.After);
        if (input.After is not null && place is null)
            return new Refusal(RefusalCode.CursorUnreadable, "after");

        var take = Math.Clamp(input.Take, 1, 100);
        await using var db = await databases.CreateDbContextAsync(ct);
        var rows = input.Part == WorkPart.Attention
            ? await AttentionAsync(db, place, take + 1, ct)
            : await AssignmentsAsync(db, input.Part, place, take + 1, ct);
        var items = rows.Take(take).Select(r => r.Item).ToList();
        return new Page<WorkItem>(items, rows.Count > take ? Cursor.Mark(list, rows[take - 1].Place.ToString()) : null);
    }

    // One line per grant: each has somebody who waits for it, and an end that somebody was promised.
    private async Task<IReadOnlyList<(WorkItem Item, Place Place)>> AttentionAsync(PortalDb db, Place? place, int take, CancellationToken ct)
    {
        var grants = db.Grants.AsNoTracking().Where(g => g.AttentionCode != null);
        if (place is { At: var at, Id: var id })
            grants = grants.Where(g => g.AttentionSince > at || (g.AttentionSince == at && g.Id > id));
        var page = await grants.OrderBy(g => g.AttentionSince).ThenBy(g => g.Id).Take(take).ToListAsync(ct);
        var keys = page.Select(g => g.AssignmentId).Distinct().ToList();
        var rows = await db.DesiredAssignments.AsNoTracking().Where(a => keys.Contains(a.Id)).ToDictionaryAsync(a => a.Id, ct);
        return [.. page.Select(g => (ItemOf(rows[g.AssignmentId], g), new Place(g.AttentionSince!.Value, g.Id)))];
    }

    private async Task<IReadOnlyList<(WorkItem Item, Place Place)>> AssignmentsAsync(PortalDb db, WorkPart part, Place? place, int take, CancellationToken ct)
    {
        var now = clock.Now();
        var (rows, since) = part switch
        {
            WorkPart.Late => (WorkQuery.Late(db, now), false),
            WorkPart.InFlight => (WorkQuery.InFlight(db, now), true),
            _ => (WorkQuery.Due(db, now), false),
        };
        rows = rows.AsNoTracking();
        List<DesiredAssignment> page;
        if (since)
        {
            if (place is { At: var at, Id: var id })
                rows = rows.Where(a => a.LeaseUntil > at || (a.LeaseUntil == at && a.Id > id));
            page = await rows.OrderBy(a => a.LeaseUntil).ThenBy(a => a.Id).Take(take).ToListAsync(ct);
        }
        else
        {
            if (place is { At: var at, Id: var id })
                rows = rows.Where(a => a.DueAt > at || (a.DueAt == at && a.Id > id));
            page = await rows.OrderBy(a => a.DueAt).ThenBy(a => a.Id).Take(take).ToListAsync(ct);
        }

        var keys = page.Select(a => a.Id).ToList();
        var grants = (await db.Grants.AsNoTracking().Where(g => keys.Contains(g.AssignmentId) && g.State != GrantState.Ended).ToListAsync(ct)).ToLookup(g => g.AssignmentId);
        // The one with a trouble of its own speaks for the trio, else the one that ends first.
        return [.. page.Select(a => (ItemOf(a, grants[a.Id].OrderBy(g => g.AttentionSince is null).ThenBy(g => g.EndsAt).FirstOrDefault()), new Place((since ? a.LeaseUntil : a.DueAt) ?? DateTimeOffset.MaxValue, a.Id)))];
    }

    private WorkItem ItemOf(DesiredAssignment row, Grant? grant)
    {
        var now = clock.Now();
        return new WorkItem(
            row.Id,
            grant?.RequestReference,
            grant?.PrincipalName,
            grant?.VaultName ?? ArmId.VaultOf(row.Scope).Split('/')[^1],
            grant is null ? ArmId.SecretOf(row.Scope) : grant.SecretName,
            grant?.RoleName ?? GrantableRole.Find(row.RoleDefinitionId)?.Name ?? row.RoleDefinitionId.ToString(),
            row.SubscriptionId,
            grant is null ? row.WantedUntil is null : grant.IsToEndAt(now),
            row.DueAt,
            row.LeaseUntil > now ? row.LeaseUntil : null,
            row.Attempts,
            row.FailingSince,
            grant?.AttentionCode ?? row.FaultCode,
            grant?.AttentionCode is null ? row.FaultMessage : grant.AttentionMessage,
            grant?.AttentionSince);
    }

    private sealed record Place(DateTimeOffset At, Guid Id)
    {
        public static Place? Read(string list, string? mark) =>
            mark is not null && Cursor.Read(list, mark)?.Split('.') is [var ticks, var key]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= DateTimeOffset.MaxValue.Ticks
            && Guid.TryParse(key, out var id)
                ? new Place(new DateTimeOffset(at, TimeSpan.Zero), id)
                : null;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At.UtcTicks}.{Id}");
    }
}
