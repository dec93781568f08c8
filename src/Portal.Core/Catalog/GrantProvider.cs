using System.Text.Json.Serialization;

namespace Portal.Core.Catalog;

/// <summary>How a grant reaches the cloud.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GrantProvider>))]
public enum GrantProvider
{
    /// <summary>A role assignment at the scope, made and taken by the portal.</summary>
    RoleAssignment,

    /// <summary>Membership in a group that holds the role at the vault. No role assignment is made, so neither Azure's limit of 4,000 nor Resource Manager's throttling counts.</summary>
    GroupMembership,

    /// <summary>A schedule of Privileged Identity Management: a role assignment that Azure itself ends, also when the portal is gone. Needs Entra ID P2.</summary>
    PimSchedule,
}

/// <summary>How the grants of a policy reach the cloud.</summary>
/// <param name="Provider">The way.</param>
/// <param name="GroupId">The group's object id; null unless the way is <see cref="GrantProvider.GroupMembership"/>.</param>
public sealed record ProviderChoice(GrantProvider Provider, Guid? GroupId = null)
{
    /// <summary>The way that grants go unless a policy says otherwise.</summary>
    public static ProviderChoice RoleAssignment { get; } = new(GrantProvider.RoleAssignment);
}
