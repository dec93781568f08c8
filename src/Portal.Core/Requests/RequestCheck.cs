using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Core.Policies;

namespace Portal.Core.Requests;

/// <summary>What is asked.</summary>
/// <param name="Scope">The ARM id of a vault or a secret of the catalog.</param>
/// <param name="RoleDefinitionId">The role's GUID.</param>
/// <param name="Start">From when; null for as soon as approved.</param>
/// <param name="Duration">How long.</param>
/// <param name="Justification">Why.</param>
/// <param name="Ticket">The ticket number; null or empty for none.</param>
public sealed record RequestDraft(string Scope, Guid RoleDefinitionId, DateTimeOffset? Start, TimeSpan Duration, string? Justification, string? Ticket);

/// <summary>All that can be said of a draft before it is sent. The dialog shows it; sending decides by it.</summary>
/// <param name="Scope">The scope; null when the catalog has none such.</param>
/// <param name="Role">The role; null when it can never be granted.</param>
/// <param name="Policy">What the policies say; null when scope or role are missing.</param>
/// <param name="Refusals">All that stands against sending it, the most telling first; empty when it may be sent.</param>
internal sealed record RequestCheck(RequestScope? Scope, GrantableRole? Role, PolicyVerdict? Policy, IReadOnlyList<Refusal> Refusals)
{
    /// <summary>Whether a pending one of the very same has run out and has not lapsed yet.</summary>
    public bool OneIsOverdue { get; private init; }

    /// <summary>Checks a draft.</summary>
    public static async Task<RequestCheck> RunAsync(PortalDb db, RequestDraft draft, Actor actor, DateTimeOffset now, CancellationToken ct)
    {
        var refusals = new List<Refusal>();
        var scope = await RequestScope.FindAsync(db, draft.Scope, ct);
        var role = GrantableRole.Find(draft.RoleDefinitionId);
        PolicyVerdict? verdict = null;
        PendingAlike? alike = null;

        if (role is null)
            refusals.Add(new Refusal(RefusalCode.RoleNotGrantable, "role"));
        if (scope is null)
            refusals.Add(new Refusal(RefusalCode.ScopeUnknown, "scope"));
        else
            refusals.AddRange(scope.Obstacles());

        if (scope is not null && role is not null)
        {
            var policies = await db.AccessPolicies.AsNoTracking().Where(p => p.RetiredAt == null).ToListAsync(ct);
            var entitlement = new Entitlement(scope.Vault.Name, scope.Secret?.Name, role);
            verdict = PolicyEvaluation.Evaluate(policies, new PolicyQuestion(entitlement, actor.Groups, draft.Duration, draft.Start, draft.Ticket), now);
            refusals.AddRange(verdict.Refusals);
            alike = await AlikeAsync(db, scope, role, actor, ct);
            if (alike?.LapsesAt > now)
                refusals.Add(new Refusal(RefusalCode.DuplicateRequest, null, alike.Reference));
        }

        if (PersonText.CheckRequired(draft.Justification, "justification") is { } justification)
            refusals.Add(justification);
        if (PersonText.CheckOptional(draft.Ticket, "ticket", PersonText.MaxTicketLength) is { } ticket)
            refusals.Add(ticket);
        return new RequestCheck(scope, role, verdict, refusals) { OneIsOverdue = alike?.LapsesAt <= now };
    }

    // Of the very same there is one that is pending, or none.
    private static Task<PendingAlike?> AlikeAsync(PortalDb db, RequestScope scope, GrantableRole role, Actor actor, CancellationToken ct)
    {
        var armId = scope.Secret?.ArmId ?? scope.Vault.ArmId;
        var objectId = actor.Id!.Value.ObjectId;
        return db.AccessRequests
            .Where(r => r.State == RequestState.Pending && r.RequesterObjectId == objectId && r.Scope == armId && r.RoleDefinitionId == role.DefinitionId)
            .Select(r => new PendingAlike(r.Reference, r.LapsesAt))
            .FirstOrDefaultAsync(ct);
    }

    private sealed record PendingAlike(string Reference, DateTimeOffset LapsesAt);
}
