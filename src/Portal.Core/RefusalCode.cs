using System.Reflection;

namespace Portal.Core;

/// <summary>The closed set of refusal codes. They are part of the contract: tests, screens, audit events and support refer to them.</summary>
public static class RefusalCode
{
    /// <summary>The account is disabled, gone, or has none of the portal's roles any more.</summary>
    public const string SignedOut = "identity.signed_out";

    /// <summary>The person's role does not allow this.</summary>
    public const string RoleMissing = "identity.role_missing";

    /// <summary>The directory could not confirm the person's roles and groups, and this step needs it.</summary>
    public const string StandingUnknown = "identity.standing_unknown";

    /// <summary>There is no such thing, or it is not this person's to see. The two are not told apart.</summary>
    public const string NotFound = "not_found";

    /// <summary>A text is empty, blank, or only characters that nobody can see.</summary>
    public const string TextBlank = "text.blank";

    /// <summary>A text is too long. Arguments: its length, the limit.</summary>
    public const string TextTooLong = "text.too_long";

    /// <summary>A text holds a control character other than tab and line breaks. Arguments: the code point.</summary>
    public const string TextControlCharacter = "text.control_character";

    /// <summary>A text holds half of a surrogate pair: it is no valid Unicode.</summary>
    public const string TextLoneSurrogate = "text.lone_surrogate";

    /// <summary>A text holds a character that changes the reading direction of what follows. Arguments: the code point.</summary>
    public const string TextDirectionOverride = "text.direction_override";

    /// <summary>A ticket is needed here.</summary>
    public const string TicketMissing = "request.ticket_missing";

    /// <summary>The scope is no vault or secret of the catalog.</summary>
    public const string ScopeUnknown = "request.scope_unknown";

    /// <summary>The secret is deleted.</summary>
    public const string SecretDeleted = "request.secret_deleted";

    /// <summary>The secret is disabled: nobody can read it.</summary>
    public const string SecretDisabled = "request.secret_disabled";

    /// <summary>The role can never be granted by the portal.</summary>
    public const string RoleNotGrantable = "request.role_not_grantable";

    /// <summary>The vault goes by access policies: a role assignment would have no effect.</summary>
    public const string VaultUsesAccessPolicies = "request.vault_uses_access_policies";

    /// <summary>A lock would keep the portal from taking the access back. Arguments: the lock's name.</summary>
    public const string ScopeLocked = "request.scope_locked";

    /// <summary>No access policy covers this.</summary>
    public const string NotOffered = "request.not_offered";

    /// <summary>A policy covers it, and not for this person. Arguments: the policy, the groups that may ask.</summary>
    public const string NotEligible = "request.not_eligible";

    /// <summary>The window is zero or negative, or ends before it starts.</summary>
    public const string WindowEmpty = "request.window_empty";

    /// <summary>The window is shorter than the portal can keep. Arguments: the shortest, in minutes.</summary>
    public const string WindowTooShort = "request.window_too_short";

    /// <summary>The window is longer than the policy allows. Arguments: the longest, in minutes.</summary>
    public const string WindowTooLong = "request.window_too_long";

    /// <summary>The window has begun, or is about to, and too little of it would be left. Arguments: the least that has to be, in minutes.</summary>
    public const string WindowNearlyOver = "request.window_nearly_over";

    /// <summary>The window starts in the past.</summary>
    public const string WindowInPast = "request.window_in_past";

    /// <summary>The window starts too far ahead. Arguments: the limit in days.</summary>
    public const string WindowTooFarAhead = "request.window_too_far_ahead";

    /// <summary>The same person already asks for the same. Arguments: the reference of the other request.</summary>
    public const string DuplicateRequest = "request.duplicate";

    /// <summary>A person has sent as many requests within an hour as one may. Arguments: how many that is, in how many minutes there is room for another.</summary>
    public const string TooManyRequests = "request.too_many";

    /// <summary>The request is not pending any more. Arguments: its state.</summary>
    public const string AlreadySettled = "request.already_settled";

    /// <summary>The request lapsed before anyone decided.</summary>
    public const string Lapsed = "request.lapsed";

    /// <summary>Nobody decides their own request.</summary>
    public const string OwnRequest = "approval.own_request";

    /// <summary>The policy names other approvers. Arguments: the groups that approve.</summary>
    public const string NotApprover = "approval.not_approver";

    /// <summary>A denial needs a comment.</summary>
    public const string CommentMissing = "approval.comment_missing";

    /// <summary>Since it was sent, the policy was changed and names other approvers: a yes would have to come from both. Arguments: the policy, the groups that it names now.</summary>
    public const string NotApproverNow = "approval.not_approver_now";

    /// <summary>The policy under which it was sent is not in force any more, or does not offer this. Arguments: the policy.</summary>
    public const string PolicyWithdrawn = "approval.policy_withdrawn";

    /// <summary>The policy was changed and allows only a shorter window. Arguments: the policy, the longest, what would be given, in minutes.</summary>
    public const string WindowTooLongNow = "approval.window_too_long";

    /// <summary>Too little is left of the window for access to be given. Arguments: the least that has to be, in minutes.</summary>
    public const string TooLittleLeft = "approval.too_little_left";

    /// <summary>The catalog has this vault or secret no more.</summary>
    public const string ScopeGone = "approval.scope_gone";

    /// <summary>The person who asked may not have this any more.</summary>
    public const string RequesterNoLongerEligible = "approval.requester_no_longer_eligible";

    /// <summary>The grant has ended or is ending already.</summary>
    public const string GrantEnded = "grant.ended";

    /// <summary>The grant is for a whole vault: there is no one secret to test.</summary>
    public const string NothingToTest = "grant.nothing_to_test";

    /// <summary>New access here is paused. Arguments: who paused, why.</summary>
    public const string AccessPaused = "pause.in_force";

    /// <summary>The subscription has all the role assignments that Azure allows. Arguments: how many there are, how many there may be.</summary>
    public const string NoRoom = "approval.no_room";

    /// <summary>The clocks of the portal's host, the database and Azure disagree: no window can be given by them. Arguments: by how many seconds.</summary>
    public const string ClocksDisagree = "clock.disagree";

    /// <summary>Azure's clock has not been heard, and something cannot be undone that the portal's own would do.</summary>
    public const string ClockNotConfirmed = "clock.not_confirmed";

    /// <summary>This is paused already. Arguments: who paused.</summary>
    public const string PausedAlready = "pause.stands_already";

    /// <summary>The pause is lifted. Arguments: who lifted it.</summary>
    public const string PauseLifted = "pause.lifted";

    /// <summary>The pause is still taking back what it covers.</summary>
    public const string PauseTakingBack = "pause.taking_back";

    /// <summary>The portal knows no such person, vault or secret.</summary>
    public const string PauseTargetUnknown = "pause.target_unknown";

    /// <summary>Nothing is failing there: there is nothing to try again.</summary>
    public const string NothingToRetry = "grant.nothing_to_retry";

    /// <summary>Key Vault or Resource Manager could not be asked. Arguments: the provider's code.</summary>
    public const string CloudUnreachable = "cloud.unreachable";

    /// <summary>The database failed meanwhile. Nothing is known to be saved; what is asked for again is not done twice.</summary>
    public const string DatabaseFailed = "database.failed";

    /// <summary>A range ends before it starts.</summary>
    public const string RangeInverted = "audit.range_inverted";

    /// <summary>A filter cannot be read. Arguments: the value.</summary>
    public const string FilterUnreadable = "audit.filter_unreadable";

    /// <summary>The portal knows no such request, person, vault or secret to hold. Arguments: what was typed.</summary>
    public const string HoldTargetUnknown = "audit.hold_target_unknown";

    /// <summary>No vault of this name was ever in the catalog or in the trail. Arguments: the name.</summary>
    public const string VaultNeverSeen = "audit.vault_never_seen";

    /// <summary>No secret of this name was ever seen in this vault. Arguments: the secret's name, the vault's.</summary>
    public const string SecretNeverSeen = "audit.secret_never_seen";

    /// <summary>This is held already. Arguments: who placed the hold.</summary>
    public const string HeldAlready = "audit.held_already";

    /// <summary>The hold is lifted. Arguments: who lifted it.</summary>
    public const string HoldLifted = "audit.hold_lifted_already";

    /// <summary>There is no such stream of the audit trail. Arguments: the name.</summary>
    public const string StreamUnknown = "audit.stream_unknown";

    /// <summary>The log has no such position. Arguments: the position, how many events the log has.</summary>
    public const string StreamPositionUnknown = "audit.stream_position_unknown";

    /// <summary>There is nothing in a filter that would be saved.</summary>
    public const string FilterEmpty = "audit.filter_empty";

    /// <summary>A person keeps as many filters as they may. Arguments: how many.</summary>
    public const string TooManyFilters = "audit.too_many_filters";

    /// <summary>A cursor was not made by the portal, or for another list.</summary>
    public const string CursorUnreadable = "list.cursor_unreadable";

    /// <summary>Every code there is.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. typeof(RefusalCode).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!)];
}
