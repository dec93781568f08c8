using Portal.Core.Catalog;
using Portal.Core.Identity;

namespace Portal.Core.Grants.Reconciliation;

/// <summary>How what is differs from what should be.</summary>
public enum DriftKind
{
    /// <summary>What a live grant rests on is not there any more: its assignment, its vault or its principal.</summary>
    Missing,

    /// <summary>There is an assignment that no live grant explains, or somebody else's where ours should be.</summary>
    Unexpected,

    /// <summary>It is there, and not as it should be: the assignment's own text or condition, or the vault or role around it.</summary>
    Altered,
}

/// <summary>What the portal does about drift.</summary>
public enum DriftAction
{
    /// <summary>The assignment is put back.</summary>
    PutBack,

    /// <summary>The assignment is removed.</summary>
    Removed,

    /// <summary>The assignment's text and condition are put right.</summary>
    PutRight,

    /// <summary>Nothing: it is not the portal's to change. The grants concerned say so.</summary>
    LeftAlone,
}

/// <summary>What exactly was found. Stable codes; those about what surrounds a grant are the ones that keep a role from being given, and that the grant shows.</summary>
public static class DriftCode
{
    /// <summary>A live grant needs the assignment, it was there before, and is gone.</summary>
    public const string AssignmentMissing = "AssignmentMissing";

    /// <summary>An assignment with the portal's mark that no live grant explains.</summary>
    public const string AssignmentUnexpected = "AssignmentUnexpected";

    /// <summary>Somebody else's assignment stands on the trio of a live grant: standing access.</summary>
    public const string HeldByAnother = "HeldByAnother";

    /// <summary>The assignment's description or condition is not the portal's.</summary>
    public const string AssignmentAltered = "AssignmentAltered";

    /// <summary>The vault is not there any more: deleted, or moved.</summary>
    public const string ScopeNotFound = GrantConditions.ScopeNotFound;

    /// <summary>The vault stands, and the secret is not in it any more.</summary>
    public const string SecretNotFound = GrantConditions.SecretNotFound;

    /// <summary>The secret is disabled: nobody can read it.</summary>
    public const string SecretDisabled = GrantConditions.SecretDisabled;

    /// <summary>Another vault stands under the name of the one that was approved.</summary>
    public const string ScopeReplaced = GrantConditions.ScopeReplaced;

    /// <summary>The vault went over to access policies: role assignments have no effect.</summary>
    public const string VaultUsesAccessPolicies = GrantConditions.VaultUsesAccessPolicies;

    /// <summary>A lock would keep the portal from taking the access back.</summary>
    public const string ScopeLocked = GrantConditions.ScopeLocked;

    /// <summary>The holder's account is disabled or gone.</summary>
    public const string PrincipalDisabled = GrantConditions.PrincipalDisabled;

    /// <summary>The role is not one that the portal may give any more.</summary>
    public const string RoleNotGrantable = GrantConditions.RoleNotGrantable;

    /// <summary>The role allows more than it is known for, or is gone.</summary>
    public const string RoleChanged = GrantConditions.RoleChanged;
}

/// <summary>One difference between what is and what should be: what was found, what was done about it, and when it was over. Names are copies.</summary>
public sealed class Drift
{
    /// <summary>The longest text that is kept of what was found.</summary>
    public const int LongestDetail = 2000;

    private Drift()
    {
    }

    /// <summary>Notes drift of a trio.</summary>
    public Drift(DriftKind kind, string code, DriftAction action, DriftSubject subject, string detail, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        Kind = kind;
        Code = code;
        Action = action;
        AssignmentName = subject.AssignmentName;
        Scope = subject.Scope;
        VaultScope = ArmId.VaultOf(subject.Scope);
        VaultName = subject.VaultName;
        SecretName = subject.SecretName;
        PrincipalTenantId = subject.Principal.TenantId;
        PrincipalObjectId = subject.Principal.ObjectId;
        PrincipalName = subject.PrincipalName;
        RoleDefinitionId = subject.RoleDefinitionId;
        RoleName = subject.RoleName;
        RequestReference = subject.RequestReference;
        Detail = detail.Length > LongestDetail ? detail[..LongestDetail] : detail;
        FoundAt = now;
    }

    /// <summary>The key.</summary>
    public Guid Id { get; private set; }

    /// <summary>How it differs.</summary>
    public DriftKind Kind { get; private set; }

    /// <summary>What exactly was found: one of <see cref="DriftCode"/>.</summary>
    public string Code { get; private set; } = "";

    /// <summary>What the portal does about it.</summary>
    public DriftAction Action { get; private set; }

    /// <summary>The name of the assignment that it is about, as the cloud knows it.</summary>
    public Guid AssignmentName { get; private set; }

    /// <summary>The ARM id of the vault or secret.</summary>
    public string Scope { get; private set; } = "";

    /// <summary>The ARM id of the vault.</summary>
    public string VaultScope { get; private set; } = "";

    /// <summary>The vault's name as seen then.</summary>
    public string VaultName { get; private set; } = "";

    /// <summary>The secret's name as seen then; null for the vault as a whole.</summary>
    public string? SecretName { get; private set; }

    /// <summary>The principal's tenant.</summary>
    public Guid PrincipalTenantId { get; private set; }

    /// <summary>The principal's object id.</summary>
    public Guid PrincipalObjectId { get; private set; }

    /// <summary>The principal's name as the portal knew it then; the object id when it knew none.</summary>
    public string PrincipalName { get; private set; } = "";

    /// <summary>The role definition's GUID.</summary>
    public Guid RoleDefinitionId { get; private set; }

    /// <summary>The role's name; the GUID for one that the portal never gives.</summary>
    public string RoleName { get; private set; } = "";

    /// <summary>The request whose grant is concerned; null when none is.</summary>
    public string? RequestReference { get; private set; }

    /// <summary>What was seen, in words; part of it may come from outside.</summary>
    public string Detail { get; private set; } = "";

    /// <summary>When it was found.</summary>
    public DateTimeOffset FoundAt { get; private set; }

    /// <summary>When a later look found everything in order; null while it is open.</summary>
    public DateTimeOffset? ResolvedAt { get; private set; }

    /// <summary>A later look found everything in order.</summary>
    /// <exception cref="InvalidOperationException">It was resolved before.</exception>
    public void Resolve(DateTimeOffset now)
    {
        if (ResolvedAt is not null)
            throw new InvalidOperationException($"Drift {Id} is resolved.");
        ResolvedAt = now;
    }
}

/// <summary>What drift is about.</summary>
/// <param name="AssignmentName">The assignment's name in the cloud.</param>
/// <param name="Scope">The ARM id.</param>
/// <param name="VaultName">The vault's name.</param>
/// <param name="SecretName">The secret's name; null for the vault as a whole.</param>
/// <param name="Principal">Whose access it is.</param>
/// <param name="PrincipalName">Their name, or the object id.</param>
/// <param name="RoleDefinitionId">The role definition's GUID.</param>
/// <param name="RoleName">The role's name, or the GUID.</param>
/// <param name="RequestReference">The request whose grant is concerned; null when none is.</param>
public sealed record DriftSubject(Guid AssignmentName, string Scope, string VaultName, string? SecretName, PrincipalId Principal, string PrincipalName, Guid RoleDefinitionId, string RoleName, string? RequestReference);
