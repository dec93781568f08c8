using System.Reflection;

namespace Portal.Core;

/// <summary>The closed set of our own codes for what keeps the portal from its work on a grant. Beside them stand the provider's. Each has an entry in <c>docs/runbook.md</c>.</summary>
public static class AttentionCode
{
    /// <summary>No answer came; whether the call was carried out is not known.</summary>
    public const string NoAnswer = "NoAnswer";

    /// <summary>What came was no usable answer.</summary>
    public const string UnreadableAnswer = "UnreadableAnswer";

    /// <summary>The host offers the portal no identity.</summary>
    public const string CredentialUnavailable = "CredentialUnavailable";

    /// <summary>Entra ID gave the portal's identity no token.</summary>
    public const string AuthenticationFailed = "AuthenticationFailed";

    /// <summary>The tenant has no service principal for the portal's own application.</summary>
    public const string ServicePrincipalNotFound = "ServicePrincipalNotFound";

    /// <summary>The vault's address is not one of this cloud; no token is sent there.</summary>
    public const string ForeignVaultAddress = "ForeignVaultAddress";

    /// <summary>The scope is neither a vault nor a secret of one.</summary>
    public const string InvalidScope = "InvalidScope";

    /// <summary>The vault goes by access policies.</summary>
    public const string AccessPolicyVault = "AccessPolicyVault";

    /// <summary>The role is not one that the portal grants.</summary>
    public const string RoleNotGrantable = "RoleNotGrantable";

    /// <summary>The vault or secret is not there any more.</summary>
    public const string ScopeNotFound = "ScopeNotFound";

    /// <summary>The vault stands, and the secret is not in it any more.</summary>
    public const string SecretNotFound = "SecretNotFound";

    /// <summary>The secret is disabled: nobody can read it. Key Vault says the same.</summary>
    public const string SecretDisabled = "SecretDisabled";

    /// <summary>The vault went over to access policies after the approval.</summary>
    public const string VaultUsesAccessPolicies = "VaultUsesAccessPolicies";

    /// <summary>A lock would keep, or keeps, the portal from taking the access back. Azure says the same.</summary>
    public const string ScopeLocked = "ScopeLocked";

    /// <summary>The account of the one who was to have access is disabled or gone.</summary>
    public const string PrincipalDisabled = "PrincipalDisabled";

    /// <summary>The role allows more than it is known for, or is gone.</summary>
    public const string RoleChanged = "RoleChanged";

    /// <summary>Another vault stands under the name of the one that was approved.</summary>
    public const string ScopeReplaced = "ScopeReplaced";

    /// <summary>The holder may not have this any more, by the policy as it was or as it is.</summary>
    public const string PrincipalNotEligible = "PrincipalNotEligible";

    /// <summary>No policy offers this any more.</summary>
    public const string PolicyWithdrawn = "PolicyWithdrawn";

    /// <summary>The policy allows only a shorter window now.</summary>
    public const string WindowTooLong = "WindowTooLong";

    /// <summary>The approval does not name an approver whom the policy of the request entitled.</summary>
    public const string ApproverNotEntitled = "ApproverNotEntitled";

    /// <summary>The approver's account is disabled or gone.</summary>
    public const string ApproverDisabled = "ApproverDisabled";

    /// <summary>Calls to the subscription come so fast that this one was not sent.</summary>
    public const string CallsPaced = "CallsPaced";

    /// <summary>Azure confirmed a write and does not show it for longer than it says it may take.</summary>
    public const string NotSeenInProvider = "NotSeenInProvider";

    /// <summary>Two clocks differ by more than the portal gives access under.</summary>
    public const string ClockSkew = "ClockSkew";

    /// <summary>The group whose member the holder would become does not hold the role at the vault.</summary>
    public const string GroupLacksRole = "GroupLacksRole";

    /// <summary>The portal has just taken a membership back, and the directory still shows it.</summary>
    public const string RemovedMembershipStillShown = "RemovedMembershipStillShown";

    /// <summary>The group of a membership is deleted and can still be restored, with its members.</summary>
    public const string GroupDeleted = "GroupDeleted";

    /// <summary>Azure has taken a schedule request and is still at it.</summary>
    public const string SchedulePending = "SchedulePending";

    /// <summary>The role's settings in Privileged Identity Management want another approval.</summary>
    public const string ScheduleNeedsApproval = "ScheduleNeedsApproval";

    /// <summary>Azure took a schedule request and did not carry it out.</summary>
    public const string ScheduleRefused = "ScheduleRefused";

    /// <summary>A schedule has lost its end: the licence for Privileged Identity Management has lapsed.</summary>
    public const string ScheduleTurnedPermanent = "ScheduleTurnedPermanent";

    /// <summary>This portal has nothing that speaks to the provider of a grant.</summary>
    public const string ProviderMissing = "ProviderMissing";

    /// <summary>The audit trail is not sealed: what would be given could not be proved.</summary>
    public const string AuditNotSealed = "AuditNotSealed";

    /// <summary>The database did not let itself be asked what giving rests on.</summary>
    public const string DatabaseUnread = "DatabaseUnread";

    /// <summary>The database did not take the policies that the portal was started with.</summary>
    public const string PoliciesNotLoaded = "PoliciesNotLoaded";

    /// <summary>Every code of our own.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. typeof(AttentionCode).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!)];

    /// <summary>The codes of Resource Manager, Key Vault and Microsoft Graph that are known to come; another one can come at any time.</summary>
    public static IReadOnlyList<string> OfProviders { get; } =
    [
        "AuthorizationFailed", "ExpiredAuthenticationToken", "InternalServerError", "PrincipalNotFound", "ReadOnlyDisabledSubscription", "ResourceNotFound", "ResourceRequestsThrottled",
        "RoleAssignmentExists", "RoleAssignmentLimitExceeded", "RoleAssignmentUpdateNotPermitted", "RoleDefinitionDoesNotExist", "SubscriptionNotFound", "SubscriptionRequestsThrottled",
        "AccessDenied", "Forbidden", "ForbiddenByFirewall", "ForbiddenByPolicy", "ForbiddenByRbac",
        "TooManyRequests", "UnknownError", "Authorization_RequestDenied", "Request_ResourceNotFound",
        "ActiveDurationTooShort", "AadPremiumLicenseRequired", "RoleAssignmentRequestPolicyValidationFailed", "SubjectNotFound",
    ];
}
