using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;

namespace Portal.Core.Requests;

/// <summary>What would happen if a draft were sent now.</summary>
/// <param name="VaultName">The vault; empty when the scope is unknown.</param>
/// <param name="SecretName">The secret; null for the vault as a whole.</param>
/// <param name="RoleName">The role; empty when it cannot be granted.</param>
/// <param name="PolicyName">The policy that governs; null when none does.</param>
/// <param name="PolicyVersion">Its version.</param>
/// <param name="ApproverGroups">The groups that would have to approve, by name.</param>
/// <param name="LongestWindow">The longest window allowed; null when no policy governs.</param>
/// <param name="RequiresTicket">Whether a ticket is needed.</param>
/// <param name="LapsesAfter">How long it would wait for a decision.</param>
/// <param name="EndsAtIfApprovedNow">When access would end if it were approved this instant.</param>
/// <param name="HeldUntil">Until when the person has the very same already; null when they do not have it now.</param>
/// <param name="Pause">The pause that covers the person or the scope: it may be sent, and nothing is approved or given until it is lifted. Null when nothing is paused.</param>
/// <param name="Provider">How it would reach the cloud; null when no policy governs.</param>
/// <param name="ProviderGroup">The group whose member the person would become; null unless that is the way.</param>
/// <param name="Room">How many role assignments Azure still takes in the subscription, when that is few; null otherwise, when it could not be asked, and where none is made.</param>
/// <param name="Missing">All that stands against sending it; empty when it may be sent.</param>
public sealed record RequestPreview(
    string VaultName,
    string? SecretName,
    string RoleName,
    string? PolicyName,
    int? PolicyVersion,
    IReadOnlyList<string> ApproverGroups,
    TimeSpan? LongestWindow,
    bool RequiresTicket,
    TimeSpan? LapsesAfter,
    DateTimeOffset EndsAtIfApprovedNow,
    DateTimeOffset? HeldUntil,
    PauseNotice? Pause,
    GrantProvider? Provider,
    string? ProviderGroup,
    AssignmentUsage? Room,
    IReadOnlyList<Refusal> Missing)
{
    /// <summary>The very same that is approved and not there yet, the next to come; null for nothing.</summary>
    public PromisedAccess? Promised { get; init; }
}

/// <summary>Says what would happen, by the evaluation that decides when it is sent. Changes nothing.</summary>
public sealed class PreviewRequest(IDbContextFactory<PortalDb> databases, AssignmentRoom room, ClockWatch clock)
{
    /// <summary>Looks a draft over.</summary>
    public async Task<Result<RequestPreview>> ExecuteAsync(RequestDraft draft, Actor actor, CancellationToken ct)
    {
        // As sending does: by groups that are not known another policy would govern, or none.
        if ((actor.LacksAllOf(PortalRole.Requester) ?? actor.IsUnconfirmed()) is { } refusal)
            return refusal;

        var now = clock.Now();
        await using var db = await databases.CreateDbContextAsync(ct);
        var check = await RequestCheck.RunAsync(db, draft, actor, now, ct);
        var rule = check.Policy?.Policy?.Definition;
        var (heldUntil, promised) = await HoldsAsync(db, check, actor, now, ct);
        return new RequestPreview(
            check.Scope?.Vault.Name ?? "",
            check.Scope?.Secret?.Name,
            check.Role?.Name ?? "",
            rule?.Name,
            check.Policy?.Policy?.Version,
            rule?.Approvers.Select(g => g.Name).ToList() ?? [],
            rule?.LongestWindow,
            rule?.RequiresTicket ?? false,
            rule?.LapsesAfter,
            EndOf(draft, now),
            heldUntil,
            check.Scope is null ? null : PauseNotice.Of(await PausesInForce.FindAsync(db, actor.Id!.Value, check.Scope.Secret?.ArmId ?? check.Scope.Vault.ArmId, ct)),
            rule?.Provider,
            rule?.ProviderGroup?.Name,
            check.Scope is null || rule is null ? null : await room.ScarceAsync(check.Scope.Vault.ArmId, rule.Provider, ct),
            check.Refusals)
        {
            Promised = promised,
        };
    }

    // A duration that overflows the calendar is refused as too long; the preview still has to show something.
    private static DateTimeOffset EndOf(RequestDraft draft, DateTimeOffset now)
    {
        var start = draft.Start ?? now;
        return draft.Duration > DateTimeOffset.MaxValue - start ? DateTimeOffset.MaxValue
            : draft.Duration < TimeSpan.Zero ? start
            : start + draft.Duration;
    }

    private static async Task<(DateTimeOffset? HeldUntil, PromisedAccess? Promised)> HoldsAsync(PortalDb db, RequestCheck check, Actor actor, DateTimeOffset now, CancellationToken ct)
    {
        if (check.Scope is null || check.Role is null)
            return (null, null);
        // By what it is and not by the name of its assignment: that depends on the way it was given, and the policy may name another by now.
        var (scope, person, role) = (check.Scope.Secret?.ArmId ?? check.Scope.Vault.ArmId, actor.Id!.Value.ObjectId, check.Role.DefinitionId);
        // Only "not ended" is asked of the database: two states to leave out become a NOT IN, which no index of what has not ended answers.
        var live = await db.Grants
            .Where(g => g.PrincipalObjectId == person && g.Scope == scope && g.RoleDefinitionId == role && g.State != GrantState.Ended && g.EndsAt > now)
            .Select(g => new { g.State, g.StartsAt, g.EndsAt }).ToListAsync(ct);
        return (
            live.Where(g => g.State == GrantState.Active).Select(g => (DateTimeOffset?)g.EndsAt).Max(),
            live.Where(g => g.State is GrantState.Scheduled or GrantState.Provisioning).OrderBy(g => g.StartsAt).Select(g => new PromisedAccess(g.StartsAt, g.EndsAt)).FirstOrDefault());
    }
}
