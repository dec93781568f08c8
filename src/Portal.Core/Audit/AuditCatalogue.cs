using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit;

/// <summary>What the documentation says of a code.</summary>
/// <param name="Code">The code.</param>
/// <param name="CausedBy">Who can cause it.</param>
/// <param name="Fields">The fields that such an event may have besides those that every event has.</param>
/// <param name="Controls">The controls that it is evidence for.</param>
public sealed record AuditCatalogueEntry(AuditCode Code, string CausedBy, IReadOnlyList<EventField> Fields, IReadOnlyList<string> Controls);

/// <summary>The closed set of codes with their fields, causes and controls: SOC 2 common criteria (CC) and ISO/IEC 27001:2022 Annex A (A).</summary>
public static class AuditCatalogue
{
    private const string Itself = "the portal itself";
    private const string Person = "auditors; anyone else, of what is theirs";
    private const string Administrator = "administrators";

    /// <summary>What every event has: those of the actor as far as the actor has them.</summary>
    public static IReadOnlyList<EventField> InEvery { get; } =
    [
        EventField.Sequence, EventField.EventId, EventField.At, EventField.Code, EventField.Outcome, EventField.ActorKind, EventField.ActorTenantId, EventField.ActorObjectId, EventField.ActorName,
        EventField.ActorRoles, EventField.OnBehalfOfTenantId, EventField.OnBehalfOfObjectId, EventField.OnBehalfOfName, EventField.CorrelationId, EventField.ClientAddress, EventField.UserAgent,
    ];

    private static readonly EventField[] Subject = [EventField.SubjectTenantId, EventField.SubjectObjectId, EventField.SubjectName];
    private static readonly EventField[] Resource = [EventField.Scope, EventField.Vault, EventField.Secret, EventField.Role];
    private static readonly EventField[] Request = [.. Subject, .. Resource, EventField.RequestId, EventField.RequestReference, EventField.Policy, EventField.PolicyVersion];
    private static readonly EventField[] Grant = [.. Subject, .. Resource, EventField.RequestId, EventField.RequestReference, EventField.GrantId];
    private static readonly EventField[] Window = [EventField.WindowStart, EventField.WindowEnd];
    private static readonly EventField[] Why = [EventField.Reason, EventField.Comment];
    private static readonly EventField[] Provider = [EventField.ProviderRequestId, EventField.ProviderCorrelationId];

    /// <summary>Every code, in the order of <see cref="AuditCode.All"/>.</summary>
    public static IReadOnlyList<AuditCatalogueEntry> All { get; } = [.. AuditCode.All.Select(Of)];

    private static AuditCatalogueEntry Of(AuditCode code) => code.Value switch
    {
        "identity.attempt_refused" => new(code, "anyone; also an account that is disabled or has no role", [.. Request, EventField.GrantId, .. Why], ["CC6.1", "CC7.2", "A.5.15", "A.8.15"]),
        ['i', 'd', ..] => new(code, "anyone whom the tenant lets sign in", Subject, ["CC6.1", "A.5.16", "A.8.15"]),
        "request.submitted" => new(code, "requesters", [.. Request, .. Why, .. Window], ["CC6.2", "A.5.15", "A.5.18"]),
        "request.withdrawn" => new(code, "the one who asked", Request, ["CC6.2", "A.5.18"]),
        "request.lapsed" => new(code, Itself, Request, ["CC6.2", "A.5.18"]),
        ['r', 'e', 'q', ..] => new(code, "approvers of the policy, never the one who asked", [.. Request, .. Why], ["CC6.2", "CC6.3", "A.5.18", "A.8.2"]),
        "grant.returned" => new(code, "the holder", [.. Grant, .. Why], ["CC6.2", "CC6.3", "A.5.18"]),
        "grant.revoked" => new(code, $"{Administrator}; the portal on behalf of one", [.. Grant, .. Why], ["CC6.2", "CC6.3", "A.5.18", "A.8.2"]),
        "grant.retry_asked" => new(code, Administrator, [.. Grant, .. Why], ["CC7.2"]),
        "grant.effective" => new(code, "the holder", Grant, ["CC6.1", "A.8.2"]),
        "grant.needs_attention" or "grant.standing_access_found" or "grant.standing_access_gone" => new(code, Itself, [.. Grant, .. Why, .. Provider], ["CC6.1", "CC7.2", "A.5.18", "A.8.2"]),
        "grant.removed_in_outage" => new(code, Itself, [.. Grant, .. Why, .. Provider], ["CC6.3", "A.5.18"]),
        ['g', ..] => new(code, Itself, [.. Grant, .. Why, .. Window, .. Provider], ["CC6.1", "CC6.3", "A.5.18", "A.8.2"]),
        "drift.swept" => new(code, "whoever runs the portal's sweep command", [.. Subject, .. Resource, .. Why, .. Window], ["CC6.3", "CC7.2", "A.5.18", "A.8.2"]),
        ['d', ..] => new(code, Itself, [.. Grant, .. Why], ["CC6.1", "CC7.2", "A.5.18", "A.8.2"]),
        ['a', 'c', ..] => new(code, Administrator, [.. Subject, EventField.Scope, EventField.Vault, EventField.Secret, .. Why], ["CC6.3", "CC7.2", "A.5.18", "A.8.2"]),
        ['p', ..] => new(code, "whoever configures the portal, at its start", [EventField.Policy, EventField.PolicyVersion, EventField.Comment], ["CC6.1", "CC6.3", "A.5.15"]),
        "audit.read" => new(code, "auditors", [.. Why, .. Window], ["CC7.2", "A.8.15"]),
        "audit.exported" => new(code, Person, [EventField.Vault, EventField.Secret, EventField.RequestReference, .. Why, .. Window], ["CC7.2", "A.8.15"]),
        "audit.export_completed" => new(code, "auditors", Why, ["CC7.2", "A.8.15"]),
        "audit.hold_placed" or "audit.hold_lifted" => new(code, "auditors", [EventField.SubjectName, EventField.Scope, EventField.Vault, EventField.Secret, EventField.RequestReference, .. Why], ["CC7.2", "A.8.15"]),
        "audit.events_pruned" => new(code, Itself, [.. Why, .. Window], ["CC7.2", "A.8.15"]),
        _ => new(code, "whoever runs the portal", Why, ["CC7.2", "A.8.15"]),
    };
}
