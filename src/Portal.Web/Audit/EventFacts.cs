using System.Globalization;
using Portal.Core.Audit;
using Portal.Web.Components;

namespace Portal.Web.Audit;

/// <summary>How a fact is shown.</summary>
public enum FactKind
{
    /// <summary>As it was written.</summary>
    Written,

    /// <summary>As a code with a button that copies it.</summary>
    Copied,
}

/// <summary>One field of an event.</summary>
/// <param name="Name">Its name in the words: <c>Field.{Name}</c>.</param>
/// <param name="Value">Its value.</param>
/// <param name="Kind">How it is shown.</param>
public sealed record EventFact(string Name, string Value, FactKind Kind);

/// <summary>Everything that an event knows.</summary>
public static class EventFacts
{
    /// <summary>Its fields in the order of the export; those that are empty are left out.</summary>
    public static IEnumerable<EventFact> Of(AuditEvent happened)
    {
        (string Name, string? Value, FactKind Kind)[] fields =
        [
            ("at", TimeText.Iso(happened.At), FactKind.Copied),
            ("code", happened.Code, FactKind.Copied),
            ("sequence", happened.Sequence.ToString(CultureInfo.InvariantCulture), FactKind.Copied),
            ("event_id", happened.EventId.ToString("D"), FactKind.Copied),
            ("actor", happened.ActorName, FactKind.Written),
            ("actor_roles", happened.ActorRoles, FactKind.Written),
            ("actor_id", happened.ActorObjectId?.ToString("D"), FactKind.Copied),
            ("on_behalf_of_name", happened.OnBehalfOfName, FactKind.Written),
            ("on_behalf_of", happened.OnBehalfOfObjectId?.ToString("D"), FactKind.Copied),
            ("subject", happened.SubjectName, FactKind.Written),
            ("subject_id", happened.SubjectObjectId?.ToString("D"), FactKind.Copied),
            ("vault", happened.VaultName, FactKind.Copied),
            ("secret", happened.SecretName, FactKind.Copied),
            ("role", happened.RoleName, FactKind.Written),
            ("scope", happened.Scope, FactKind.Copied),
            ("request", happened.RequestReference ?? happened.RequestId?.ToString("D"), FactKind.Copied),
            ("grant", happened.GrantId?.ToString("D"), FactKind.Copied),
            ("policy", happened.PolicyName is null ? null : $"{happened.PolicyName}, {happened.PolicyVersion}", FactKind.Written),
            ("reason", happened.Reason, FactKind.Written),
            ("comment", happened.Comment, FactKind.Written),
            ("window", Window(happened.WindowStart, happened.WindowEnd), FactKind.Written),
            ("provider_request_id", happened.ProviderRequestId, FactKind.Copied),
            ("provider_correlation_id", happened.ProviderCorrelationId, FactKind.Copied),
            ("correlation_id", happened.CorrelationId, FactKind.Copied),
            ("client_address", happened.ClientAddress, FactKind.Copied),
            ("user_agent", happened.UserAgent, FactKind.Written),
        ];
        return from field in fields where !string.IsNullOrEmpty(field.Value) select new EventFact(field.Name, field.Value, field.Kind);
    }

    private static string? Window(DateTimeOffset? start, DateTimeOffset? end) =>
        start is null && end is null ? null : $"{(start is { } from ? TimeText.Iso(from) : "…")} – {(end is { } to ? TimeText.Iso(to) : "…")}";
}
