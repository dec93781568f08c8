using CsvHelper;
using Portal.Core.Audit.Exports;

namespace Portal.Core.Audit;

/// <summary>The audit trail as a CSV file: RFC 4180 with CRLF, UTF-8 with a byte order mark, a header that only ever grows at its end, one row per event.</summary>
/// <remarks>
/// Times are UTC, ISO 8601 with milliseconds; with seven digits where an event has a time that the portal does not write. What an event does not know is an empty cell. Every cell is quoted, so that a program that also splits at semicolons or tabs
/// does not take part of a text for a cell of its own. Texts go through <see cref="SpreadsheetGuard"/> and are otherwise written as they are.
/// </remarks>
public static class AuditCsv
{
    /// <summary>The media type.</summary>
    public const string ContentType = "text/csv; charset=utf-8";

    private static readonly CsvWriterOptions Options = CsvWriterOptions.Default with { WriteByteOrderMark = true, Quoting = CsvQuoting.Always };

    /// <summary>The columns, in order.</summary>
    public static IReadOnlyList<string> Header { get; } = [.. AuditColumn.All.Select(column => column.Name)];

    /// <summary>Writes the events as they come and leaves the stream open. Holds a piece of them and a buffer of 64 KiB, however many there are; never writes synchronously.</summary>
    /// <returns>How many events were written.</returns>
    public static async Task<long> WriteAsync(IAsyncEnumerable<AuditRows> pieces, Stream destination, CancellationToken ct)
    {
        // Disposed only when all is written: disposing writes what is buffered, and after a fault part of a file must not look like a file.
        var csv = CsvWriter.Create(destination, Options, leaveOpen: true);
        foreach (var column in Header)
            csv.WriteField(column);
        await csv.EndRecordAsync(ct);

        var written = 0L;
        var guarded = new byte[1024];
        await foreach (var piece in pieces.WithCancellation(ct))
        {
            for (var row = 0; row < piece.Count; row++)
            {
                for (var column = 0; column < AuditColumn.All.Count; column++)
                    Write(csv, piece[row, column], ref guarded);
                await csv.EndRecordAsync(ct);
            }

            written += piece.Count;
        }

        await csv.FlushAsync(ct);
        await csv.DisposeAsync();
        return written;
    }

    private static void Write(CsvWriter csv, ReadOnlySpan<byte> cell, ref byte[] guarded)
    {
        if (!SpreadsheetGuard.IsDangerous(cell))
        {
            csv.WriteField(cell);
            return;
        }

        if (guarded.Length <= cell.Length)
            guarded = new byte[cell.Length * 2];
        csv.WriteField(guarded.AsSpan(0, SpreadsheetGuard.Add(cell, guarded)));
    }
}
