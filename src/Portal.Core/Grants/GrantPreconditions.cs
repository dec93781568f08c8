using Portal.Core.Catalog;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>What is looked at in the cloud itself just before a role is given. Granting fails closed: what cannot be looked at is not granted.</summary>
public sealed class GrantPreconditions(IVaultInventory inventory, IDirectory directory)
{
    /// <summary>Checks them.</summary>
    /// <exception cref="CloudCallException">One does not hold, with a code that says which (<c>ScopeLocked</c>, <c>VaultUsesAccessPolicies</c>, <c>ScopeNotFound</c>, <c>PrincipalDisabled</c>, <c>RoleNotGrantable</c>), or the cloud could not be asked.</exception>
    public async Task CheckAsync(Grant grant, CancellationToken ct)
    {
        if (GrantableRole.Find(grant.RoleDefinitionId) is null)
            throw Unmet("RoleNotGrantable", $"The role {grant.RoleDefinitionId} is not one that the portal grants.");

        var scope = await inventory.InspectAsync(ArmId.VaultOf(grant.Scope), grant.SecretName, ct);
        if (!scope.Exists)
            throw Unmet("ScopeNotFound", $"The vault {grant.VaultName} is not there any more.");
        if (scope.PermissionModel == PermissionModel.AccessPolicies)
            throw Unmet("VaultUsesAccessPolicies", $"The vault {grant.VaultName} goes by access policies: a role assignment would have no effect.");
        if (scope.DeleteLock is { } name)
            throw Unmet("ScopeLocked", $"The lock '{name}' would keep the portal from taking the access back. Remove the lock or end the grant.");

        var standing = await directory.StandingOfAsync(grant.Principal, ct);
        if (!standing.Enabled)
            throw Unmet("PrincipalDisabled", $"The account of {grant.PrincipalName} is disabled or gone.");
    }

    private static CloudCallException Unmet(string code, string message) => new(code, message, status: null, isTransient: false);
}
