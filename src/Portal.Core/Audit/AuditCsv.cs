using System.Buffers.Text;
using System.Globalization;
using CsvHelper;
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

    private static readonly CsvWriterOptions Options = CsvWriterOptions.Default with { WriteByteOrderMark = true, Quoting = CsvQuoting.Always };

    /// <summary>The columns, in order: those of the event, then its place in the log.</summary>
    public static IReadOnlyList<string> Header { get; } = [.. AuditColumn.All.Select(column => column.Name), "position", "leaf_hash", "field_digests", "proof"];

    /// <summary>Writes an export and leaves the stream open. Holds a piece of it and a buffer of 64 KiB, however long it is; never writes synchronously.</summary>
    public static async Task WriteAsync(AuditExport export, Stream destination, CancellationToken ct)
    {
        // Disposed only when all is written: disposing writes what is buffered, and after a fault part of a file must not look like a file.
        var csv = CsvWriter.Create(destination, Options, leaveOpen: true);
        foreach (var column in Header)
            csv.WriteField(column);
        await csv.EndRecordAsync(ct);

        var cells = new Cells(csv);
        await foreach (var piece in export.ReadAsync(ct))
            for (var row = 0; row < piece.Count; row++)
            {
                if (!piece.IsShown(row))
                    continue;
                for (var column = 0; column < AuditColumn.All.Count; column++)
                    cells.Write(piece[row, column]);
                cells.WritePlace(piece, row);
                await csv.EndRecordAsync(ct);
            }

        WriteEnd(csv, export);
        await csv.EndRecordAsync(ct);
        await csv.FlushAsync(ct);
        await csv.DisposeAsync();
    }

    private static void WriteEnd(CsvWriter csv, AuditExport export)
    {
        var cells = new string[Header.Count];
        cells[(int)EventField.Sequence] = export.End!.Rows.ToString(CultureInfo.InvariantCulture);
        cells[(int)EventField.At] = export.Point.Time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "";
        cells[(int)EventField.Code] = export.End.Code;
        cells[(int)EventField.Reason] = export.Kind;
        cells[(int)EventField.Comment] = $"{export.InWords()}\n\n{export.Point.Note}";
        cells[AuditColumn.All.Count] = export.Point.Size.ToString(CultureInfo.InvariantCulture);
        foreach (var cell in cells)
            csv.WriteField(cell is null ? null : SpreadsheetGuard.Add(cell));
    }

    /// <summary>Writes cells with room of its own, so that no cell makes an object.</summary>
    private sealed class Cells(CsvWriter csv)
    {
        private byte[] _text = new byte[1024];
        private byte[] _guarded = new byte[1024];

        public void Write(ReadOnlySpan<byte> cell)
        {
            if (!SpreadsheetGuard.IsDangerous(cell))
            {
                csv.WriteField(cell);
                return;
            }

            if (_guarded.Length <= cell.Length)
                _guarded = new byte[cell.Length * 2];
            csv.WriteField(_guarded.AsSpan(0, SpreadsheetGuard.Add(cell, _guarded)));
        }

        /// <summary>Position, leaf hash, field digests and proof; empty where something is kept from the reader.</summary>
        public void WritePlace(AuditRows rows, int row)
        {
            if (rows.Position(row) < 0 || rows.IsRedacted(row))
            {
                for (var column = AuditColumn.All.Count; column < Header.Count; column++)
                    csv.WriteField(default(ReadOnlySpan<byte>));
                return;
            }

            Utf8Formatter.TryFormat(rows.Position(row), _text, out var written);
            csv.WriteField(_text.AsSpan(0, written));
            Convert.TryToHexStringLower(rows.Leaf(row), _text, out written);
            csv.WriteField(_text.AsSpan(0, written));
            // Base64 of both kinds may start with what starts a formula.
            Write(_text.AsSpan(0, Base64Url.EncodeToUtf8(rows.Digests(row), Room(rows.Digests(row).Length * 2))));
            Write(_text.AsSpan(0, EncodeProof(rows.Path(row) ?? [])));
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
