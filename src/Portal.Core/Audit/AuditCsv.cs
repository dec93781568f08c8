using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit;

/// <summary>The audit trail as a CSV file: RFC 4180 with CRLF, UTF-8 with a byte order mark, a header that only ever grows at its end, one row per event, and a last row that says how the file ended.</summary>
/// <remarks>
/// Times are UTC, ISO 8601 with milliseconds; with seven digits where an event has a time that the portal does not write. What an event does not know is an empty cell. Every cell is quoted,
/// so that a program that also splits at semicolons or tabs does not take part of a text for a cell of its own. Texts go through <see cref="SpreadsheetGuard"/> and are otherwise written as they are.
/// The last row: <c>sequence</c> is the number of rows, <c>at</c> and <c>position</c> the time and size of the checkpoint, <c>code</c> how it ended (<see cref="ExportEnd.Code"/>),
/// <c>reason</c> the <see cref="AuditExport.Kind"/>, <c>comment</c> the same in words, an empty line, and the signed checkpoint.
/// </remarks>
public static class AuditCsv
{
    /// <summary>The media type.</summary>
    public const string ContentType = "text/csv; charset=utf-8";

    /// <summary>Between hashes of a proof.</summary>
    internal const byte ProofSeparator = (byte)' ';

    /// <summary>The columns, in order: those of the event, then its place in the log.</summary>
    public static IReadOnlyList<string> Header { get; } = [.. AuditColumn.All.Select(column => column.Name), "position", "leaf_hash", "field_digests", "proof"];

    /// <summary>Writes an export and leaves the stream open. Holds a piece of it and a buffer of 64 KiB, however long it is; never writes synchronously.</summary>
    public static async Task WriteAsync(AuditExport export, Stream destination, CancellationToken ct)
    {
        var csv = new QuotedCsv(destination);
        foreach (var column in Header)
            csv.Cell(Encoding.UTF8.GetBytes(column));
        await csv.EndRecordAsync(ct);

        var place = new Place(csv);
        await foreach (var piece in export.ReadAsync(ct))
            for (var row = 0; row < piece.Count; row++)
            {
                if (!piece.IsShown(row))
                    continue;
                for (var column = 0; column < AuditColumn.All.Count; column++)
                    csv.Cell(piece[row, column]);
                place.Write(piece, row);
                await csv.EndRecordAsync(ct);
            }

        WriteEnd(csv, export);
        await csv.EndRecordAsync(ct);
        await csv.FlushAsync(ct);
    }

    private static void WriteEnd(QuotedCsv csv, AuditExport export)
    {
        var cells = new string[Header.Count];
        cells[(int)EventField.Sequence] = export.End!.Rows.ToString(CultureInfo.InvariantCulture);
        cells[(int)EventField.At] = export.Point.Time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "";
        cells[(int)EventField.Code] = export.End.Code;
        cells[(int)EventField.Reason] = export.Kind;
        cells[(int)EventField.Comment] = $"{export.InWords()}\n\n{export.Point.Note}";
        cells[AuditColumn.All.Count] = export.Point.Size.ToString(CultureInfo.InvariantCulture);
        foreach (var cell in cells)
            csv.Cell(Encoding.UTF8.GetBytes(cell ?? ""));
    }

    /// <summary>Writes the cells behind those of the event, with room of its own, so that no cell makes an object.</summary>
    private sealed class Place(QuotedCsv csv)
    {
        private byte[] _text = new byte[1024];

        /// <summary>Position, leaf hash, field digests and proof; empty where something is kept from the reader.</summary>
        public void Write(AuditRows rows, int row)
        {
            if (rows.Position(row) < 0 || rows.IsRedacted(row))
            {
                for (var column = AuditColumn.All.Count; column < Header.Count; column++)
                    csv.Cell(default);
                return;
            }

            Utf8Formatter.TryFormat(rows.Position(row), _text, out var written);
            csv.Cell(_text.AsSpan(0, written));
            Convert.TryToHexStringLower(rows.Leaf(row), _text, out written);
            csv.Cell(_text.AsSpan(0, written));
            // Written first: making room may replace what it is written to.
            written = Base64Url.EncodeToUtf8(rows.GivenDigests(row), Room(rows.GivenDigests(row).Length * 2));
            csv.Cell(_text.AsSpan(0, written));
            written = EncodeProof(rows.Path(row) ?? []);
            csv.Cell(_text.AsSpan(0, written));
        }

        private int EncodeProof(IReadOnlyList<byte[]> path)
        {
            var room = Room(path.Count * (Base64.GetMaxEncodedToUtf8Length(MerkleTree.HashSize) + 1));
            var at = 0;
            foreach (var hash in path)
            {
                if (at > 0)
                    room[at++] = ProofSeparator;
                Base64.EncodeToUtf8(hash, room[at..], out _, out var written);
                at += written;
            }

            return at;
        }

        private Span<byte> Room(int bytes)
        {
            if (_text.Length < bytes)
                _text = new byte[bytes * 2];
            return _text;
        }
    }
}
