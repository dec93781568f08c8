using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>An append-only fact. All values are copies: renaming a person or a vault later changes nothing here. Never holds a secret value or a token.</summary>
public sealed class AuditEvent
{
    private AuditEvent()
    {
    }

    /// <summary>Records a fact.</summary>
    public AuditEvent(AuditCode code, AuditOutcome outcome, Actor actor, AuditSubject about, AuditDetail detail, DateTimeOffset now, Guid? eventId = null)
    {
        EventId = eventId ?? Guid.CreateVersion7(now);
        At = now;
        Code = code.Value;
        Outcome = outcome;
        ActorKind = actor.Kind;
        ActorTenantId = actor.Id?.TenantId;
        ActorObjectId = actor.Id?.ObjectId;
        ActorName = actor.DisplayName;
        ActorRoles = string.Join(' ', actor.Roles.Order());
        OnBehalfOfObjectId = actor.OnBehalfOf?.ObjectId;
        SubjectTenantId = about.Principal?.TenantId;
        SubjectObjectId = about.Principal?.ObjectId;
        SubjectName = about.PrincipalName;
        Scope = about.Scope;
        VaultName = about.VaultName;
        SecretName = about.SecretName;
        RoleName = about.RoleName;
        RequestId = about.RequestId;
        RequestReference = about.RequestReference;
        GrantId = about.GrantId;
        PolicyName = about.PolicyName;
        PolicyVersion = about.PolicyVersion;
        Reason = detail.Reason;
        Comment = detail.Comment;
        ProviderRequestId = detail.ProviderRequestId;
        WindowStart = detail.WindowStart;
        WindowEnd = detail.WindowEnd;
        CorrelationId = actor.CorrelationId;
        ClientAddress = actor.Client.Address;
        UserAgent = actor.Client.UserAgent;
    }

    /// <summary>The event as its reader may see it: where somebody else sat, and with what, is for auditors.</summary>
    /// <remarks>Only for a copy that no unit of work tracks.</remarks>
    internal AuditEvent AsSeenBy(Actor reader)
    {
        if (!reader.Has(PortalRole.Auditor) && ActorObjectId != reader.Id?.ObjectId)
            (ClientAddress, UserAgent) = (null, null);
        return this;
    }

    /// <summary>The order in which the database took it in; the key.</summary>
    public long Sequence { get; private set; }

    /// <summary>The event's id, known before it is saved.</summary>
    public Guid EventId { get; private set; }

    /// <summary>When, in UTC.</summary>
    public DateTimeOffset At { get; private set; }

    /// <summary>What: an <see cref="AuditCode"/>.</summary>
    public string Code { get; private set; } = "";

    /// <summary>How it came out.</summary>
    public AuditOutcome Outcome { get; private set; }

    /// <summary>Person, workload or system.</summary>
    public ActorKind ActorKind { get; private set; }

    /// <summary>The actor's tenant; null for the system.</summary>
    public Guid? ActorTenantId { get; private set; }

    /// <summary>The actor's object id; null for the system.</summary>
    public Guid? ActorObjectId { get; private set; }

    /// <summary>The actor's name as seen then.</summary>
    public string ActorName { get; private set; } = "";

    /// <summary>The portal roles that the actor had then, separated by spaces.</summary>
    public string ActorRoles { get; private set; } = "";

    /// <summary>For whom the actor acted; null for itself.</summary>
    public Guid? OnBehalfOfObjectId { get; private set; }

    /// <summary>The tenant of the one it is about; null when it is about nobody.</summary>
    public Guid? SubjectTenantId { get; private set; }

    /// <summary>The one it is about.</summary>
    public Guid? SubjectObjectId { get; private set; }

    /// <summary>Their name as seen then.</summary>
    public string? SubjectName { get; private set; }

    /// <summary>The ARM id it is about.</summary>
    public string? Scope { get; private set; }

    /// <summary>The vault's name as seen then.</summary>
    public string? VaultName { get; private set; }

    /// <summary>The secret's name as seen then.</summary>
    public string? SecretName { get; private set; }

    /// <summary>The role's name as seen then.</summary>
    public string? RoleName { get; private set; }

    /// <summary>The request.</summary>
    public Guid? RequestId { get; private set; }

    /// <summary>What people call the request.</summary>
    public string? RequestReference { get; private set; }

    /// <summary>The grant.</summary>
    public Guid? GrantId { get; private set; }

    /// <summary>The policy that governed.</summary>
    public string? PolicyName { get; private set; }

    /// <summary>Its version.</summary>
    public int? PolicyVersion { get; private set; }

    /// <summary>A code that says more: a refusal code, how a grant ended, the provider's code.</summary>
    public string? Reason { get; private set; }

    /// <summary>What a person wrote: justification, comment, reason; or the provider's text.</summary>
    public string? Comment { get; private set; }

    /// <summary>The provider's id of the call.</summary>
    public string? ProviderRequestId { get; private set; }

    /// <summary>The start of the access window it speaks of.</summary>
    public DateTimeOffset? WindowStart { get; private set; }

    /// <summary>The end of the access window it speaks of.</summary>
    public DateTimeOffset? WindowEnd { get; private set; }

    /// <summary>Ties together what one command caused.</summary>
    public string CorrelationId { get; private set; } = "";

    /// <summary>The client's address.</summary>
    public string? ClientAddress { get; private set; }

    /// <summary>What the client said it was.</summary>
    public string? UserAgent { get; private set; }
}

/// <summary>What an event is about. Everything is optional: an event says what it knows.</summary>
public sealed record AuditSubject
{
    /// <summary>An event about nothing but its actor.</summary>
    public static AuditSubject Nothing { get; } = new();

    /// <summary>The one whose access it is about.</summary>
    public PrincipalId? Principal { get; init; }

    /// <summary>Their name.</summary>
    public string? PrincipalName { get; init; }

    /// <summary>The ARM id.</summary>
    public string? Scope { get; init; }

    /// <summary>The vault's name.</summary>
    public string? VaultName { get; init; }

    /// <summary>The secret's name.</summary>
    public string? SecretName { get; init; }

    /// <summary>The role's name.</summary>
    public string? RoleName { get; init; }

    /// <summary>The request.</summary>
    public Guid? RequestId { get; init; }

    /// <summary>What people call it.</summary>
    public string? RequestReference { get; init; }

    /// <summary>The grant.</summary>
    public Guid? GrantId { get; init; }

    /// <summary>The policy.</summary>
    public string? PolicyName { get; init; }

    /// <summary>Its version.</summary>
    public int? PolicyVersion { get; init; }
}

/// <summary>What an event says besides.</summary>
/// <param name="Reason">A code.</param>
/// <param name="Comment">What a person wrote, or the provider's text.</param>
/// <param name="ProviderRequestId">The provider's id of the call.</param>
/// <param name="WindowStart">The start of the window.</param>
/// <param name="WindowEnd">The end of the window.</param>
public sealed record AuditDetail(string? Reason = null, string? Comment = null, string? ProviderRequestId = null, DateTimeOffset? WindowStart = null, DateTimeOffset? WindowEnd = null)
{
    /// <summary>Nothing besides.</summary>
    public static AuditDetail None { get; } = new();
}
