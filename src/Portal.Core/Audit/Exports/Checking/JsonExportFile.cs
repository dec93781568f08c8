using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Steps through an export with a JSON object a line: JSON Lines or OCSF.</summary>
internal sealed class JsonExportFile(Stream source, ExportFormat format) : ExportFile(source)
{
    private const int LongestLine = 16 * 1024 * 1024;

    private static readonly byte[] OcsfEnd = Encoding.UTF8.GetBytes(AuditOcsf.EndStart);

    private readonly LineReader _lines = new(source, LongestLine);
    // Each is used for one piece at a time.
    private readonly ConcurrentBag<JsonLine> _readers = [];

    /// <inheritdoc />
    public override async ValueTask<ExportStep> SkipAsync(CancellationToken ct)
    {
        if (!await _lines.NextAsync(ct))
            return ExportStep.Nothing;
        var line = _lines.Line.Span;
        if (!(format == ExportFormat.Ocsf ? line.StartsWith(OcsfEnd) : line.StartsWith("{\"end\":"u8) || line.StartsWith("{\"export\":"u8)))
            return ExportStep.Event;
        try
        {
            TakeStatement();
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException(wrong.Message, wrong);
        }

        return ExportStep.Statement;
    }

    /// <inheritdoc />
    protected override void Take(ExportPiece piece) => piece.Lines.Add(_lines.Line.Span);

    /// <inheritdoc />
    protected override void Settle(ExportPiece piece, Checkpoint? signed)
    {
        var reader = _readers.TryTake(out var free) ? free : new JsonLine(format);
        try
        {
            while (piece.Count < piece.Lines.Count)
                piece.Settle(reader.Take(piece.Lines[piece.Count], piece), signed);
        }
        catch (FormatException wrong)
        {
            // It comes before whatever is wrong behind it.
            piece.Broken = wrong;
        }

        _readers.Add(reader);
    }

    private void TakeStatement()
    {
        using var json = JsonDocument.Parse(_lines.Line);
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
}
