namespace Portal.Core.Identity;

/// <summary>An Entra object, known by its tenant and object id. Nothing else identifies it: names and addresses change.</summary>
/// <param name="TenantId">The Entra tenant (<c>tid</c>).</param>
/// <param name="ObjectId">The object in that tenant (<c>oid</c>).</param>
public readonly record struct PrincipalId(Guid TenantId, Guid ObjectId);

/// <summary>What kind of Entra object a principal is; Azure wants to be told when it is given a role.</summary>
public enum PrincipalKind
{
    /// <summary>A person's account.</summary>
    User,

    /// <summary>A security group.</summary>
    Group,

    /// <summary>An application's identity, a managed identity among them.</summary>
    ServicePrincipal,
}
