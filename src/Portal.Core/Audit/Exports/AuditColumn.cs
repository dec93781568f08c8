namespace Portal.Core.Audit.Exports;

/// <summary>What the values of a column are.</summary>
public enum AuditColumnKind
{
    /// <summary>A whole number, in decimal.</summary>
    Number,

    /// <summary>A GUID, in lower case with dashes.</summary>
    Id,

    /// <summary>An instant in UTC: <c>yyyy-MM-ddTHH:mm:ss.fffZ</c>, with seven digits of the second where it is no whole millisecond.</summary>
    Instant,

    /// <summary>Text, as it was saved.</summary>
    Text,
}

/// <summary>A column of the audit trail as files name it.</summary>
/// <param name="Name">Its name in files, which never changes.</param>
/// <param name="Property">The property of <see cref="AuditEvent"/> that it holds.</param>
/// <param name="Kind">What its values are.</param>
public sealed record AuditColumn(string Name, string Property, AuditColumnKind Kind)
{
    /// <summary>The columns, in the order of files, which is that of <see cref="Sealing.EventField"/>. The list only ever grows at its end.</summary>
    public static IReadOnlyList<AuditColumn> All { get; } =
    [
        new("sequence", nameof(AuditEvent.Sequence), AuditColumnKind.Number),
        new("event_id", nameof(AuditEvent.EventId), AuditColumnKind.Id),
        new("at", nameof(AuditEvent.At), AuditColumnKind.Instant),
        new("code", nameof(AuditEvent.Code), AuditColumnKind.Text),
        new("outcome", nameof(AuditEvent.Outcome), AuditColumnKind.Text),
        new("actor_kind", nameof(AuditEvent.ActorKind), AuditColumnKind.Text),
        new("actor_tenant_id", nameof(AuditEvent.ActorTenantId), AuditColumnKind.Id),
        new("actor_object_id", nameof(AuditEvent.ActorObjectId), AuditColumnKind.Id),
        new("actor_name", nameof(AuditEvent.ActorName), AuditColumnKind.Text),
        new("actor_roles", nameof(AuditEvent.ActorRoles), AuditColumnKind.Text),
        new("on_behalf_of_object_id", nameof(AuditEvent.OnBehalfOfObjectId), AuditColumnKind.Id),
        new("subject_tenant_id", nameof(AuditEvent.SubjectTenantId), AuditColumnKind.Id),
        new("subject_object_id", nameof(AuditEvent.SubjectObjectId), AuditColumnKind.Id),
        new("subject_name", nameof(AuditEvent.SubjectName), AuditColumnKind.Text),
        new("scope", nameof(AuditEvent.Scope), AuditColumnKind.Text),
        new("vault", nameof(AuditEvent.VaultName), AuditColumnKind.Text),
        new("secret", nameof(AuditEvent.SecretName), AuditColumnKind.Text),
        new("role", nameof(AuditEvent.RoleName), AuditColumnKind.Text),
        new("request_id", nameof(AuditEvent.RequestId), AuditColumnKind.Id),
        new("request_reference", nameof(AuditEvent.RequestReference), AuditColumnKind.Text),
        new("grant_id", nameof(AuditEvent.GrantId), AuditColumnKind.Id),
        new("policy", nameof(AuditEvent.PolicyName), AuditColumnKind.Text),
        new("policy_version", nameof(AuditEvent.PolicyVersion), AuditColumnKind.Number),
        new("reason", nameof(AuditEvent.Reason), AuditColumnKind.Text),
        new("comment", nameof(AuditEvent.Comment), AuditColumnKind.Text),
        new("provider_request_id", nameof(AuditEvent.ProviderRequestId), AuditColumnKind.Text),
        new("window_start", nameof(AuditEvent.WindowStart), AuditColumnKind.Instant),
        new("window_end", nameof(AuditEvent.WindowEnd), AuditColumnKind.Instant),
        new("correlation_id", nameof(AuditEvent.CorrelationId), AuditColumnKind.Text),
        new("client_address", nameof(AuditEvent.ClientAddress), AuditColumnKind.Text),
        new("user_agent", nameof(AuditEvent.UserAgent), AuditColumnKind.Text),
        new("on_behalf_of_tenant_id", nameof(AuditEvent.OnBehalfOfTenantId), AuditColumnKind.Id),
        new("on_behalf_of_name", nameof(AuditEvent.OnBehalfOfName), AuditColumnKind.Text),
        new("provider_correlation_id", nameof(AuditEvent.ProviderCorrelationId), AuditColumnKind.Text),
    ];

    /// <summary>Where a column stands in <see cref="All"/>, by its name in files.</summary>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    public static int IndexOf(string name)
    {
        for (var i = 0; i < All.Count; i++)
            if (All[i].Name == name)
                return i;
        throw new ArgumentException($"There is no column '{name}'.", nameof(name));
    }
}
