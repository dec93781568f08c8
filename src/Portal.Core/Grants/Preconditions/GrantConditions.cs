using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Core.Policies;

namespace Portal.Core.Grants;

/// <summary>What was read just before a role is given.</summary>
/// <param name="Scope">The vault now.</param>
/// <param name="Role">What the role allows now; null when there is none such.</param>
/// <param name="Holder">The one who is to have it.</param>
/// <param name="Approver">The one who approved; null when no person did, or the directory has them no more.</param>
/// <param name="Pinned">The policy version that governed the request.</param>
/// <param name="Current">The policies in force.</param>
internal sealed record GrantFacts(ScopeSeen Scope, RoleSeen? Role, Standing Holder, DirectoryPrincipal? Approver, AccessPolicy? Pinned, IReadOnlyList<AccessPolicy> Current)
{
    /// <summary>What the group of a membership holds at the vault itself; empty for anything else.</summary>
    public IReadOnlyList<AssignmentSeen> HeldByGroup { get; init; } = [];

    /// <summary>The secret as the catalog last saw it.</summary>
    public SecretCondition Secret { get; init; }
}

/// <summary>What the catalog knows of a secret.</summary>
internal enum SecretCondition
{
    /// <summary>It is there, or it is not known that it is not; also for a vault as a whole.</summary>
    Fine,

    /// <summary>It is not in its vault any more.</summary>
    Gone,

    /// <summary>It is there, and nobody can read it.</summary>
    Disabled,
}

/// <summary>A condition that does not hold.</summary>
/// <param name="Code">Which.</param>
/// <param name="Message">What happened, and what to do.</param>
internal sealed record UnmetCondition(string Code, string Message);

/// <summary>What has to hold for a role to be given. Pure: no clock, no database, no call.</summary>
internal static class GrantConditions
{
    /// <summary>The role is not one that the portal grants.</summary>
    public const string RoleNotGrantable = AttentionCode.RoleNotGrantable;

    /// <summary>The role allows more than it is known for, or is gone.</summary>
    public const string RoleChanged = AttentionCode.RoleChanged;

    /// <summary>The vault is gone.</summary>
    public const string ScopeNotFound = AttentionCode.ScopeNotFound;

    /// <summary>Another vault stands under the name of the one that was approved.</summary>
    public const string ScopeReplaced = AttentionCode.ScopeReplaced;

    /// <summary>The vault goes by access policies.</summary>
    public const string VaultUsesAccessPolicies = AttentionCode.VaultUsesAccessPolicies;

    /// <summary>The vault stands, and the secret is not in it any more.</summary>
    public const string SecretNotFound = AttentionCode.SecretNotFound;

    /// <summary>The secret is disabled.</summary>
    public const string SecretDisabled = AttentionCode.SecretDisabled;

    /// <summary>A lock would keep the portal from taking the access back.</summary>
    public const string ScopeLocked = AttentionCode.ScopeLocked;

    /// <summary>The group whose member the holder would become does not hold the role at the vault.</summary>
    public const string GroupLacksRole = AttentionCode.GroupLacksRole;

    /// <summary>The holder's account is disabled or gone.</summary>
    public const string PrincipalDisabled = AttentionCode.PrincipalDisabled;

    /// <summary>The holder may not have this any more, by the policy as it was or as it is.</summary>
    public const string PrincipalNotEligible = AttentionCode.PrincipalNotEligible;

    /// <summary>No policy offers this any more.</summary>
    public const string PolicyWithdrawn = AttentionCode.PolicyWithdrawn;

    /// <summary>The policy allows only a shorter window now.</summary>
    public const string WindowTooLong = AttentionCode.WindowTooLong;

    /// <summary>The approval does not name an approver whom the policy of the request entitled.</summary>
    public const string ApproverNotEntitled = AttentionCode.ApproverNotEntitled;

    /// <summary>The approver's account is disabled or gone.</summary>
    public const string ApproverDisabled = AttentionCode.ApproverDisabled;

    /// <summary>This machine's clock is too far from the database's or Resource Manager's.</summary>
    public const string ClockSkew = AttentionCode.ClockSkew;

    /// <summary>Whether clocks disagree too much for anything to be given by them.</summary>
    /// <param name="skew">What is wrong; null for nothing.</param>
    public static UnmetCondition? UnmetByClock(ClockReading? skew) => skew is null
        ? null
        : new(ClockSkew, $"The clocks of this machine and of {(skew.Reference == ReferenceClock.Database ? "the database" : "Resource Manager")} are {skew.Offset.Duration().TotalSeconds:0} s apart. Nothing is given until they agree within {ClockWatch.Tolerance.TotalSeconds:0} s; taking back goes on. Set the clock that is wrong.");

    /// <summary>The audit trail is not sealed.</summary>
    public const string AuditNotSealed = AttentionCode.AuditNotSealed;

    /// <summary>Whether the audit trail's log is in such a state that nothing new may be given.</summary>
    /// <param name="why">What is wrong; null for nothing.</param>
    public static UnmetCondition? UnmetByAudit(string? why) => why is null
        ? null
        : new(AuditNotSealed, $"The audit trail is not sealed, so nothing new is given; taking back goes on. {why}");

    /// <summary>The first condition that does not hold.</summary>
    /// <returns>Null when all hold.</returns>
    public static UnmetCondition? FirstUnmet(Grant grant, GrantFacts facts) =>
        UnmetByScope(grant, facts) ?? UnmetByRole(grant, facts) ?? UnmetByGroup(grant, facts) ?? UnmetByHolder(grant, facts) ?? UnmetByPolicy(grant, facts) ?? UnmetByApproval(grant, facts);

    /// <summary>The first condition that does not hold any more for a role that was given: what takes its effect away, or would keep it from being taken back. Eligibility is asked when it is given, not while it is held.</summary>
    /// <returns>Null when all hold.</returns>
    public static UnmetCondition? FirstUnmetWhileHeld(Grant grant, ScopeSeen scope, SecretCondition secret, RoleSeen? role, bool holderIsEnabled)
    {
        var facts = new GrantFacts(scope, role, Standing.None with { Enabled = holderIsEnabled }, null, null, []) { Secret = secret };
        return UnmetByScope(grant, facts) ?? UnmetByRole(grant, facts) ?? (holderIsEnabled ? null : UnmetByHolder(grant, facts));
    }

    private static UnmetCondition? UnmetByScope(Grant grant, GrantFacts facts) => facts.Scope switch
    {
        { Exists: false } => new(ScopeNotFound, $"The vault {grant.VaultName} is not there any more. End this access, and ask for another secret."),
        { Fingerprint: { } now } when grant.VaultFingerprint is { Length: > 0 } approved && !VaultFingerprint.Same(approved, now) =>
            new(ScopeReplaced, $"The vault {grant.VaultName} was deleted and another one made under its name after the approval. End this access, and ask again for the new vault."),
        { PermissionModel: PermissionModel.AccessPolicies } =>
            new(VaultUsesAccessPolicies, $"The vault {grant.VaultName} goes by access policies: a role assignment would have no effect. Its owner has to switch it to Azure role-based access control."),
        { DeleteLock: { } name } => new(ScopeLocked, $"The lock '{name}' would keep the portal from taking the access back. Remove the lock or end the grant."),
        _ => UnmetBySecret(grant, facts.Secret),
    };

    private static UnmetCondition? UnmetBySecret(Grant grant, SecretCondition secret) => secret switch
    {
        SecretCondition.Gone => new(SecretNotFound, $"The secret {grant.SecretName} is not in {grant.VaultName} any more. If it is recovered within its vault's retention, this access works again; otherwise end it, and ask for another secret."),
        SecretCondition.Disabled => new(SecretDisabled, $"The secret {grant.SecretName} in {grant.VaultName} is disabled: nobody can read it. Its owner has to enable it."),
        SecretCondition.Fine => null,
    };

    private static UnmetCondition? UnmetByRole(Grant grant, GrantFacts facts)
    {
        if (GrantableRole.Find(grant.RoleDefinitionId) is not { } known)
            return new(RoleNotGrantable, $"The role {grant.RoleDefinitionId} is not one that the portal grants. End this access.");
        if (facts.Role is null)
            return new(RoleChanged, $"Azure has no role {grant.RoleName} any more. End this access.");
        return known.FirstBeyond(facts.Role) is { } beyond
            ? new(RoleChanged, $"The role {grant.RoleName} now allows '{beyond}', which the portal does not know it for. Somebody who knows Azure's roles has to look at it; until then it is not given.")
            : null;
    }

    // What was approved is this role at this vault. A group that does not hold it would give nothing, or something else.
    private static UnmetCondition? UnmetByGroup(Grant grant, GrantFacts facts) =>
        grant.GroupId is { } group && !facts.HeldByGroup.Any(a => a.RoleDefinitionId == grant.RoleDefinitionId)
            ? new(GroupLacksRole, $"The group {group} does not hold {grant.RoleName} at the vault {grant.VaultName} itself: membership would not give what was approved. Assign the role to the group, or end this access.")
            : null;

    private static UnmetCondition? UnmetByHolder(Grant grant, GrantFacts facts)
    {
        if (!facts.Holder.Enabled)
            return new(PrincipalDisabled, $"The account of {grant.PrincipalName} is disabled or gone. End this access.");
        return facts.Holder.Roles.Contains(PortalRole.Requester)
            ? null
            : new(PrincipalNotEligible, $"{grant.PrincipalName} may not ask for access any more: the account lost its role in the portal. End this access.");
    }

    // The stricter of the two: both have to allow it.
    private static UnmetCondition? UnmetByPolicy(Grant grant, GrantFacts facts)
    {
        if (facts.Pinned is null || GrantableRole.Find(grant.RoleDefinitionId) is not { } role)
            return new(PolicyWithdrawn, "The policy under which this was approved is not known. End this access, and ask again.");
        var asked = new Entitlement(grant.VaultName, grant.SecretName, role);
        var current = facts.Current.FirstOrDefault(p => p.Name == facts.Pinned.Name) ?? PolicyEvaluation.Governing(facts.Current, asked, facts.Holder.Groups);
        if (current?.Definition.Covers(asked) != true)
            return new(PolicyWithdrawn, $"The policy {facts.Pinned.Name} does not offer this any more, and no other does. End this access, or offer it again.");
        foreach (var policy in (AccessPolicy[])[facts.Pinned, current])
        {
            var rule = policy.Definition;
            if (!PolicyEvaluation.IsEligible(rule, facts.Holder.Groups))
                return new(PrincipalNotEligible, $"{grant.PrincipalName} is in none of the groups that may have this by version {policy.Version} of the policy {policy.Name}: {PolicyEvaluation.Names(rule.Eligible)}. Add them to one, or end this access.");
            if (grant.EndsAt - grant.StartsAt > rule.LongestWindow)
                return new(WindowTooLong, $"Version {policy.Version} of the policy {policy.Name} allows {rule.LongestWindow.TotalMinutes:0} minutes, and {(grant.EndsAt - grant.StartsAt).TotalMinutes:0} were approved. End this access, and ask for a shorter one.");
        }

        return null;
    }

    private static UnmetCondition? UnmetByApproval(Grant grant, GrantFacts facts)
    {
        var entitled = grant.Approver is { } who && who != grant.Principal && facts.Pinned!.Definition.Approvers.Any(g => g.Id == grant.ApproverGroupId);
        if (!entitled)
            return new(ApproverNotEntitled, "The record of the approval does not name an approver whom the policy entitled when deciding. End this access, and ask again.");
        return facts.Approver is { Enabled: true }
            ? null
            : new(ApproverDisabled, $"The account of {grant.ApproverName}, who approved this, is disabled or gone. End this access, and have somebody else approve it.");
    }
}
