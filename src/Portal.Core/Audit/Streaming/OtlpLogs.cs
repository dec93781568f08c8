using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Streaming;

/// <summary>A message as OTLP has it: an ExportLogsServiceRequest in the JSON encoding of OTLP/HTTP, with a log record for each event. The record's body is the canonical event as it was sealed.</summary>
public static class OtlpLogs
{
    /// <summary>The resource's <c>service.name</c>.</summary>
    public const string ServiceName = "access-portal";

    /// <summary>The scope's name, and what the attributes begin with that OpenTelemetry has no name for.</summary>
    public const string Scope = "portal.audit";

    /// <summary>What an event is called that retention has pruned.</summary>
    public const string PrunedEvent = Scope + ".pruned";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // By OpenTelemetry's semantic conventions, where they have a name for it.
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        [EventField.EventId.Name()] = "log.record.uid",
        [EventField.ActorObjectId.Name()] = "user.id",
        [EventField.ActorName.Name()] = "user.full_name",
        [EventField.ActorRoles.Name()] = "user.roles",
        [EventField.ClientAddress.Name()] = "client.address",
        [EventField.UserAgent.Name()] = "user_agent.original",
        [EventField.ProviderRequestId.Name()] = "azure.service.request.id",
    };

    /// <summary>Writes it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="now">When it is sent. Only what is pruned, and has no time of its own, carries it: other events are the same bytes at each try.</param>
    public static byte[] Of(StreamMessage message, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteStartArray("resourceLogs");
            json.WriteStartObject();
            json.WriteStartObject("resource");
            json.WriteStartArray("attributes");
            Text(json, "service.name", ServiceName);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray("scopeLogs");
            json.WriteStartObject();
            json.WriteStartObject("scope");
            json.WriteString("name", Scope);
            json.WriteStartArray("attributes");
            Text(json, $"{Scope}.stream", message.Stream);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray("logRecords");
            foreach (var happened in message.Events)
                Record(json, happened, now);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Record(Utf8JsonWriter json, StreamedEvent happened, DateTimeOffset now)
    {
        json.WriteStartObject();
        if (happened.Canonical is not { } canonical)
        {
            // Without timeUnixNano: when it was went with the event.
            json.WriteString("observedTimeUnixNano", Nanoseconds(now));
            Severity(json, nameof(AuditOutcome.Success));
            json.WriteString("eventName", PrunedEvent);
            json.WriteStartArray("attributes");
            Place(json, happened);
            Attribute(json, $"{Scope}.pruned", () => json.WriteBoolean("boolValue", true));
            json.WriteEndArray();
            json.WriteEndObject();
            return;
        }

        using var fields = JsonDocument.Parse(canonical);
        var time = Nanoseconds(happened.At ?? DateTimeOffset.UnixEpoch);
        json.WriteString("timeUnixNano", time);
        // Whoever recorded it observed it then, and a message that is tried again is the same message.
        json.WriteString("observedTimeUnixNano", time);
        Severity(json, TextOf(fields, EventField.Outcome));
        json.WriteString("eventName", happened.Code);
        json.WriteStartObject("body");
        json.WriteString("stringValue", canonical);
        json.WriteEndObject();
        json.WriteStartArray("attributes");
        Place(json, happened);
        foreach (var field in fields.RootElement.EnumerateObject())
            Field(json, field);
        json.WriteEndArray();
        if (TextOf(fields, EventField.CorrelationId) is { } trace && IsTraceId(trace))
            json.WriteString("traceId", trace);
        json.WriteEndObject();
    }

    private static void Place(Utf8JsonWriter json, StreamedEvent happened)
    {
        Attribute(json, $"{Scope}.position", () => json.WriteString("intValue", happened.Position.ToString(CultureInfo.InvariantCulture)));
        Text(json, $"{Scope}.leaf_hash", Convert.ToHexStringLower(happened.LeafHash));
    }

    private static void Field(Utf8JsonWriter json, JsonProperty field)
    {
        var name = Known.GetValueOrDefault(field.Name, $"{Scope}.{field.Name}");
        if (field.Value.ValueKind == JsonValueKind.Number)
            Attribute(json, name, () => json.WriteString("intValue", field.Value.GetRawText()));
        else if (field.NameEquals(EventField.ActorRoles.Name()))
            Attribute(json, name, () =>
            {
                json.WriteStartObject("arrayValue");
                json.WriteStartArray("values");
                foreach (var role in field.Value.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    json.WriteStartObject();
                    json.WriteString("stringValue", role);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            });
        else
            Text(json, name, field.Value.GetString());
    }

    private static void Severity(Utf8JsonWriter json, string? outcome)
    {
        var (number, text) = outcome switch
        {
            nameof(AuditOutcome.Refused) => (13, "WARN"),
            nameof(AuditOutcome.Failed) => (17, "ERROR"),
            _ => (9, "INFO"),
        };
        json.WriteNumber("severityNumber", number);
        json.WriteString("severityText", text);
    }

    private static void Text(Utf8JsonWriter json, string key, string? value) => Attribute(json, key, () => json.WriteString("stringValue", value));

    private static void Attribute(Utf8JsonWriter json, string key, Action writeValue)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WriteStartObject("value");
        writeValue();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string? TextOf(JsonDocument fields, EventField field) =>
        fields.RootElement.TryGetProperty(field.Name(), out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // A fixed64 ends in the year 2554; a database that was tampered with may name a later one.
    private static string Nanoseconds(DateTimeOffset at) =>
        ((ulong)UInt128.Min((UInt128)Math.Max(0, (at - DateTimeOffset.UnixEpoch).Ticks) * 100, ulong.MaxValue)).ToString(CultureInfo.InvariantCulture);

    private static bool IsTraceId(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower) && text.Any(c => c != '0');
}
