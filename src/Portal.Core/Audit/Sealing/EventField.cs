using System.Text;

namespace Portal.Core.Audit.Sealing;

/// <summary>The fields of an event that are sealed, in the order of the CSV header. New ones are only ever added at the end.</summary>
public enum EventField
{
    /// <summary><c>sequence</c></summary>
    Sequence,

    /// <summary><c>event_id</c></summary>
    EventId,

    /// <summary><c>at</c></summary>
    At,

    /// <summary><c>code</c></summary>
    Code,

    /// <summary><c>outcome</c></summary>
    Outcome,

    /// <summary><c>actor_kind</c></summary>
    ActorKind,

    /// <summary><c>actor_tenant_id</c></summary>
    ActorTenantId,

    /// <summary><c>actor_object_id</c></summary>
    ActorObjectId,

    /// <summary><c>actor_name</c></summary>
    ActorName,

    /// <summary><c>actor_roles</c></summary>
    ActorRoles,

    /// <summary><c>on_behalf_of_object_id</c></summary>
    OnBehalfOfObjectId,

    /// <summary><c>subject_tenant_id</c></summary>
    SubjectTenantId,

    /// <summary><c>subject_object_id</c></summary>
    SubjectObjectId,

    /// <summary><c>subject_name</c></summary>
    SubjectName,

    /// <summary><c>scope</c></summary>
    Scope,

    /// <summary><c>vault</c></summary>
    Vault,

    /// <summary><c>secret</c></summary>
    Secret,

    /// <summary><c>role</c></summary>
    Role,

    /// <summary><c>request_id</c></summary>
    RequestId,

    /// <summary><c>request_reference</c></summary>
    RequestReference,

    /// <summary><c>grant_id</c></summary>
    GrantId,

    /// <summary><c>policy</c></summary>
    Policy,

    /// <summary><c>policy_version</c></summary>
    PolicyVersion,

    /// <summary><c>reason</c></summary>
    Reason,

    /// <summary><c>comment</c></summary>
    Comment,

    /// <summary><c>provider_request_id</c></summary>
    ProviderRequestId,

    /// <summary><c>window_start</c></summary>
    WindowStart,

    /// <summary><c>window_end</c></summary>
    WindowEnd,

    /// <summary><c>correlation_id</c></summary>
    CorrelationId,

    /// <summary><c>client_address</c></summary>
    ClientAddress,

    /// <summary><c>user_agent</c></summary>
    UserAgent,

    /// <summary><c>on_behalf_of_tenant_id</c></summary>
    OnBehalfOfTenantId,

    /// <summary><c>on_behalf_of_name</c></summary>
    OnBehalfOfName,

    /// <summary><c>provider_correlation_id</c></summary>
    ProviderCorrelationId,
}

/// <summary>What the fields are called outside.</summary>
public static class EventFields
{
    private static readonly string[] ByField = [.. Enum.GetNames<EventField>().Select(Snake)];

    /// <summary>How many there are.</summary>
    public static int Count => ByField.Length;

    /// <summary>The names, in the order of <see cref="EventField"/>: the columns of the CSV and the keys of the canonical event.</summary>
    public static IReadOnlyList<string> Names => ByField;

    /// <summary>A field's name: <c>event_id</c>.</summary>
    public static string Name(this EventField field) => ByField[(int)field];

    /// <summary>The field of this name; null when there is none.</summary>
    public static EventField? Find(string name) => Array.IndexOf(ByField, name) is >= 0 and var index ? (EventField)index : null;

    /// <summary>Whether the canonical event writes it as a JSON number.</summary>
    internal static bool IsNumber(this EventField field) => field is EventField.Sequence or EventField.PolicyVersion;

    private static string Snake(string name)
    {
        var text = new StringBuilder();
        foreach (var c in name)
            (char.IsUpper(c) && text.Length > 0 ? text.Append('_') : text).Append(char.ToLowerInvariant(c));
        return text.ToString();
    }
}
