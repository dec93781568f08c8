using Portal.Core.Catalog;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>The seam to one way in which grants reach the cloud. Every call may be repeated; implementations throw <see cref="CloudCallException"/> for what they cannot do.</summary>
public interface IGrantProvider
{
    /// <summary>The way.</summary>
    GrantProvider Kind { get; }

    /// <summary>Gives what the target names, or moves its end where the provider keeps one.</summary>
    /// <param name="target">What to give, and to whom.</param>
    /// <param name="until">Until when.</param>
    /// <param name="ct">Cancels.</param>
    Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct);

    /// <summary>Takes it. What is already gone is no error; what is not the portal's stays.</summary>
    /// <returns>The provider's ids of the call, if there was one and it gave any.</returns>
    Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct);

    /// <summary>Reads what is there.</summary>
    /// <param name="target">What to look for.</param>
    /// <param name="until">Until when it was ordered; null when it is to be absent.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Never <see cref="ReadingKind.Failed"/>: that is an exception here.</returns>
    Task<AssignmentReading> ReadAsync(AssignmentTarget target, DateTimeOffset? until, CancellationToken ct);
}

/// <summary>What a row of the desired state stands for in the cloud.</summary>
/// <param name="Scope">The ARM id of a vault or secret; for a membership, the group.</param>
/// <param name="Name">The row's key, and the name of what has one.</param>
/// <param name="PrincipalId">The principal's object id.</param>
/// <param name="PrincipalKind">What kind of object it is.</param>
/// <param name="RoleDefinitionId">The role definition's GUID; empty for a membership.</param>
/// <param name="GroupId">The group of a membership; null for anything else.</param>
public sealed record AssignmentTarget(string Scope, Guid Name, Guid PrincipalId, PrincipalKind PrincipalKind, Guid RoleDefinitionId, Guid? GroupId);

/// <summary>Picks the provider that a row goes by.</summary>
public sealed class GrantProviders
{
    private readonly Dictionary<GrantProvider, IGrantProvider> _providers;

    /// <summary>Takes those that there are: one for each kind.</summary>
    /// <exception cref="ArgumentException">Two are of one kind.</exception>
    public GrantProviders(IEnumerable<IGrantProvider> providers) => _providers = providers.ToDictionary(p => p.Kind);

    /// <summary>The provider of a row.</summary>
    /// <exception cref="CloudCallException">With code <c>ProviderMissing</c>: there is none.</exception>
    public IGrantProvider For(DesiredAssignment assignment) => _providers.GetValueOrDefault(assignment.Provider)
        ?? throw new CloudCallException(AttentionCode.ProviderMissing, $"This portal has nothing that speaks to {assignment.Provider}.", null, isTransient: false);
}
