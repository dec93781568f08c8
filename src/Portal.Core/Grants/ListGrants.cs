using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>Whose grants.</summary>
public enum GrantAudience
{
    /// <summary>The actor's own.</summary>
    Mine,

    /// <summary>Everyone's; for administrators and auditors.</summary>
    Everyone,
}

/// <summary>What to list.</summary>
/// <param name="Audience">Whose.</param>
/// <param name="Ended">False for those that have not ended, true for those that have.</param>
/// <param name="After">Where to go on; null for the start.</param>
/// <param name="Take">How many, from 1 to 100.</param>
/// <param name="Only">Only these of them, whether they have ended or not; null for all.</param>
public sealed record GrantQuery(GrantAudience Audience = GrantAudience.Mine, bool Ended = false, string? After = null, int Take = 20, IReadOnlyCollection<Guid>? Only = null);

/// <summary>A grant in a list or on its request's page.</summary>
public sealed record GrantView
{
    /// <summary>Copies what screens show of a grant.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="pause">What covers its principal or scope; null when nothing does.</param>
    public GrantView(Grant grant, PauseNotice? pause = null)
    {
        Pause = grant.State is GrantState.Scheduled or GrantState.Provisioning ? pause : null;
        Id = grant.Id;
        RequestId = grant.RequestId;
        RequestReference = grant.RequestReference;
        PrincipalName = grant.PrincipalName;
        Scope = grant.Scope;
        VaultName = grant.VaultName;
        SecretName = grant.SecretName;
        RoleName = grant.RoleName;
        Provider = grant.Provider;
        State = grant.State;
        StartsAt = grant.StartsAt;
        EndsAt = grant.EndsAt;
        ActivatedAt = grant.ActivatedAt;
        SeenAt = grant.SeenAt;
        EffectiveSince = grant.EffectiveSince;
        EndRequestedBy = grant.EndRequestedBy;
        EndReason = grant.EndReason;
        Ending = grant.Ending;
        EndedAt = grant.EndedAt;
        IsRemoved = grant.RevokingSince is not null;
        GoneSeenAt = grant.GoneSeenAt;
        StandingAccess = grant.StandingAccess;
        AttentionCode = grant.AttentionCode;
        AttentionMessage = grant.AttentionMessage;
        AttentionSince = grant.AttentionSince;
        IsLive = grant.IsLive;
    }

    /// <summary>Its key.</summary>
    public Guid Id { get; }

    /// <summary>The request that led to it.</summary>
    public Guid RequestId { get; }

    /// <summary>What people call that request.</summary>
    public string RequestReference { get; }

    /// <summary>The holder's name.</summary>
    public string PrincipalName { get; }

    /// <summary>The ARM id.</summary>
    public string Scope { get; }

    /// <summary>The vault.</summary>
    public string VaultName { get; }

    /// <summary>The secret; null for the vault as a whole.</summary>
    public string? SecretName { get; }

    /// <summary>The role.</summary>
    public string RoleName { get; }

    /// <summary>How it reaches the cloud.</summary>
    public GrantProvider Provider { get; }

    /// <summary>Where it stands.</summary>
    public GrantState State { get; }

    /// <summary>From when.</summary>
    public DateTimeOffset StartsAt { get; }

    /// <summary>Until when.</summary>
    public DateTimeOffset EndsAt { get; }

    /// <summary>When the role was given; null until then.</summary>
    public DateTimeOffset? ActivatedAt { get; }

    /// <summary>When a read first showed the assignment in the cloud; null while none did.</summary>
    public DateTimeOffset? SeenAt { get; }

    /// <summary>When a test first reached the secret; null while none did.</summary>
    public DateTimeOffset? EffectiveSince { get; }

    /// <summary>Who asked to end it early; null when nobody did.</summary>
    public string? EndRequestedBy { get; }

    /// <summary>Why it was ended early.</summary>
    public string? EndReason { get; }

    /// <summary>How it ended; null while it has not.</summary>
    public GrantEnding? Ending { get; }

    /// <summary>When it was over.</summary>
    public DateTimeOffset? EndedAt { get; }

    /// <summary>Whether the portal removed, or is removing, the assignment for this grant.</summary>
    public bool IsRemoved { get; }

    /// <summary>When a read first showed that the assignment is gone; null while none did.</summary>
    public DateTimeOffset? GoneSeenAt { get; }

    /// <summary>True when the holder had the role by other means, which outlive the grant.</summary>
    public bool StandingAccess { get; }

    /// <summary>The provider's code of what is in the way; null when nothing is.</summary>
    public string? AttentionCode { get; }

    /// <summary>The provider's text.</summary>
    public string? AttentionMessage { get; }

    /// <summary>Since when.</summary>
    public DateTimeOffset? AttentionSince { get; }

    /// <summary>The pause under which it waits, or will wait when its time comes; null when it has the role, is over, or nothing is paused.</summary>
    public PauseNotice? Pause { get; }

    /// <summary>Whether it can still be ended early.</summary>
    public bool IsLive { get; }
}

/// <summary>Lists grants, the latest first.</summary>
public sealed class ListGrants(IDbContextFactory<PortalDb> databases)
{
    private const string ListName = "grants";

    /// <summary>Lists them.</summary>
    public async Task<Result<Page<GrantView>>> ExecuteAsync(GrantQuery input, Actor actor, CancellationToken ct)
    {
        var refusal = input.Audience == GrantAudience.Mine ? actor.IsNobody() : actor.LacksAllOf(PortalRole.Administrator, PortalRole.Auditor);
        if (refusal is not null)
            return refusal;
        if (!Cursor.TryRead(ListName, input.After, out var before))
            return new Refusal(RefusalCode.CursorUnreadable, "after");

        var take = Math.Clamp(input.Take, 1, 100);
        await using var db = await databases.CreateDbContextAsync(ct);
        var grants = input.Only is { } only
            ? db.Grants.AsNoTracking().Where(g => only.Contains(g.Id))
            : db.Grants.AsNoTracking().Where(g => input.Ended ? g.State == GrantState.Ended : g.State != GrantState.Ended);
        if (input.Audience == GrantAudience.Mine)
        {
            // Both halves of the identity: the index of what has not ended answers only for both, and SQLite takes the one of everything for less.
            var (objectId, tenant) = (actor.Id!.Value.ObjectId, actor.Id.Value.TenantId);
            grants = grants.Where(g => g.PrincipalObjectId == objectId && g.PrincipalTenantId == tenant);
        }

        if (before is { } place)
            grants = grants.Where(g => g.Id < place);
        var rows = await grants.OrderByDescending(g => g.Id).Take(take + 1).ToListAsync(ct);
        var pauses = await PausesInForce.FindAllAsync(db, [.. rows.Select(g => (g.Principal, g.Scope))], ct);
        return Cursor.Cut(ListName, [.. rows.Select((g, place) => new GrantView(g, pauses[place]))], take, g => g.Id.ToString());
    }
}
