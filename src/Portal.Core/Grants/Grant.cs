using Portal.Core.Catalog;
using Portal.Core.Identity;

namespace Portal.Core.Grants;

/// <summary>Our time-bound promise: this principal has this role at this scope from then until then. The end is fixed when it is approved and never moves.</summary>
public sealed class Grant
{
    private Grant()
    {
    }

    /// <summary>Promises access.</summary>
    /// <exception cref="ArgumentException">The window is empty.</exception>
    public Grant(GrantOrder order, DateTimeOffset now)
    {
        if (order.EndsAt <= order.StartsAt)
            throw new ArgumentException("A grant must end after it starts.", nameof(order));
        Id = Guid.CreateVersion7(now);
        RequestId = order.RequestId;
        RequestReference = order.RequestReference;
        PrincipalTenantId = order.Principal.TenantId;
        PrincipalObjectId = order.Principal.ObjectId;
        PrincipalName = order.PrincipalName;
        Scope = order.Scope;
        VaultName = order.VaultName;
        SecretName = order.SecretName;
        RoleDefinitionId = order.Role.DefinitionId;
        RoleName = order.Role.Name;
        Provider = order.Choice.Provider;
        GroupId = order.Choice.GroupId;
        AssignmentId = AssignmentName.Of(this);
        PolicyId = order.Basis?.PolicyId;
        VaultFingerprint = order.Basis?.VaultFingerprint;
        ApproverTenantId = order.Basis?.Approver?.TenantId;
        ApproverObjectId = order.Basis?.Approver?.ObjectId;
        ApproverName = order.Basis?.ApproverName;
        ApproverGroupId = order.Basis?.ApproverGroupId;
        StartsAt = order.StartsAt.CutToMillisecond();
        EndsAt = order.EndsAt.CutToMillisecond();
        CreatedAt = now;
    }

    /// <summary>The key.</summary>
    public Guid Id { get; private set; }

    /// <summary>The request that led to it.</summary>
    public Guid RequestId { get; private set; }

    /// <summary>What people call that request.</summary>
    public string RequestReference { get; private set; } = "";

    /// <summary>The desired-state row that carries it, shared with every grant of the same trio.</summary>
    public Guid AssignmentId { get; private set; }

    /// <summary>The holder's tenant.</summary>
    public Guid PrincipalTenantId { get; private set; }

    /// <summary>The holder's object id.</summary>
    public Guid PrincipalObjectId { get; private set; }

    /// <summary>The holder's name as seen when it was approved.</summary>
    public string PrincipalName { get; private set; } = "";

    /// <summary>The ARM id at which the role is given.</summary>
    public string Scope { get; private set; } = "";

    /// <summary>The vault's name as seen then.</summary>
    public string VaultName { get; private set; } = "";

    /// <summary>The secret's name; null for the vault as a whole.</summary>
    public string? SecretName { get; private set; }

    /// <summary>The role definition's GUID.</summary>
    public Guid RoleDefinitionId { get; private set; }

    /// <summary>The role's name.</summary>
    public string RoleName { get; private set; } = "";

    /// <summary>The policy version that governed the request; null on no grant that a decision made.</summary>
    public Guid? PolicyId { get; private set; }

    /// <summary>What the catalog knew the vault by when it was approved; null when it did not know it any more.</summary>
    public string? VaultFingerprint { get; private set; }

    /// <summary>The approver's tenant; null when no person approved.</summary>
    public Guid? ApproverTenantId { get; private set; }

    /// <summary>The approver's object id; null when no person approved.</summary>
    public Guid? ApproverObjectId { get; private set; }

    /// <summary>The approver's name as seen then.</summary>
    public string? ApproverName { get; private set; }

    /// <summary>The group of the policy by which the approver was entitled when deciding.</summary>
    public Guid? ApproverGroupId { get; private set; }

    /// <summary>How it reaches the cloud.</summary>
    public GrantProvider Provider { get; private set; }

    /// <summary>The group whose member the holder becomes; null unless that is the way.</summary>
    public Guid? GroupId { get; private set; }

    /// <summary>Where it stands.</summary>
    public GrantState State { get; private set; }

    /// <summary>When it was approved.</summary>
    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>From when.</summary>
    public DateTimeOffset StartsAt { get; private set; }

    /// <summary>Until when. Never moved.</summary>
    public DateTimeOffset EndsAt { get; private set; }

    /// <summary>When the role was given: when the provider confirmed that it wrote the assignment. Null until then, and for good when it never could be.</summary>
    public DateTimeOffset? ActivatedAt { get; private set; }

    /// <summary>When a read first showed the assignment in the cloud; null while none did. Never set for standing access.</summary>
    public DateTimeOffset? SeenAt { get; private set; }

    /// <summary>When a test first showed that the holder reaches the secret; null while none did.</summary>
    public DateTimeOffset? EffectiveSince { get; private set; }

    /// <summary>When somebody asked to end it early; null when nobody did.</summary>
    public DateTimeOffset? EndRequestedAt { get; private set; }

    /// <summary>Who asked to end it early, by the name seen then.</summary>
    public string? EndRequestedBy { get; private set; }

    /// <summary>Why it was ended early; null when no reason was given.</summary>
    public string? EndReason { get; private set; }

    /// <summary>When the portal announced the call that takes the role back; null until then.</summary>
    public DateTimeOffset? RevokingSince { get; private set; }

    /// <summary>How it ended; null while it has not.</summary>
    public GrantEnding? Ending { get; private set; }

    /// <summary>When it was over: when the provider confirmed the removal, or there was nothing of its own to remove. Null while it is not.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>When a read first showed that the assignment is gone from the cloud. Null while none did, and for good where nothing was removed for this grant: the role was never given, or stayed for another grant.</summary>
    public DateTimeOffset? GoneSeenAt { get; private set; }

    /// <summary>True when the holder had the role at the scope by an assignment that is not the portal's. The portal never touches that one: the access outlives the grant.</summary>
    public bool StandingAccess { get; private set; }

    /// <summary>The provider's code of what keeps the portal from doing its work on this grant; null when nothing does.</summary>
    public string? AttentionCode { get; private set; }

    /// <summary>The provider's own text.</summary>
    public string? AttentionMessage { get; private set; }

    /// <summary>Since when it needs attention; null when it does not.</summary>
    public DateTimeOffset? AttentionSince { get; private set; }

    /// <summary>The pause that keeps the role from being given although its time has come; null when none does.</summary>
    public Guid? PauseId { get; private set; }

    /// <summary>Counts the changes; a save that saw an older number does not go through.</summary>
    public int Revision { get; private set; }

    /// <summary>Who approved; null when no person did.</summary>
    public PrincipalId? Approver => ApproverObjectId is { } id ? new PrincipalId(ApproverTenantId!.Value, id) : null;

    /// <summary>The holder.</summary>
    public PrincipalId Principal => new(PrincipalTenantId, PrincipalObjectId);

    /// <summary>Whether it has not been ended, asked to end, or run out by its own state.</summary>
    public bool IsLive => State is GrantState.Scheduled or GrantState.Provisioning or GrantState.Active;

    /// <summary>Whether the role has to be there at an instant because of this grant.</summary>
    public bool NeedsRoleAt(DateTimeOffset instant) => IsLive && PauseId is null && StartsAt <= instant && instant < EndsAt;

    /// <summary>Whether the role is to be given at an instant and is not yet, paused or not.</summary>
    public bool WaitsForRoleAt(DateTimeOffset instant) => IsLive && State != GrantState.Active && StartsAt <= instant && instant < EndsAt;

    /// <summary>Whether it is over at an instant but not yet ended.</summary>
    public bool IsToEndAt(DateTimeOffset instant) => State == GrantState.Revoking || (IsLive && instant >= EndsAt);

    /// <summary>Since when it is over, once it is: somebody ended it, or its end came.</summary>
    public DateTimeOffset OverAt => EndRequestedAt is { } asked && asked < EndsAt ? asked : EndsAt;

    /// <summary>The portal begins to give the role.</summary>
    public void StartProvisioning() => Move(GrantState.Provisioning, from: [GrantState.Scheduled, GrantState.Provisioning]);

    /// <summary>A pause keeps the role from being given. What was announced and is not known to have come about counts as not given. The end does not move.</summary>
    /// <returns>True when this is news.</returns>
    public bool Hold(Guid pauseId)
    {
        if (PauseId == pauseId)
            return false;
        Move(GrantState.Scheduled, from: [GrantState.Scheduled, GrantState.Provisioning]);
        PauseId = pauseId;
        ClearAttention();
        return true;
    }

    /// <summary>No pause holds it any more.</summary>
    public void GoOn()
    {
        if (PauseId is null)
            return;
        PauseId = null;
        Revision++;
    }

    /// <summary>The role is given.</summary>
    public void Activate(DateTimeOffset now)
    {
        Move(GrantState.Active, from: [GrantState.Scheduled, GrantState.Provisioning]);
        ActivatedAt = now;
        ClearAttention();
    }

    /// <summary>A read showed the assignment as it was ordered. What is in the way otherwise stays until <see cref="Relieve"/>.</summary>
    public void NoteSeen(DateTimeOffset now)
    {
        if (SeenAt is not null)
            return;
        SeenAt = now;
        Revision++;
    }

    /// <summary>A read showed that the assignment is gone.</summary>
    public void NoteGoneSeen(DateTimeOffset now)
    {
        if (GoneSeenAt is not null && AttentionCode is null)
            return;
        GoneSeenAt ??= now;
        ClearAttention();
        Revision++;
    }

    /// <summary>The holder has the role by an assignment that is not the portal's, or no longer.</summary>
    /// <returns>True when that is news.</returns>
    public bool NoteStandingAccess(bool standing)
    {
        if (StandingAccess == standing)
            return false;
        StandingAccess = standing;
        Revision++;
        return true;
    }

    /// <summary>What kept the portal from its work does not any more.</summary>
    public void Relieve()
    {
        if (AttentionCode is null)
            return;
        ClearAttention();
        Revision++;
    }

    /// <summary>Somebody wants it to end now.</summary>
    public void RequestEnd(Actor by, string? reason, DateTimeOffset now)
    {
        Move(GrantState.Revoking, from: [GrantState.Scheduled, GrantState.Provisioning, GrantState.Active]);
        PauseId = null;
        EndRequestedAt = now;
        EndRequestedBy = by.DisplayName;
        EndReason = reason;
    }

    /// <summary>The portal begins to take the role back.</summary>
    /// <returns>True the first time, false when it is a retry.</returns>
    public bool StartRevoking(DateTimeOffset now)
    {
        Move(GrantState.Revoking, from: [GrantState.Scheduled, GrantState.Provisioning, GrantState.Active, GrantState.Revoking]);
        if (RevokingSince is not null)
            return false;
        PauseId = null;
        RevokingSince = now;
        return true;
    }

    /// <summary>It is over.</summary>
    public void End(DateTimeOffset now)
    {
        Move(GrantState.Ended, from: [GrantState.Scheduled, GrantState.Provisioning, GrantState.Active, GrantState.Revoking]);
        Ending = EndRequestedAt is null ? GrantEnding.Expired : GrantEnding.Revoked;
        EndedAt = now;
        PauseId = null;
        ClearAttention();
    }

    /// <summary>A test showed that the holder reaches the secret.</summary>
    /// <returns>True the first time.</returns>
    public bool NoteEffective(DateTimeOffset now)
    {
        if (EffectiveSince is not null)
            return false;
        EffectiveSince = now;
        Revision++;
        return true;
    }

    /// <summary>Something keeps the portal from doing its work on this grant.</summary>
    /// <returns>True when this is news: the first time, or another code than before.</returns>
    public bool NeedAttention(string code, string message, DateTimeOffset now)
    {
        var news = AttentionCode != code;
        AttentionCode = code;
        AttentionMessage = message;
        AttentionSince ??= now;
        Revision++;
        return news;
    }

    /// <summary>What kept the portal from its work is over.</summary>
    /// <param name="code">What it was.</param>
    /// <returns>True when it needed attention for just that.</returns>
    public bool AttentionOver(string code)
    {
        if (AttentionCode != code)
            return false;
        ClearAttention();
        Revision++;
        return true;
    }

    private void ClearAttention() => (AttentionCode, AttentionMessage, AttentionSince) = (null, null, null);

    private void Move(GrantState to, ReadOnlySpan<GrantState> from)
    {
        if (!from.Contains(State))
            throw new InvalidOperationException($"Grant {Id} is {State}: it cannot become {to}.");
        State = to;
        Revision++;
    }
}

/// <summary>What an approval promises.</summary>
/// <param name="RequestId">The request.</param>
/// <param name="RequestReference">What people call it.</param>
/// <param name="Principal">The holder.</param>
/// <param name="PrincipalName">The holder's name as seen now.</param>
/// <param name="Scope">The ARM id.</param>
/// <param name="VaultName">The vault's name.</param>
/// <param name="SecretName">The secret; null for the vault as a whole.</param>
/// <param name="Role">The role.</param>
/// <param name="StartsAt">From when.</param>
/// <param name="EndsAt">Until when.</param>
public sealed record GrantOrder(Guid RequestId, string RequestReference, PrincipalId Principal, string PrincipalName, string Scope, string VaultName, string? SecretName, GrantableRole Role, DateTimeOffset StartsAt, DateTimeOffset EndsAt)
{
    /// <summary>What the approval rests on. Without it nothing is ever given.</summary>
    public GrantBasis? Basis { get; init; }

    /// <summary>How it is to reach the cloud.</summary>
    public ProviderChoice Choice { get; init; } = ProviderChoice.RoleAssignment;
}

/// <summary>What an approval rests on, copied when it was given: it is looked at again just before the role is given.</summary>
/// <param name="PolicyId">The policy version that governs the request.</param>
/// <param name="VaultFingerprint">What the catalog knows the vault by; null when it does not know it.</param>
/// <param name="Approver">Who approved; null when no person did.</param>
/// <param name="ApproverName">Their name as seen then.</param>
/// <param name="ApproverGroupId">The group of the policy by which they were entitled.</param>
public sealed record GrantBasis(Guid PolicyId, string? VaultFingerprint, PrincipalId? Approver, string? ApproverName, Guid? ApproverGroupId);
