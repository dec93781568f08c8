using Portal.Core.Catalog;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>Which grants may be given now.</summary>
/// <param name="Cleared">Those that may.</param>
/// <param name="HeldBack">Those that may not, and why. They are looked at again until their end.</param>
public sealed record Clearance(IReadOnlySet<Guid> Cleared, IReadOnlyDictionary<Guid, CloudCallException> HeldBack)
{
    /// <summary>Nothing was to be cleared.</summary>
    public static Clearance Nothing { get; } = new(new HashSet<Guid>(), new Dictionary<Guid, CloudCallException>());

    /// <summary>Whether a grant counts: it is active, or it may be given, and it is not held back.</summary>
    public bool Counts(Grant grant) => !HeldBack.ContainsKey(grant.Id) && (grant.State == GrantState.Active || Cleared.Contains(grant.Id));
}

/// <summary>What is looked at in the cloud itself just before a role is given. Granting fails closed: what cannot be looked at is not granted.</summary>
public sealed class GrantPreconditions(IVaultInventory inventory, IDirectory directory)
{
    /// <summary>Checks them for each grant.</summary>
    public async Task<Clearance> ClearAsync(IReadOnlyCollection<Grant> grants, CancellationToken ct)
    {
        var cleared = new HashSet<Guid>();
        var heldBack = new Dictionary<Guid, CloudCallException>();
        foreach (var grant in grants)
        {
            try
            {
                await CheckAsync(grant, ct);
                cleared.Add(grant.Id);
            }
            catch (CloudCallException fault)
            {
                heldBack.Add(grant.Id, fault);
            }
        }

        return new Clearance(cleared, heldBack);
    }

    /// <summary>Checks them for one grant.</summary>
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
