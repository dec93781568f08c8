using System.Text;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>An append-only fact. All values are copies: renaming a person or a vault later changes nothing here. Never holds a secret value or a token.</summary>
public sealed class AuditEvent
{
    private AuditEvent()
    {
    }

    /// <summary>Records a fact. Instants are cut to whole milliseconds, which every database and file holds alike, and texts made what UTF-8 can carry.</summary>
    public AuditEvent(AuditCode code, AuditOutcome outcome, Actor actor, AuditSubject about, AuditDetail detail, DateTimeOffset now, Guid? eventId = null)
    {
        EventId = eventId ?? Guid.CreateVersion7(now);
        At = Cut(now);
        Code = code.Value;
        Outcome = outcome;
        ActorKind = actor.Kind;
        ActorTenantId = actor.Id?.TenantId;
        ActorObjectId = actor.Id?.ObjectId;
        ActorName = WellFormed(actor.DisplayName) ?? "";
        ActorRoles = string.Join(' ', actor.Roles.Order());
        OnBehalfOfObjectId = actor.OnBehalfOf?.ObjectId;
        SubjectTenantId = about.Principal?.TenantId;
        SubjectObjectId = about.Principal?.ObjectId;
        SubjectName = WellFormed(about.PrincipalName);
        Scope = WellFormed(about.Scope);
        VaultName = WellFormed(about.VaultName);
        SecretName = WellFormed(about.SecretName);
        RoleName = WellFormed(about.RoleName);
        RequestId = about.RequestId;
        RequestReference = WellFormed(about.RequestReference);
        GrantId = about.GrantId;
        PolicyName = WellFormed(about.PolicyName);
        PolicyVersion = about.PolicyVersion;
        Reason = WellFormed(detail.Reason);
        Comment = WellFormed(detail.Comment);
        ProviderRequestId = WellFormed(detail.ProviderRequestId);
        WindowStart = Cut(detail.WindowStart);
        WindowEnd = Cut(detail.WindowEnd);
        CorrelationId = WellFormed(actor.CorrelationId) ?? "";
        ClientAddress = WellFormed(actor.Client.Address);
        UserAgent = WellFormed(actor.Client.UserAgent);
        OnBehalfOfTenantId = actor.OnBehalfOf?.TenantId;
        OnBehalfOfName = WellFormed(actor.OnBehalfOfName);
        ProviderCorrelationId = WellFormed(detail.ProviderCorrelationId);
    }

    /// <summary>The event as its reader may see it: where somebody else sat, and with what, is for auditors.</summary>
    /// <remarks>Only for a copy that no unit of work tracks.</remarks>
    internal AuditEvent AsSeenBy(Actor reader)
    {
        if (HidesOriginFrom(reader, ActorObjectId))
            (ClientAddress, UserAgent) = (null, null);
        return this;
    }

    /// <summary>Whether a reader may not see from where, and with what, somebody acted.</summary>
    internal static bool HidesOriginFrom(Actor reader, Guid? actorObjectId) => !reader.Has(PortalRole.Auditor) && actorObjectId != reader.Id?.ObjectId;

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

    /// <summary>The tenant of the one for whom the actor acted; null for itself.</summary>
    public Guid? OnBehalfOfTenantId { get; private set; }

    /// <summary>The name of the one for whom the actor acted, as seen then; null for itself, or when it was not known.</summary>
    public string? OnBehalfOfName { get; private set; }

    /// <summary>The provider's id of what the call belonged to (<c>x-ms-correlation-request-id</c>).</summary>
    public string? ProviderCorrelationId { get; private set; }

    private static DateTimeOffset Cut(DateTimeOffset instant) => new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);

    private static DateTimeOffset? Cut(DateTimeOffset? instant) => instant is { } known ? Cut(known) : null;

    // Half a surrogate pair has no UTF-8, and PostgreSQL takes no NUL. Empty and absent are one.
    private static string? WellFormed(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        var pairs = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return pairs.Replace('\0', '\uFFFD');
    }
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
    /// <summary>The provider's id of what the call belonged to.</summary>
    public string? ProviderCorrelationId { get; init; }

    /// <summary>Nothing besides.</summary>
    public static AuditDetail None { get; } = new();
}
