using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Steps through an export with a JSON object a line: JSON Lines or OCSF.</summary>
internal sealed class JsonExportFile(Stream source, ExportFormat format) : ExportFile(source)
{
    private const int LongestLine = 16 * 1024 * 1024;

    private static readonly JsonWriterOptions AsWritten = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly PipeReader _lines = PipeReader.Create(source, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
    private byte[] _line = new byte[4096];
    private int _length;

    private ReadOnlyMemory<byte> Line => _line.AsMemory(0, _length);

    /// <inheritdoc />
    public override async ValueTask<ExportStep> NextAsync(CancellationToken ct)
    {
        var step = await SkipAsync(ct);
        if (step == ExportStep.Event)
            Understand(TakeRow);
        return step;
    }

    /// <inheritdoc />
    public override async ValueTask<ExportStep> SkipAsync(CancellationToken ct)
    {
        if (!await ReadLineAsync(ct))
            return ExportStep.Nothing;
        if (!(format == ExportFormat.Ocsf ? Line.Span.StartsWith(Encoding.UTF8.GetBytes(AuditOcsf.EndStart)) : Line.Span.StartsWith("{\"end\":"u8) || Line.Span.StartsWith("{\"export\":"u8)))
            return ExportStep.Event;
        Understand(TakeStatement);
        return ExportStep.Statement;
    }

    /// <inheritdoc />
    public override string? WrittenOtherwise(CanonicalEvent canonical)
    {
        var written = Written(canonical, asAtFirst: false);
        // Files of the portal's first versions hold too.
        if (written.WrittenSpan.SequenceEqual(Line.Span) || (format == ExportFormat.Ocsf && Written(canonical, asAtFirst: true).WrittenSpan.SequenceEqual(Line.Span)))
            return null;
        using var there = JsonDocument.Parse(Line);
        using var expected = JsonDocument.Parse(written.WrittenMemory);
        return expected.RootElement.EnumerateObject().FirstOrDefault(p => !there.RootElement.TryGetProperty(p.Name, out var value) || !JsonElement.DeepEquals(value, p.Value)) is { Value.ValueKind: not JsonValueKind.Undefined } other ? other.Name
            : there.RootElement.EnumerateObject().Select(p => p.Name).FirstOrDefault(name => !expected.RootElement.TryGetProperty(name, out _)) ?? "layout";
    }

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await _lines.CompleteAsync();
        await base.DisposeAsync();
    }

    private static void Understand(Action read)
    {
        try
        {
            read();
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException(wrong.Message, wrong);
        }
    }

    private async ValueTask<bool> ReadLineAsync(CancellationToken ct)
    {
        while (true)
        {
            var read = await _lines.ReadAsync(ct);
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                Keep(read.Buffer.Slice(0, end));
                _lines.AdvanceTo(read.Buffer.GetPosition(1, end));
                return true;
            }

            if (read.Buffer.Length > LongestLine)
                throw new FormatException("A line is longer than any that the portal writes.");
            if (read.IsCompleted)
            {
                if (!read.Buffer.IsEmpty)
                    throw new FormatException("The last line has no end.");
                return false;
            }

            _lines.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private void Keep(ReadOnlySequence<byte> line)
    {
        _length = (int)line.Length;
        if (_line.Length < _length)
            _line = new byte[_length * 2];
        line.CopyTo(_line);
    }

    private void TakeRow()
    {
        using var json = JsonDocument.Parse(Line);
        Row.Clear();
        if (format == ExportFormat.Ocsf)
        {
            using var raw = JsonDocument.Parse(json.RootElement.GetProperty("raw_data").GetString()!);
            TakeRow(raw.RootElement, json.RootElement.GetProperty("unmapped"));
        }
        else
            TakeRow(json.RootElement.GetProperty("event"), json.RootElement);
    }

    private void TakeRow(JsonElement happened, JsonElement place)
    {
        foreach (var column in AuditColumn.All)
            if (!happened.TryGetProperty(column.Name, out var value))
                Row.AddNothing();
            else
                Row.AddText(Encoding.UTF8.GetBytes(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()));
        if (happened.EnumerateObject().FirstOrDefault(p => EventFields.Find(p.Name) is null) is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
            throw new FormatException($"An event has no field '{unknown.Name}'.");
        long? position = place.TryGetProperty("position", out var at) ? at.GetInt64() : null;
        Row.EndRow(position, place.TryGetProperty("field_digests", out var digests) ? Base64Url.DecodeFromChars(digests.GetString()) : []);
        if (place.TryGetProperty("leaf_hash", out var leaf) && leaf.GetString() is { Length: 64 } hex)
            Row.Prove(0, Convert.FromHexString(hex), place.TryGetProperty("proof", out var proof) ? [.. proof.EnumerateArray().Select(hash => hash.GetBytesFromBase64())] : null);
    }

    private void TakeStatement()
    {
        using var json = JsonDocument.Parse(Line);
        var root = json.RootElement;
        if (format == ExportFormat.Ocsf)
            root = root.GetProperty("unmapped");
        var (said, point) = root.TryGetProperty("end", out var end) ? (end, format == ExportFormat.Ocsf ? end : default) : (default(JsonElement?), root.GetProperty("export"));
        if (point.ValueKind == JsonValueKind.Object)
            Statement = new ExportStatement("", 0, -1, point.GetProperty("kind").GetString()!, point.GetProperty("size").GetInt64(), point.GetProperty("checkpoint").GetString()!, "");
        if (said is not { } last)
            return;
        var start = Statement ?? throw new FormatException("The file does not say at its start what it is.");
        if (last.GetProperty("kind").GetString() != start.Kind)
            throw new FormatException("The file says something else at its end than at its start.");
        Statement = start with
        {
            Code = last.GetProperty("code").GetString()!,
            Rows = last.GetProperty("rows").GetInt64(),
            Unproven = last.GetProperty("unproven").GetInt64(),
            Words = last.GetProperty("words").GetString()!,
        };
    }

    private ArrayBufferWriter<byte> Written(CanonicalEvent canonical, bool asAtFirst)
    {
        var written = new ArrayBufferWriter<byte>(_length + 256);
        using var json = new Utf8JsonWriter(written, AsWritten);
        if (format == ExportFormat.Ocsf)
            AuditOcsf.Row(json, Row, 0, canonical, asAtFirst);
        else
            AuditJsonLines.Row(json, Row, 0, canonical);
        json.Flush();
        return written;
    }
}
