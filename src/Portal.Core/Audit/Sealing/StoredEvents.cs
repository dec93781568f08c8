using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>Reads the log as it lies in the tables, past the model: every value as it is stored, also where it is none that the portal could have written.</summary>
internal sealed class StoredEvents(PortalDb db)
{
    private static readonly string[] Columns =
    [
        "Sequence", "EventId", "At", "Code", "Outcome", "ActorKind", "ActorTenantId", "ActorObjectId", "ActorName", "ActorRoles", "OnBehalfOfObjectId",
        "SubjectTenantId", "SubjectObjectId", "SubjectName", "Scope", "VaultName", "SecretName", "RoleName", "RequestId", "RequestReference", "GrantId", "PolicyName", "PolicyVersion",
        "Reason", "Comment", "ProviderRequestId", "WindowStart", "WindowEnd", "CorrelationId", "ClientAddress", "UserAgent", "OnBehalfOfTenantId", "OnBehalfOfName", "ProviderCorrelationId",
    ];

    private static readonly string Sql = $"""
        SELECT l."Position", l."EventId", l."FieldDigests", {string.Join(", ", Columns.Select(c => $"e.\"{c}\""))}
        FROM "AuditLeaves" l LEFT JOIN "AuditEvents" e ON e."EventId" = l."EventId"
        WHERE l."Position" >= @from AND l."Position" < @to ORDER BY l."Position"
        """;

    private readonly CanonicalEvent _canonical = new();

    /// <summary>Leaves of a range with their events, in order. Each is good until the next is asked for.</summary>
    public async IAsyncEnumerable<StoredLeaf> ReadAsync(long from, long to, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = Sql;
        Add(command, "@from", from);
        Add(command, "@to", to);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            _canonical.Clear();
            var found = !reader.IsDBNull(3 + (int)EventField.EventId);
            if (found)
                for (var field = 0; field < Columns.Length; field++)
                    Read(reader, 3 + field, (EventField)field, _canonical);
            yield return new StoredLeaf(reader.GetInt64(0), Convert.ToString(reader.GetValue(1), CultureInfo.InvariantCulture)!.ToLowerInvariant(), reader.GetValue(2) as byte[] ?? [], found ? _canonical : null);
        }
    }

    private static void Add(DbCommand command, string name, long value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }

    private static void Read(DbDataReader reader, int at, EventField field, CanonicalEvent into)
    {
        if (reader.IsDBNull(at))
            return;
        var type = reader.GetFieldType(at);
        if (type == typeof(string))
            Text(reader.GetString(at), field, into);
        else if (type == typeof(Guid))
            into.Set(field, reader.GetGuid(at));
        else if (type == typeof(DateTime))
            into.Set(field, reader.GetDateTime(at));
        else if (type == typeof(long))
            into.Set(field, reader.GetInt64(at));
        else if (type == typeof(int))
            into.Set(field, reader.GetInt32(at));
        else if (reader.GetValue(at) is byte[] bytes)
            into.SetUtf8(field, bytes);
        else
            into.Set(field, Convert.ToString(reader.GetValue(at), CultureInfo.InvariantCulture));
    }

    // SQLite keeps GUIDs and instants as text.
    private static void Text(string text, EventField field, CanonicalEvent into)
    {
        switch (field)
        {
            case EventField.EventId or EventField.ActorTenantId or EventField.ActorObjectId or EventField.OnBehalfOfObjectId or EventField.OnBehalfOfTenantId
                or EventField.SubjectTenantId or EventField.SubjectObjectId or EventField.RequestId or EventField.GrantId when Guid.TryParseExact(text, "D", out var id):
                into.Set(field, id);
                break;
            case EventField.At or EventField.WindowStart or EventField.WindowEnd:
                Instant(text, field, into);
                break;
            default:
                into.Set(field, text);
                break;
        }
    }

    private static void Instant(string text, EventField field, CanonicalEvent into)
    {
        // 2026-11-28 00:40:05.007: as many digits as are needed.
        if (text.Length < 19 || text[10] != ' ' || (text.Length > 19 && text[19] != '.') || text.Length > 27)
        {
            into.Set(field, text);
            return;
        }

        Span<char> canonical = stackalloc char[28];
        text.AsSpan(0, 19).CopyTo(canonical);
        canonical[10] = 'T';
        canonical[19] = '.';
        var fraction = text.AsSpan(Math.Min(20, text.Length)).TrimEnd('0');
        var digits = fraction.Length <= 3 ? 3 : 7;
        canonical.Slice(20, digits).Fill('0');
        fraction.CopyTo(canonical[20..]);
        canonical[20 + digits] = 'Z';
        into.Set(field, canonical[..(21 + digits)]);
    }
}

/// <summary>A leaf as it is stored.</summary>
/// <param name="Position">Its place.</param>
/// <param name="EventId">The event that it names, in lower case.</param>
/// <param name="FieldDigests">Which field is which.</param>
/// <param name="Event">The event; null when there is none of that id.</param>
internal readonly record struct StoredLeaf(long Position, string EventId, byte[] FieldDigests, CanonicalEvent? Event);
