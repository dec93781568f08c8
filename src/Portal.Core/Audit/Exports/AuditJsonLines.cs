using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports;

/// <summary>The audit trail as JSON Lines: a line that says what the file is, a line for each event, a line that says how it ended.</summary>
/// <remarks><c>docs/audit-log-format.md</c> describes the lines.</remarks>
public static class AuditJsonLines
{
    /// <summary>Goes up when a line changes its meaning.</summary>
    public const int Version = 1;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes an export and leaves the stream open.</summary>
    public static async Task WriteAsync(AuditExport export, Stream destination, CancellationToken ct)
    {
        var lines = new JsonLinesWriter(destination, Options);
        await lines.WriteAsync(json => Start(json, export), ct);
        var canonical = new CanonicalEvent();
        await foreach (var piece in export.ReadAsync(ct))
            for (var row = 0; row < piece.Count; row++)
                if (piece.IsShown(row))
                    await lines.WriteAsync(json => Row(json, piece, row, canonical), ct);
        await lines.WriteAsync(json => End(json, export), ct);
        await lines.FlushAsync(ct);
    }

    /// <summary>Writes an event's line, without its end.</summary>
    internal static void Row(Utf8JsonWriter json, AuditRows rows, int row, CanonicalEvent canonical)
    {
        json.WriteStartObject();
        Place(json, rows, row);
        rows.Give(row, canonical, shown: true);
        json.WritePropertyName("event"u8);
        json.WriteRawValue(canonical.Json(), skipInputValidation: true);
        json.WriteEndObject();
    }

    /// <summary>Writes where a row stands in the log and its proof; nothing for a row of which something is kept from its reader.</summary>
    internal static void Place(Utf8JsonWriter json, AuditRows rows, int row)
    {
        if (rows.Position(row) < 0 || rows.IsRedacted(row))
            return;
        json.WriteNumber("position"u8, rows.Position(row));
        Span<byte> text = stackalloc byte[256];
        if (!rows.Leaf(row).IsEmpty)
        {
            Convert.TryToHexStringLower(rows.Leaf(row), text, out var hex);
            json.WriteString("leaf_hash"u8, text[..hex]);
        }

        if (!rows.Digests(row).IsEmpty)
            json.WriteString("field_digests"u8, text[..Base64Url.EncodeToUtf8(rows.GivenDigests(row), text)]);
        if (rows.Path(row) is not { } path)
            return;
        json.WriteStartArray("proof"u8);
        foreach (var hash in path)
            json.WriteBase64StringValue(hash);
        json.WriteEndArray();
    }

    /// <summary>Writes what is said of the end: how many rows, how it came out.</summary>
    internal static void WriteEnd(Utf8JsonWriter json, AuditExport export)
    {
        var end = export.End!;
        json.WriteString("code"u8, end.Code);
        json.WriteNumber("rows"u8, end.Rows);
        json.WriteNumber("unproven"u8, end.Unproven);
        json.WriteString("kind"u8, export.Kind);
        json.WriteString("words"u8, export.InWords());
    }

    /// <summary>Writes what is said of the whole: which filter, which state of the log, by which keys.</summary>
    internal static void WritePoint(Utf8JsonWriter json, AuditExport export)
    {
        json.WriteStartObject("filter"u8);
        foreach (var (name, value) in FilterWords.Of(export.Filter))
            json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteNumber("size"u8, export.Point.Size);
        json.WriteString("checkpoint"u8, export.Point.Note);
        json.WriteStartArray("keys"u8);
        foreach (var key in export.Point.Keys)
            json.WriteStringValue(key);
        json.WriteEndArray();
    }

    private static void Start(Utf8JsonWriter json, AuditExport export)
    {
        json.WriteStartObject();
        json.WriteStartObject("export"u8);
        json.WriteString("format"u8, ExportFormat.JsonLines.Name());
        json.WriteNumber("version"u8, Version);
        json.WriteString("kind"u8, export.Kind);
        WritePoint(json, export);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void End(Utf8JsonWriter json, AuditExport export)
    {
        json.WriteStartObject();
        json.WriteStartObject("end"u8);
        WriteEnd(json, export);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

/// <summary>Writes JSON objects, one a line, over a buffer that it sends when it is full; never writes synchronously.</summary>
internal sealed class JsonLinesWriter(Stream destination, JsonWriterOptions options)
{
    private const int Full = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(2 * Full);
    private Utf8JsonWriter? _json;

    /// <summary>Writes a line.</summary>
    public ValueTask WriteAsync(Action<Utf8JsonWriter> line, CancellationToken ct)
    {
        if (_json is null)
            _json = new Utf8JsonWriter(_buffer, options);
        else
            _json.Reset();
        line(_json);
        _json.Flush();
        _buffer.Write("\n"u8);
        return _buffer.WrittenCount < Full ? ValueTask.CompletedTask : SendAsync(ct);
    }

    /// <summary>Sends what is buffered.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        await SendAsync(ct);
        await destination.FlushAsync(ct);
    }

    private async ValueTask SendAsync(CancellationToken ct)
    {
        await destination.WriteAsync(_buffer.WrittenMemory, ct);
        _buffer.ResetWrittenCount();
    }
}
