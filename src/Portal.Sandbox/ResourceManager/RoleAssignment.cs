namespace Portal.Sandbox.ResourceManager;

/// <summary>A role given to a principal at a scope.</summary>
/// <param name="Name">Chosen by who made it; unique in the tenant.</param>
/// <param name="Scope">Where it holds, with everything below.</param>
/// <param name="RoleDefinitionId">GUID of the role.</param>
/// <param name="PrincipalId">Object id of a user, group or service principal.</param>
/// <param name="PrincipalType"><c>User</c>, <c>Group</c> or <c>ServicePrincipal</c>.</param>
public sealed record RoleAssignment(Guid Name, ArmScope Scope, Guid RoleDefinitionId, Guid PrincipalId, string PrincipalType)
{
    /// <summary>Free text, at most 1,024 characters; may be null.</summary>
    public string? Description { get; init; }

    /// <summary>A condition in Azure's language; null when there is none.</summary>
    public string? Condition { get; init; }

    /// <summary><c>2.0</c> when there is a condition, else null.</summary>
    public string? ConditionVersion { get; init; }

    /// <summary>As the caller sent it; has no effect here.</summary>
    public string? DelegatedManagedIdentityResourceId { get; init; }

    /// <summary>When it was made, by the sandbox's clock.</summary>
    public DateTimeOffset CreatedOn { get; init; }

    /// <summary>When it was last written.</summary>
    public DateTimeOffset UpdatedOn { get; init; }

    /// <summary>Object id of who made it.</summary>
    public Guid? CreatedBy { get; init; }

    /// <summary>Object id of who wrote it last.</summary>
    public Guid? UpdatedBy { get; init; }

    /// <summary>Its ARM id.</summary>
    public string Id => $"{(Scope.IsRoot ? "" : Scope.Value)}/providers/Microsoft.Authorization/roleAssignments/{Name}";
}
