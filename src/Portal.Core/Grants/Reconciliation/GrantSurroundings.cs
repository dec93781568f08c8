using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Reconciliation;

/// <summary>Something around a live grant that takes its effect away, or would keep the portal from ending it.</summary>
/// <param name="Kind">How it differs from when the grant was given.</param>
/// <param name="Code">One of <see cref="Codes"/>.</param>
/// <param name="Message">What happened and what to do.</param>
internal sealed record Impairment(DriftKind Kind, string Code, string Message)
{
    /// <summary>The codes that a look at the surroundings sets on grants, and takes away again.</summary>
    public static IReadOnlyList<string> Codes { get; } =
        [DriftCode.ScopeNotFound, DriftCode.VaultUsesAccessPolicies, DriftCode.PrincipalDisabled, DriftCode.RoleNotGrantable, DriftCode.ScopeLocked];
}

/// <summary>What was found around a grant.</summary>
/// <param name="IsKnown">False when the cloud could not be asked: then nothing is changed.</param>
/// <param name="Impairment">What is in the way; null for nothing.</param>
internal sealed record Surroundings(bool IsKnown, Impairment? Impairment)
{
    public static Surroundings Unknown { get; } = new(false, null);

    public static Surroundings Fine { get; } = new(true, null);
}

/// <summary>Looks at what live grants rest on: vault, locks, permission model, principal, role. Each vault and each principal is asked for once in a run.</summary>
/// <remarks>One per run: it remembers what it was told.</remarks>
internal sealed class GrantSurroundings(IVaultInventory inventory, IDirectory directory, IDbContextFactory<PortalDb> databases, Action<string, CloudCallException> failed)
{
    private readonly ConcurrentDictionary<string, ScopeSeen?> _vaults = new();
    private readonly ConcurrentDictionary<PrincipalId, bool?> _enabled = new();
    private volatile bool _directoryAnswers = true;

    /// <summary>Whether a vault was looked at and is not there any more.</summary>
    public bool IsGone(string vaultScope) => _vaults.TryGetValue(vaultScope, out var seen) && seen is { Exists: false };

    /// <summary>Looks.</summary>
    public async Task<Surroundings> OfAsync(Grant grant, CancellationToken ct)
    {
        var vaultScope = ArmId.VaultOf(grant.Scope);
        if (!_vaults.TryGetValue(vaultScope, out var vault))
            _vaults[vaultScope] = vault = await InspectAsync(vaultScope, grant.VaultName, ct);
        if (vault is null)
            return Surroundings.Unknown;
        if (!vault.Exists)
            return Impaired(DriftKind.Missing, DriftCode.ScopeNotFound, await WhereIsItAsync(vaultScope, grant.VaultName, ct));
        if (vault.PermissionModel == PermissionModel.AccessPolicies)
            return Impaired(DriftKind.Altered, DriftCode.VaultUsesAccessPolicies, $"The vault {grant.VaultName} goes by access policies now: the role has no effect there. Switch it back, or end the grant.");
        if (GrantableRole.Find(grant.RoleDefinitionId) is null)
            return Impaired(DriftKind.Altered, DriftCode.RoleNotGrantable, $"The role {grant.RoleName} is not one that the portal gives any more. End the grant.");

        if (!_enabled.TryGetValue(grant.Principal, out var enabled))
            _enabled[grant.Principal] = enabled = await IsEnabledAsync(grant.Principal, ct);
        if (enabled == false)
            return Impaired(DriftKind.Missing, DriftCode.PrincipalDisabled, $"The account of {grant.PrincipalName} is disabled or gone. The role is taken back when the grant ends; end it now if the account will not come back.");
        if (vault.DeleteLock is { } name)
            return Impaired(DriftKind.Altered, DriftCode.ScopeLocked, $"The lock '{name}' keeps the portal from taking the access back. Remove it before the grant ends.");
        return enabled is null ? Surroundings.Unknown : Surroundings.Fine;
    }

    private static Surroundings Impaired(DriftKind kind, string code, string message) => new(true, new Impairment(kind, code, message));

    private async Task<ScopeSeen?> InspectAsync(string vaultScope, string vaultName, CancellationToken ct)
    {
        try
        {
            return await inventory.InspectAsync(vaultScope, null, ct);
        }
        catch (CloudCallException fault)
        {
            failed(vaultName, fault);
            return null;
        }
    }

    private async Task<bool?> IsEnabledAsync(PrincipalId principal, CancellationToken ct)
    {
        if (!_directoryAnswers)
            return null;
        try
        {
            return (await directory.FindAsync(principal, ct))?.Enabled ?? false;
        }
        catch (CloudCallException fault)
        {
            // Asked once in vain, not once for each person.
            _directoryAnswers = false;
            failed("(directory)", fault);
            return null;
        }
    }

    private async Task<string> WhereIsItAsync(string vaultScope, string vaultName, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        var moved = await db.Vaults.Where(v => v.Name == vaultName && v.ArmId != vaultScope && v.GoneAt == null).Select(v => v.ArmId).FirstOrDefaultAsync(ct);
        return moved is null
            ? $"The vault {vaultName} is not there any more: the role has no effect, and the grant ends at its time. If the vault is recovered, the role is given again."
            : $"The vault {vaultName} has moved to {moved}: role assignments do not move along, so the role has no effect. Ask for access at the new place.";
    }
}
