namespace Portal.Core.Audit;

/// <summary>Writes RFC 4180 records in UTF-8 with a byte order mark, CRLF, and every cell quoted, over a buffer that it sends when it is full; never writes synchronously. Cells go through <see cref="SpreadsheetGuard"/>.</summary>
/// <remarks>CsvHelper writes the same bytes, as the tests compare; it looks at each byte of a cell more often than the little that is left to do here takes.</remarks>
internal sealed class QuotedCsv
{
    private const int Full = 64 * 1024;
    private const byte Quote = (byte)'"';

    private readonly Stream _destination;
    private byte[] _buffer = new byte[2 * Full];
    private int _used;
    private bool _begun;

    /// <summary>A file that has its byte order mark and nothing else.</summary>
    /// <param name="destination">Where to; stays open.</param>
    public QuotedCsv(Stream destination)
    {
        _destination = destination;
        "\uFEFF"u8.CopyTo(_buffer);
        _used = 3;
    }

    /// <summary>Writes the next cell of a record.</summary>
    public void Cell(ReadOnlySpan<byte> cell)
    {
        var room = Room((cell.Length * 2) + 4);
        var at = 0;
        if (_begun)
            room[at++] = (byte)',';
        _begun = true;
        room[at++] = Quote;
        if (SpreadsheetGuard.IsDangerous(cell))
            room[at++] = (byte)SpreadsheetGuard.Mark;
        for (var quote = cell.IndexOf(Quote); quote >= 0; quote = cell.IndexOf(Quote))
        {
            cell[..(quote + 1)].CopyTo(room[at..]);
            at += quote + 1;
            room[at++] = Quote;
            cell = cell[(quote + 1)..];
        }

        cell.CopyTo(room[at..]);
        at += cell.Length;
        room[at++] = Quote;
        _used += at;
    }

    /// <summary>Ends a record.</summary>
    public ValueTask EndRecordAsync(CancellationToken ct)
    {
        "\r\n"u8.CopyTo(Room(2));
        _used += 2;
        _begun = false;
        return _used < Full ? ValueTask.CompletedTask : SendAsync(ct);
    }

    /// <summary>Sends what is buffered.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        await SendAsync(ct);
        await _destination.FlushAsync(ct);
    }

    private async ValueTask SendAsync(CancellationToken ct)
    {
        await _destination.WriteAsync(_buffer.AsMemory(0, _used), ct);
        _used = 0;
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _used < bytes)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _used + bytes));
        return _buffer.AsSpan(_used);
    }
}
