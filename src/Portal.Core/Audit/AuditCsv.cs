using CsvHelper;

namespace Portal.Core.Audit;

/// <summary>The audit trail as a CSV file: RFC 4180 with CRLF, UTF-8 with a byte order mark, a header that only ever grows at its end, one row per event.</summary>
/// <remarks>
/// Times are UTC, ISO 8601 with milliseconds. What an event does not know is an empty cell. Every cell is quoted, so that a program that also splits at semicolons or tabs
/// does not take part of a text for a cell of its own. Texts go through <see cref="SpreadsheetGuard"/> and are otherwise written as they are.
/// </remarks>
public static class AuditCsv
{
    /// <summary>The media type.</summary>
    public const string ContentType = "text/csv; charset=utf-8";

    private const string Instant = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    private static readonly CsvWriterOptions Options = CsvWriterOptions.Default with { WriteByteOrderMark = true, Quoting = CsvQuoting.Always };

    /// <summary>The columns, in order.</summary>
    public static IReadOnlyList<string> Header { get; } =
    [
        "sequence", "event_id", "at", "code", "outcome",
        "actor_kind", "actor_tenant_id", "actor_object_id", "actor_name", "actor_roles", "on_behalf_of_object_id",
        "subject_tenant_id", "subject_object_id", "subject_name",
        "scope", "vault", "secret", "role",
        "request_id", "request_reference", "grant_id", "policy", "policy_version",
        "reason", "comment", "provider_request_id", "window_start", "window_end",
        "correlation_id", "client_address", "user_agent",
        "on_behalf_of_tenant_id", "on_behalf_of_name", "provider_correlation_id",
    ];

    /// <summary>Writes the events as they come and leaves the stream open. Holds one event and a buffer of 64 KiB, however many there are; never writes synchronously.</summary>
    /// <returns>How many events were written.</returns>
    public static async Task<long> WriteAsync(IAsyncEnumerable<AuditEvent> events, Stream destination, CancellationToken ct)
    {
        // Disposed only when all is written: disposing writes what is buffered, and after a fault part of a file must not look like a file.
        var csv = CsvWriter.Create(destination, Options, leaveOpen: true);
        foreach (var column in Header)
            csv.WriteField(column);
        await csv.EndRecordAsync(ct);

        var written = 0L;
        await foreach (var row in events.WithCancellation(ct))
        {
            Write(csv, row);
            await csv.EndRecordAsync(ct);
            written++;
        }

        await csv.FlushAsync(ct);
        await csv.DisposeAsync();
        return written;
    }

    private static void Write(CsvWriter csv, AuditEvent row)
    {
        csv.WriteField(row.Sequence);
        csv.WriteField(row.EventId);
        Time(csv, row.At);
        Text(csv, row.Code);
        Text(csv, row.Outcome.ToString());

        Text(csv, row.ActorKind.ToString());
        csv.WriteField(row.ActorTenantId);
        csv.WriteField(row.ActorObjectId);
        Text(csv, row.ActorName);
        Text(csv, row.ActorRoles);
        csv.WriteField(row.OnBehalfOfObjectId);

        csv.WriteField(row.SubjectTenantId);
        csv.WriteField(row.SubjectObjectId);
        Text(csv, row.SubjectName);

        Text(csv, row.Scope);
        Text(csv, row.VaultName);
        Text(csv, row.SecretName);
        Text(csv, row.RoleName);

        csv.WriteField(row.RequestId);
        Text(csv, row.RequestReference);
        csv.WriteField(row.GrantId);
        Text(csv, row.PolicyName);
        csv.WriteField(row.PolicyVersion);

        Text(csv, row.Reason);
        Text(csv, row.Comment);
        Text(csv, row.ProviderRequestId);
        Time(csv, row.WindowStart);
        Time(csv, row.WindowEnd);

        Text(csv, row.CorrelationId);
        Text(csv, row.ClientAddress);
        Text(csv, row.UserAgent);

        csv.WriteField(row.OnBehalfOfTenantId);
        Text(csv, row.OnBehalfOfName);
        Text(csv, row.ProviderCorrelationId);
    }

    private static void Time(CsvWriter csv, DateTimeOffset? instant)
    {
        if (instant is { } known)
            csv.WriteField(known.UtcDateTime, Instant);
        else
            csv.WriteField((string?)null);
    }

    private static void Text(CsvWriter csv, string? text) => csv.WriteField(text is null ? null : SpreadsheetGuard.Add(text));
}
