using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Takes the lines of one piece of a JSON Lines or OCSF file apart. A line that is exactly as the portal writes it is gone through once; every other one is parsed in full, so that what is wrong with it can be named.</summary>
internal sealed class JsonLine(ExportFormat format)
{
    private static readonly JsonWriterOptions AsWritten = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly CanonicalCells _cells = new();
    private readonly ArrayBufferWriter<byte> _written = new(4096);
    private readonly byte[] _digests = new byte[256];
    private Utf8JsonWriter? _json;
    private byte[] _raw = new byte[4096];

    /// <summary>Takes a line as the next row of a piece, whose canonical event it is afterwards.</summary>
    /// <returns>Where it differs from what the portal would write for the same event; null when it does not.</returns>
    /// <exception cref="FormatException">It is nothing that the portal writes.</exception>
    public string? Take(ReadOnlyMemory<byte> line, ExportPiece piece)
    {
        var row = piece.Rows.Count;
        if (TryTake(line.Span, piece.Rows))
        {
            if (Written(piece, row, asAtFirst: false).SequenceEqual(line.Span))
                return null;
            piece.Rows.TakeBack();
        }

        try
        {
            TakeParsed(line, piece.Rows);
            return WrittenOtherwise(line, piece, row);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException(wrong.Message, wrong);
        }
    }

    // A guess by how lines look; the line that is written from it is compared with the one that is there.
    private bool TryTake(ReadOnlySpan<byte> line, AuditRows rows)
    {
        ReadOnlySpan<byte> happened, place;
        if (format == ExportFormat.Ocsf)
        {
            var (start, end) = (line.IndexOf(",\"raw_data\":\""u8), line.IndexOf("\",\"unmapped\":{"u8));
            var at = line.LastIndexOf("\"position\":"u8);
            if (start < 0 || end < start + 13 || at < end)
                return false;
            var raw = line[(start + 13)..end];
            if (_raw.Length < raw.Length)
                _raw = new byte[raw.Length * 2];
            if (CanonicalCells.Unescape(raw, _raw) is not (> 0 and var length))
                return false;
            happened = _raw.AsSpan(0, length);
            place = line[at..];
        }
        else
        {
            var at = line.IndexOf(",\"event\":{"u8);
            if (at < 0)
                return false;
            happened = line[(at + 9)..^1];
            place = line[1..];
        }

        return TryPlace(place, out var position, out var leaf, out var digests, out var path) && _cells.TryAdd(happened, rows) && Ended(rows, position, leaf, _digests.AsSpan(0, digests), path);
    }

    private static bool Ended(AuditRows rows, long position, ReadOnlySpan<byte> leaf, ReadOnlySpan<byte> digests, List<byte[]>? path)
    {
        Span<byte> hash = stackalloc byte[MerkleTree.HashSize];
        var whole = Convert.FromHexString(leaf, hash, out _, out var written) == OperationStatus.Done && written == hash.Length;
        rows.EndRow(position, digests);
        if (whole)
            rows.Prove(rows.Count - 1, hash, path);
        return true;
    }

    private bool TryPlace(ReadOnlySpan<byte> place, out long position, out ReadOnlySpan<byte> leaf, out int digests, out List<byte[]>? path)
    {
        leaf = default;
        digests = 0;
        path = null;
        var hex = 2 * MerkleTree.HashSize;
        position = 0;
        if (!place.StartsWith("\"position\":"u8) || !Utf8Parser.TryParse(place[11..], out position, out var read))
            return false;
        place = place[(11 + read)..];
        if (!place.StartsWith(",\"leaf_hash\":\""u8) || place.Length < 14 + hex)
            return false;
        leaf = place.Slice(14, hex);
        place = place[(14 + hex)..];
        if (!place.StartsWith("\",\"field_digests\":\""u8) || place[19..].IndexOf((byte)'"') is not (>= 0 and < 300 and var end))
            return false;
        return Base64Url.IsValid(place.Slice(19, end)) && Base64Url.TryDecodeFromUtf8(place.Slice(19, end), _digests, out digests) && TryProof(place[(19 + end)..], out path);
    }

    /// <summary>The hashes that lead from the leaf to the root; null where the row brings none.</summary>
    private static bool TryProof(ReadOnlySpan<byte> rest, out List<byte[]>? path)
    {
        path = null;
        if (!rest.StartsWith("\",\"proof\":["u8))
            return true;
        var text = Base64.GetMaxEncodedToUtf8Length(MerkleTree.HashSize);
        path = [];
        for (rest = rest[11..]; rest.Length > text + 2 && rest[0] == (byte)'"'; rest = rest[(text + 2)..].TrimStart((byte)','))
        {
            var hash = new byte[MerkleTree.HashSize];
            if (Base64.DecodeFromUtf8(rest.Slice(1, text), hash, out _, out var written) != OperationStatus.Done || written != hash.Length)
                return false;
            path.Add(hash);
        }

        return rest.StartsWith("]"u8);
    }

    private void TakeParsed(ReadOnlyMemory<byte> line, AuditRows rows)
    {
        using var json = JsonDocument.Parse(line);
        if (format == ExportFormat.Ocsf)
        {
            using var raw = JsonDocument.Parse(json.RootElement.GetProperty("raw_data").GetString()!);
            TakeParsed(raw.RootElement, json.RootElement.GetProperty("unmapped"), rows);
        }
        else
            TakeParsed(json.RootElement.GetProperty("event"), json.RootElement, rows);
    }

    private static void TakeParsed(JsonElement happened, JsonElement place, AuditRows rows)
    {
        foreach (var column in AuditColumn.All)
            if (!happened.TryGetProperty(column.Name, out var value))
                rows.AddNothing();
            else
                rows.AddText(Encoding.UTF8.GetBytes(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()));
        if (happened.EnumerateObject().FirstOrDefault(p => EventFields.Find(p.Name) is null) is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
            throw new FormatException($"An event has no field '{unknown.Name}'.");
        long? position = place.TryGetProperty("position", out var at) ? at.GetInt64() : null;
        rows.EndRow(position, place.TryGetProperty("field_digests", out var digests) ? Base64Url.DecodeFromChars(digests.GetString()) : []);
        if (place.TryGetProperty("leaf_hash", out var leaf) && leaf.GetString() is { Length: 64 } hex)
            rows.Prove(rows.Count - 1, Convert.FromHexString(hex), place.TryGetProperty("proof", out var proof) ? [.. proof.EnumerateArray().Select(hash => hash.GetBytesFromBase64())] : null);
    }

    private string? WrittenOtherwise(ReadOnlyMemory<byte> line, ExportPiece piece, int row)
    {
        // Files of the portal's first versions hold too.
        if (Written(piece, row, asAtFirst: false).SequenceEqual(line.Span) || (format == ExportFormat.Ocsf && Written(piece, row, asAtFirst: true).SequenceEqual(line.Span)))
            return null;
        Written(piece, row, asAtFirst: false);
        using var there = JsonDocument.Parse(line);
        using var expected = JsonDocument.Parse(_written.WrittenMemory);
        return expected.RootElement.EnumerateObject().FirstOrDefault(p => !there.RootElement.TryGetProperty(p.Name, out var value) || !JsonElement.DeepEquals(value, p.Value)) is { Value.ValueKind: not JsonValueKind.Undefined } other ? other.Name
            : there.RootElement.EnumerateObject().Select(p => p.Name).FirstOrDefault(name => !expected.RootElement.TryGetProperty(name, out _)) ?? "layout";
    }

    private ReadOnlySpan<byte> Written(ExportPiece piece, int row, bool asAtFirst)
    {
        _written.ResetWrittenCount();
        var json = _json ??= new Utf8JsonWriter(_written, AsWritten);
        json.Reset();
        if (format == ExportFormat.Ocsf)
            AuditOcsf.Row(json, piece.Rows, row, piece.Canonical, asAtFirst);
        else
            AuditJsonLines.Row(json, piece.Rows, row, piece.Canonical);
        json.Flush();
        return _written.WrittenSpan;
    }
}
