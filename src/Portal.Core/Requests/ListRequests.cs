using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;

namespace Portal.Core.Requests;

/// <summary>Whose requests.</summary>
public enum RequestAudience
{
    /// <summary>The actor's own.</summary>
    Mine,

    /// <summary>Everyone's; for administrators and auditors.</summary>
    Everyone,
}

/// <summary>What to list.</summary>
/// <param name="Audience">Whose.</param>
/// <param name="State">Only these; null for all.</param>
/// <param name="After">Where to go on; null for the start.</param>
/// <param name="Take">How many, from 1 to 100.</param>
public sealed record RequestQuery(RequestAudience Audience = RequestAudience.Mine, RequestState? State = null, string? After = null, int Take = 20);

/// <summary>A request in a list.</summary>
/// <param name="Id">Its key.</param>
/// <param name="Reference">What people call it.</param>
/// <param name="RequesterName">Who asks.</param>
/// <param name="VaultName">The vault.</param>
/// <param name="SecretName">The secret; null for the vault as a whole.</param>
/// <param name="RoleName">The role.</param>
/// <param name="Duration">How long.</param>
/// <param name="WindowStart">From when; null for as soon as approved.</param>
/// <param name="State">Where the request stands.</param>
/// <param name="SubmittedAt">When it was sent.</param>
/// <param name="LapsesAt">When it lapses if nobody decides.</param>
/// <param name="GrantState">Where its grant stands; null when there is none.</param>
/// <param name="GrantEndsAt">When its grant ends.</param>
public sealed record RequestRow(Guid Id, string Reference, string RequesterName, string VaultName, string? SecretName, string RoleName, TimeSpan Duration, DateTimeOffset? WindowStart, RequestState State, DateTimeOffset SubmittedAt, DateTimeOffset LapsesAt, GrantState? GrantState, DateTimeOffset? GrantEndsAt);

/// <summary>Lists requests, the latest first.</summary>
public sealed class ListRequests(IDbContextFactory<PortalDb> databases)
{
    private const string ListName = "requests";

    /// <summary>Lists them.</summary>
    public async Task<Result<Page<RequestRow>>> ExecuteAsync(RequestQuery input, Actor actor, CancellationToken ct)
    {
        var refusal = input.Audience == RequestAudience.Mine ? actor.IsNobody() : actor.LacksAllOf(PortalRole.Administrator, PortalRole.Auditor);
        if (refusal is not null)
            return refusal;
        if (!Cursor.TryRead(ListName, input.After, out var before))
            return new Refusal(RefusalCode.CursorUnreadable, "after");

        var take = Math.Clamp(input.Take, 1, 100);
        await using var db = await databases.CreateDbContextAsync(ct);
        var requests = db.AccessRequests.AsNoTracking();
        if (input.Audience == RequestAudience.Mine)
        {
            var objectId = actor.Id!.Value.ObjectId;
            requests = requests.Where(r => r.RequesterObjectId == objectId);
        }

        if (input.State is { } state)
            requests = requests.Where(r => r.State == state);
        if (before is { } place)
            requests = requests.Where(r => r.Id < place);
        var rows = await requests.OrderByDescending(r => r.Id).Take(take + 1)
            .GroupJoin(db.Grants, r => r.Id, g => g.RequestId, (r, grants) => new { r, grants })
            .SelectMany(x => x.grants.DefaultIfEmpty(), (x, g) => new RequestRow(
                x.r.Id, x.r.Reference, x.r.RequesterName, x.r.VaultName, x.r.SecretName, x.r.RoleName, x.r.Duration, x.r.WindowStart, x.r.State, x.r.SubmittedAt, x.r.LapsesAt,
                g == null ? null : g.State, g == null ? null : g.EndsAt))
            .ToListAsync(ct);
        rows = [.. rows.OrderByDescending(r => r.Id)];
        return Cursor.Cut(ListName, rows, take, r => r.Id.ToString());
    }
}
