using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>The seam to the cloud's role assignments. Every call may be repeated; implementations throw <see cref="CloudCallException"/> for what they cannot do.</summary>
public interface IRoleAssignments
{
    /// <summary>Creates the assignment, or brings the description of the one with this name up to date.</summary>
    Task<AssignmentWritten> PutAsync(AssignmentOrder order, CancellationToken ct);

    /// <summary>Removes the assignment with this name. One that is already gone is no error.</summary>
    /// <returns>The provider's ids of the call, if it gave any.</returns>
    Task<ProviderCall> DeleteAsync(string scope, Guid name, CancellationToken ct);

    /// <summary>Reads the assignment with this name.</summary>
    /// <returns>Null when it is not there.</returns>
    Task<AssignmentSeen?> FindAsync(string scope, Guid name, CancellationToken ct);

    /// <summary>Lists the assignments of one principal at exactly this scope: none above it, none below.</summary>
    Task<IReadOnlyList<AssignmentSeen>> ListAtAsync(string scope, Guid principalId, CancellationToken ct);

    /// <summary>Lists all assignments at a vault and at everything below it, whoever made them, page by page; none above. The list may lag behind what was written by 10 minutes, and one assignment may come twice.</summary>
    /// <param name="vaultScope">The ARM id of a vault.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="CloudCallException">While it is read, too: what came before is true, and more there may be.</exception>
    IAsyncEnumerable<AssignmentSeen> ListUnderAsync(string vaultScope, CancellationToken ct);

    /// <summary>How many role assignments a subscription has, whoever made them, and how many it may have.</summary>
    Task<AssignmentUsage> ReadUsageAsync(string subscriptionId, CancellationToken ct);
}

/// <summary>How many role assignments a subscription has.</summary>
/// <param name="Used">How many.</param>
/// <param name="Limit">How many it may have; Azure raises that for nobody.</param>
public sealed record AssignmentUsage(int Used, int Limit)
{
    /// <summary>How many more Azure takes, from 0.</summary>
    public int Left => Math.Max(0, Limit - Used);
}

/// <summary>What to put: the cloud keeps one assignment per (scope, principal, role).</summary>
/// <param name="Scope">The ARM id of a vault or of one secret.</param>
/// <param name="Name">The assignment's name, derived from the trio.</param>
/// <param name="PrincipalId">The principal's object id.</param>
/// <param name="PrincipalKind">Sent along: a fresh principal is not found without it.</param>
/// <param name="RoleDefinitionId">The role definition's GUID.</param>
/// <param name="Description">The portal's mark and the expiry, at most 1,024 characters.</param>
public sealed record AssignmentOrder(string Scope, Guid Name, Guid PrincipalId, PrincipalKind PrincipalKind, Guid RoleDefinitionId, string Description);

/// <summary>What became of a put.</summary>
/// <param name="Outcome">Ours, or somebody else's of the same trio.</param>
/// <param name="Call">The provider's ids of the call, if it gave any.</param>
public sealed record AssignmentWritten(AssignmentWriteOutcome Outcome, ProviderCall Call);

/// <summary>The ways a put can end without being a failure.</summary>
public enum AssignmentWriteOutcome
{
    /// <summary>The assignment stands under our name.</summary>
    Ours,

    /// <summary>The same principal has the same role at the same scope by an assignment that is not ours.</summary>
    HeldByAnother,

    /// <summary>It was there before the call, and nothing on it says whose it is. It is ours only when an earlier call of ours may have made it.</summary>
    AlreadyThere,
}

/// <summary>An assignment as the cloud shows it.</summary>
/// <param name="Scope">Where it stands.</param>
/// <param name="Name">Its name.</param>
/// <param name="PrincipalId">Who has it.</param>
/// <param name="RoleDefinitionId">The role definition's GUID, whatever prefix the answer carried.</param>
/// <param name="Description">Free text; ours carry the portal's mark.</param>
public sealed record AssignmentSeen(string Scope, Guid Name, Guid PrincipalId, Guid RoleDefinitionId, string? Description)
{
    /// <summary>The tenant that the principal is known in.</summary>
    public Guid TenantId { get; init; }

    /// <summary>What kind of object the principal is; null when the answer names none that the portal knows.</summary>
    public PrincipalKind? PrincipalKind { get; init; }

    /// <summary>A condition that narrows it; null when there is none. The portal's own have none.</summary>
    public string? Condition { get; init; }

    /// <summary>When it was last written, by the provider's clock; null when the answer does not say.</summary>
    public DateTimeOffset? WrittenAt { get; init; }
}
