using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports;

/// <summary>The audit trail for a SIEM: an event of the Open Cybersecurity Schema Framework, version 1.3, a line. The last line is no event of the trail but says how the file ended.</summary>
/// <remarks>
/// <c>raw_data</c> is the event as it was sealed and <c>unmapped</c> its place in the log; everything else follows from <c>raw_data</c>, which is how a file is checked.
/// Classes: User Access Management (3005) for what gives or takes a role, Authentication (3002) for signing in and out, Authorize Session (3003) for what was refused, Entity Management (3004) for the rest.
/// </remarks>
public static class AuditOcsf
{
    /// <summary>The version of the schema.</summary>
    public const string SchemaVersion = "1.3.0";

    /// <summary>How the last line starts.</summary>
    internal const string EndStart = """{"metadata":{"event_code":"export.""";

    private const int IdentityAndAccess = 3;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Dictionary<string, string> Meanings = AuditCode.All.ToDictionary(c => c.Value, c => c.Meaning, StringComparer.Ordinal);

    /// <summary>Writes an export and leaves the stream open.</summary>
    public static async Task WriteAsync(AuditExport export, Stream destination, CancellationToken ct)
    {
        var lines = new JsonLinesWriter(destination, Options);
        var canonical = new CanonicalEvent();
        await foreach (var piece in export.ReadAsync(ct))
            for (var row = 0; row < piece.Count; row++)
                if (piece.IsShown(row))
                    await lines.WriteAsync(json => Row(json, piece, row, canonical), ct);
        await lines.WriteAsync(json => End(json, export), ct);
        await lines.FlushAsync(ct);
    }

    /// <summary>Writes an event's line, without its end.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="row">Which of them.</param>
    /// <param name="canonical">Holds the event afterwards.</param>
    /// <param name="asAtFirst">True for the line that versions of the portal wrote that held to the schema less strictly: their files are still checked.</param>
    internal static void Row(Utf8JsonWriter json, AuditRows rows, int row, CanonicalEvent canonical, bool asAtFirst = false)
    {
        rows.Give(row, canonical, shown: true);
        var e = canonical;
        var code = e.Text(EventField.Code);
        var (type, activity) = OcsfKinds.Of(code, e);
        json.WriteStartObject();

        json.WriteStartObject("metadata"u8);
        json.WriteString("event_code"u8, code);
        json.WriteString("version"u8, SchemaVersion);
        json.WriteString("uid"u8, e.Utf8(EventField.EventId));
        Write(json, "correlation_uid"u8, e, EventField.CorrelationId);
        if (!asAtFirst)
            WriteProfiles(json);
        json.WriteStartObject("product"u8);
        json.WriteString("name"u8, "Portal"u8);
        json.WriteString("vendor_name"u8, "Portal"u8);
        json.WriteEndObject();
        json.WriteEndObject();

        json.WriteNumber("time"u8, DateTimeOffset.TryParse(e.Text(EventField.At), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at.ToUnixTimeMilliseconds() : 0);
        json.WriteNumber("category_uid"u8, IdentityAndAccess);
        json.WriteNumber("class_uid"u8, (int)type);
        json.WriteNumber("activity_id"u8, activity);
        if (activity == OcsfKinds.Other)
            json.WriteString("activity_name"u8, code);
        json.WriteNumber("type_uid"u8, ((int)type * 100) + activity);
        var (severity, status) = e.Text(EventField.Outcome) switch
        {
            nameof(AuditOutcome.Success) => (1, 1),
            nameof(AuditOutcome.Refused) => (2, 2),
            _ => (3, 2),
        };
        json.WriteNumber("severity_id"u8, severity);
        json.WriteNumber("status_id"u8, status);
        Write(json, "status_detail"u8, e, EventField.Reason);
        json.WriteString("message"u8, Meanings.GetValueOrDefault(code, code));
        // Only this class has a comment and no user, and only the role's has a resource.
        var managed = type == OcsfClass.EntityManagement;
        if (asAtFirst || managed)
            Write(json, "comment"u8, e, EventField.Comment);

        WriteActor(json, e);
        if (asAtFirst || !managed)
            WriteUser(json, e);
        WriteFrom(json, e);
        WriteWhat(json, type, e, asAtFirst);
        if (asAtFirst || type == OcsfClass.UserAccess)
            WriteResource(json, e);
        json.WriteString("raw_data"u8, e.Json());
        json.WriteStartObject("unmapped"u8);
        if (!asAtFirst && !managed)
            Write(json, "comment"u8, e, EventField.Comment);
        if (!asAtFirst && type != OcsfClass.UserAccess)
            WriteResource(json, e);
        AuditJsonLines.Place(json, rows, row);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // The schema has who acted by its profile "host" in all classes but one.
    private static void WriteProfiles(Utf8JsonWriter json)
    {
        json.WriteStartArray("profiles"u8);
        json.WriteStringValue("host"u8);
        json.WriteEndArray();
    }

    private static void WriteActor(Utf8JsonWriter json, CanonicalEvent e)
    {
        json.WriteStartObject("actor"u8);
        WriteUser(json, e, EventField.ActorObjectId, EventField.ActorTenantId, EventField.ActorName, e.Text(EventField.ActorKind) switch
        {
            nameof(Identity.ActorKind.Person) => 1,
            nameof(Identity.ActorKind.System) => 3,
            _ => OcsfKinds.Other,
        });
        json.WriteEndObject();
    }

    private static bool IsAboutSomebody(CanonicalEvent e) => !e.Utf8(EventField.SubjectObjectId).IsEmpty || !e.Utf8(EventField.SubjectName).IsEmpty;

    private static void WriteUser(Utf8JsonWriter json, CanonicalEvent e)
    {
        var about = IsAboutSomebody(e);
        WriteUser(json, e, about ? EventField.SubjectObjectId : EventField.ActorObjectId, about ? EventField.SubjectTenantId : EventField.ActorTenantId, about ? EventField.SubjectName : EventField.ActorName, null);
    }

    private static void WriteFrom(Utf8JsonWriter json, CanonicalEvent e)
    {
        if (e.Utf8(EventField.ClientAddress).IsEmpty)
            return;
        json.WriteStartObject("src_endpoint"u8);
        Write(json, "ip"u8, e, EventField.ClientAddress);
        json.WriteEndObject();
    }

    private static void WriteUser(Utf8JsonWriter json, CanonicalEvent e, EventField id, EventField tenant, EventField name, int? type)
    {
        json.WriteStartObject("user"u8);
        Write(json, "uid"u8, e, id);
        Write(json, "name"u8, e, name);
        if (type is { } known)
            json.WriteNumber("type_id"u8, known);
        if (!e.Utf8(tenant).IsEmpty)
        {
            json.WriteStartObject("org"u8);
            Write(json, "uid"u8, e, tenant);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteWhat(Utf8JsonWriter json, OcsfClass type, CanonicalEvent e, bool asAtFirst)
    {
        if (type is OcsfClass.UserAccess or OcsfClass.AuthorizeSession)
        {
            json.WriteStartArray("privileges"u8);
            // What was refused is named in the comment: the use case that was tried.
            json.WriteStringValue(e.Utf8(type == OcsfClass.UserAccess ? EventField.Role : EventField.Comment));
            json.WriteEndArray();
        }

        if (type == OcsfClass.Authentication && !asAtFirst)
        {
            json.WriteStartObject("service"u8);
            json.WriteString("name"u8, "Portal"u8);
            json.WriteEndObject();
        }

        if (type == OcsfClass.EntityManagement)
            WriteEntity(json, e, asAtFirst);
    }

    private static void WriteEntity(Utf8JsonWriter json, CanonicalEvent e, bool asAtFirst)
    {
        var (id, name, kind) =
            !e.Utf8(EventField.RequestReference).IsEmpty ? (EventField.RequestId, EventField.RequestReference, "Access request")
            : !e.Utf8(EventField.Policy).IsEmpty ? (EventField.PolicyVersion, EventField.Policy, "Access policy")
            : (EventField.Scope, EventField.Secret, "Access");
        json.WriteStartObject("entity"u8);
        json.WriteString("type"u8, kind);
        Write(json, "uid"u8, e, id);
        Write(json, "name"u8, e, name);
        if (!asAtFirst)
        {
            // The schema wants one of the two.
            if (e.Utf8(id).IsEmpty && e.Utf8(name).IsEmpty)
                json.WriteString("name"u8, e.Utf8(EventField.Code).StartsWith("audit."u8) ? "Audit trail"u8 : "All access"u8);
            if (IsAboutSomebody(e))
                WriteUser(json, e);
        }

        json.WriteEndObject();
    }

    private static void WriteResource(Utf8JsonWriter json, CanonicalEvent e)
    {
        if (e.Utf8(EventField.Scope).IsEmpty)
            return;
        json.WriteStartObject("resource"u8);
        Write(json, "uid"u8, e, EventField.Scope);
        Write(json, "name"u8, e, e.Utf8(EventField.Secret).IsEmpty ? EventField.Vault : EventField.Secret);
        json.WriteString("type"u8, e.Utf8(EventField.Secret).IsEmpty ? "Vault"u8 : "Secret"u8);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, CanonicalEvent e, EventField field)
    {
        if (!e.Utf8(field).IsEmpty)
            json.WriteString(name, e.Utf8(field));
    }

    private static void End(Utf8JsonWriter json, AuditExport export)
    {
        json.WriteStartObject();
        json.WriteStartObject("metadata"u8);
        json.WriteString("event_code"u8, export.End!.Code);
        json.WriteString("version"u8, SchemaVersion);
        json.WriteStartObject("product"u8);
        json.WriteString("name"u8, "Portal"u8);
        json.WriteString("vendor_name"u8, "Portal"u8);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteNumber("time"u8, (export.Point.Time ?? DateTimeOffset.UnixEpoch).ToUnixTimeMilliseconds());
        json.WriteNumber("category_uid"u8, IdentityAndAccess);
        json.WriteNumber("class_uid"u8, (int)OcsfClass.EntityManagement);
        json.WriteNumber("activity_id"u8, 2);
        json.WriteNumber("type_uid"u8, ((int)OcsfClass.EntityManagement * 100) + 2);
        json.WriteNumber("severity_id"u8, export.End.Outcome == ExportOutcome.Unverified ? 5 : 1);
        json.WriteNumber("status_id"u8, export.End.Outcome == ExportOutcome.Complete ? 1 : 2);
        json.WriteString("message"u8, export.InWords());
        json.WriteStartObject("entity"u8);
        json.WriteString("type"u8, "Audit export"u8);
        json.WriteString("name"u8, export.Kind);
        json.WriteEndObject();
        json.WriteStartObject("unmapped"u8);
        json.WriteStartObject("end"u8);
        AuditJsonLines.WriteEnd(json, export);
        AuditJsonLines.WritePoint(json, export);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
