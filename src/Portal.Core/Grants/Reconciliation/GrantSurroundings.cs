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
    private static readonly string[] WhatIsGone = [DriftCode.ScopeNotFound, DriftCode.SecretNotFound, DriftCode.PrincipalDisabled];

    /// <summary>Something around a grant, by what does not hold any more.</summary>
    public Impairment(UnmetCondition unmet) : this(WhatIsGone.Contains(unmet.Code) ? DriftKind.Missing : DriftKind.Altered, unmet.Code, unmet.Message)
    {
    }

    /// <summary>The codes that a look at the surroundings sets on grants, and takes away again.</summary>
    public static IReadOnlyList<string> Codes { get; } =
        [DriftCode.ScopeNotFound, DriftCode.SecretNotFound, DriftCode.SecretDisabled, DriftCode.ScopeReplaced, DriftCode.VaultUsesAccessPolicies, DriftCode.ScopeLocked, DriftCode.PrincipalDisabled, DriftCode.RoleNotGrantable, DriftCode.RoleChanged];
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
    private readonly Dictionary<string, ScopeSeen?> _vaults = [];
    private readonly Dictionary<Guid, RoleAnswer> _roles = [];
    private readonly Dictionary<PrincipalId, bool?> _enabled = [];
    private bool _directoryAnswers = true;

    /// <summary>Whether a vault was looked at and is not there any more.</summary>
    public bool IsGone(string vaultScope) => _vaults.TryGetValue(vaultScope, out var seen) && seen is { Exists: false };

    /// <summary>Looks.</summary>
    public async Task<Surroundings> OfAsync(Grant grant, CancellationToken ct)
    {
        var vaultScope = ArmId.VaultOf(grant.Scope);
        if (!_vaults.TryGetValue(vaultScope, out var vault))
            _vaults[vaultScope] = vault = await AskAsync(grant.VaultName, () => inventory.InspectAsync(vaultScope, null, ct));
        if (vault is null)
            return Surroundings.Unknown;
        if (!vault.Exists)
            return new Surroundings(true, new Impairment(DriftKind.Missing, DriftCode.ScopeNotFound, await WhereIsItAsync(vaultScope, grant.VaultName, ct)));

        // Built-in roles are the same everywhere: each is read once, at the first vault that needs it.
        if (!_roles.TryGetValue(grant.RoleDefinitionId, out var role) && await AskAsync(grant.VaultName, async () => new RoleAnswer(await inventory.ReadRoleAsync(vaultScope, grant.RoleDefinitionId, ct))) is { } answer)
            _roles[grant.RoleDefinitionId] = role = answer;
        // A vault that does not answer is asked once, not once for each grant.
        if (role is null)
            _vaults[vaultScope] = null;
        if (!_enabled.TryGetValue(grant.Principal, out var enabled))
            _enabled[grant.Principal] = enabled = await IsEnabledAsync(grant.Principal, ct);
        if (role is null || enabled is not { } holderIsEnabled)
            return Surroundings.Unknown;
        await using var db = await databases.CreateDbContextAsync(ct);
        var secret = await GrantPreconditions.SecretAsync(db, grant, ct);
        return GrantConditions.FirstUnmetWhileHeld(grant, vault, secret, role.Role, holderIsEnabled) is { } unmet ? new Surroundings(true, new Impairment(unmet)) : Surroundings.Fine;
    }

    private async Task<T?> AskAsync<T>(string vaultName, Func<Task<T>> ask) where T : class
    {
        try
        {
            return await ask();
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

    private sealed record RoleAnswer(RoleSeen? Role);
}
