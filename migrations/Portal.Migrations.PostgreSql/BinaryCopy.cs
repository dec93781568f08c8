using System.Buffers.Binary;
using Portal.Core.Audit.Exports;

namespace Portal.Migrations.PostgreSql;

/// <summary>Takes a binary COPY apart, as PostgreSQL documents it under COPY, File Formats: a header, then for each row the number of its fields and each field with its length in front.</summary>
/// <param name="source">The copy, from its start.</param>
internal sealed class BinaryCopy(Stream source) : IAsyncDisposable
{
    // Eleven bytes that say what it is, four of flags, four that say how much more header there is.
    private const int Header = 19;

    // The first and the last microsecond that a DateTime holds, counted from PostgreSQL's epoch.
    private const long First = -63_082_281_600_000_000;
    private const long Last = 252_455_615_999_999_999;

    private static readonly long Epoch = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    private byte[] _buffer = new byte[64 * 1024];
    private int _from;
    private int _to;

    /// <summary>Reads all of it.</summary>
    /// <param name="into">Where the rows go; the copy's fields are its columns, then the position, then the field digests.</param>
    /// <param name="ct">Cancels.</param>
    public async Task ReadAsync(AuditRows into, CancellationToken ct)
    {
        await NeedAsync(Header, ct);
        var more = BinaryPrimitives.ReadInt32BigEndian(Next(Header)[15..]);
        await NeedAsync(more, ct);
        Next(more);
        while (true)
        {
            await NeedAsync(2, ct);
            var fields = BinaryPrimitives.ReadInt16BigEndian(Next(2));
            if (fields < 0)
                break;
            foreach (var column in AuditColumn.All)
                if (await FieldAsync(ct) is { } length)
                    Add(into, column.Kind, Next(length));
                else
                    into.AddNothing();
            long? position = await FieldAsync(ct) is { } size ? BinaryPrimitives.ReadInt64BigEndian(Next(size)) : null;
            into.EndRow(position, await FieldAsync(ct) is { } digests ? Next(digests) : default);
        }

        // The end of the copy is a message of its own: the connection is free only once it was read.
        while (await source.ReadAsync(_buffer, ct) > 0)
        {
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => source.DisposeAsync();

    private static void Add(AuditRows rows, AuditColumnKind kind, ReadOnlySpan<byte> field)
    {
        switch (kind)
        {
            case AuditColumnKind.Number:
                rows.AddNumber(field.Length == 8 ? BinaryPrimitives.ReadInt64BigEndian(field) : BinaryPrimitives.ReadInt32BigEndian(field));
                break;
            case AuditColumnKind.Id:
                rows.AddId(new Guid(field, bigEndian: true));
                break;
            case AuditColumnKind.Instant:
                rows.AddInstant(Instant(BinaryPrimitives.ReadInt64BigEndian(field)));
                break;
            case AuditColumnKind.Text:
                rows.AddText(field);
                break;
        }
    }

    // What lies outside the years of .NET, or is infinite, becomes the first or the last instant, as the provider reads it, too.
    private static DateTime Instant(long microseconds) => microseconds switch
    {
        < First => DateTime.MinValue,
        > Last => DateTime.MaxValue,
        _ => new DateTime(Epoch + (microseconds * TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc),
    };

    private ReadOnlySpan<byte> Next(int bytes)
    {
        var next = _buffer.AsSpan(_from, bytes);
        _from += bytes;
        return next;
    }

    // The length of the next field, which is at hand then; null where there is none.
    private async ValueTask<int?> FieldAsync(CancellationToken ct)
    {
        await NeedAsync(4, ct);
        var length = BinaryPrimitives.ReadInt32BigEndian(Next(4));
        if (length < 0)
            return null;
        await NeedAsync(length, ct);
        return length;
    }

    private ValueTask NeedAsync(int bytes, CancellationToken ct) => _to - _from >= bytes ? ValueTask.CompletedTask : FillAsync(bytes, ct);

    private async ValueTask FillAsync(int bytes, CancellationToken ct)
    {
        _buffer.AsSpan(_from.._to).CopyTo(_buffer);
        (_from, _to) = (0, _to - _from);
        if (_buffer.Length < bytes)
            Array.Resize(ref _buffer, Math.Max(bytes, _buffer.Length * 2));
        while (_to < bytes)
        {
            var read = await source.ReadAsync(_buffer.AsMemory(_to), ct);
            if (read == 0)
                throw new EndOfStreamException("The copy ended in the middle of a row.");
            _to += read;
        }
    }
}
