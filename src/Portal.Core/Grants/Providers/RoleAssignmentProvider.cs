using Portal.Core.Catalog;

namespace Portal.Core.Grants;

/// <summary>Grants as role assignments of the portal's own, told by their name and their mark.</summary>
public sealed class RoleAssignmentProvider(IRoleAssignments assignments) : IGrantProvider
{
    /// <inheritdoc />
    public GrantProvider Kind => GrantProvider.RoleAssignment;

    /// <inheritdoc />
    public Task<AssignmentWritten> PutAsync(AssignmentTarget target, DateTimeOffset until, CancellationToken ct) => assignments.PutAsync(
        new AssignmentOrder(target.Scope, target.Name, target.PrincipalId, target.PrincipalKind, target.RoleDefinitionId, AssignmentMark.For(until)), ct);

    /// <inheritdoc />
    public Task<ProviderCall> DeleteAsync(AssignmentTarget target, CancellationToken ct) => assignments.DeleteAsync(target.Scope, target.Name, ct);

    /// <inheritdoc />
    public async Task<AssignmentReading> ReadAsync(AssignmentTarget target, DateTimeOffset? until, CancellationToken ct) =>
        AssignmentReading.Of(await assignments.FindAsync(target.Scope, target.Name, ct), target, until);
}
