using System.Buffers.Binary;
using Portal.Core.Audit.Exports;

namespace Portal.Migrations.PostgreSql;

/// <summary>Takes a binary COPY apart, as PostgreSQL documents it under COPY, File Formats: a header, then for each row the number of its fields and each field with its length in front.</summary>
/// <remarks>It takes what is at hand in one go and waits only between: what is awaited for each field costs more than all that is done with it.</remarks>
/// <param name="source">The copy, from its start.</param>
public sealed class BinaryCopy(Stream source)
{
    /// <summary>How many bytes are read at once; a field may be longer.</summary>
    public const int BufferSize = 64 * 1024;

    // Eleven bytes that say what it is, four of flags, four that say how much more header there is.
    private const int Header = 19;

    // The first and the last microsecond that a DateTime holds, counted from PostgreSQL's epoch.
    private const long First = -63_082_281_600_000_000;
    private const long Last = 252_455_615_999_999_999;

    // Before the first field stands how many there are.
    private const int BetweenRows = -1;

    private static readonly long Epoch = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;
    private static readonly AuditColumnKind[] Kinds = [.. AuditColumn.All.Select(column => column.Kind)];

    // Behind the columns stand the position and the field digests.
    private static readonly int Fields = Kinds.Length + 2;

    private byte[] _buffer = new byte[BufferSize];
    private int _from;
    private int _to;
    private int _field = BetweenRows;
    private long? _position;

    /// <summary>Reads all of it.</summary>
    /// <param name="into">Where the rows go; the copy's fields are its columns, then the position, then the field digests.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="EndOfStreamException">It ends before its end.</exception>
    /// <exception cref="InvalidDataException">It is no such copy.</exception>
    public async Task ReadAsync(AuditRows into, CancellationToken ct)
    {
        await FillAsync(Header, ct);
        var more = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(Header - 4));
        _from = Header;
        await FillAsync(more, ct);
        _from += more;
        while (Take(into) is > 0 and var missing)
            await FillAsync(missing, ct);

        // The end of the copy is a message of its own: the connection is free only once it was read.
        while (await source.ReadAsync(_buffer, ct) > 0)
        {
        }
    }

    // Takes what is at hand. Gives back how many bytes have to be there to go on; 0 at the end.
    private int Take(AuditRows into)
    {
        for (var buffer = _buffer.AsSpan(0, _to); ;)
        {
            if (_field == BetweenRows)
            {
                if (buffer.Length - _from < sizeof(short))
                    return sizeof(short);
                var fields = BinaryPrimitives.ReadInt16BigEndian(buffer[_from..]);
                _from += sizeof(short);
                if (fields < 0)
                    return 0;
                if (fields != Fields)
                    throw new InvalidDataException($"A row of the copy has {fields} fields and not {Fields}.");
                _field = 0;
            }

            for (; _field < Fields; _field++)
            {
                if (buffer.Length - _from < sizeof(int))
                    return sizeof(int);
                // Of nothing the length is -1.
                var length = BinaryPrimitives.ReadInt32BigEndian(buffer[_from..]);
                var bytes = sizeof(int) + Math.Max(length, 0);
                if (buffer.Length - _from < bytes)
                    return bytes;
                Add(into, buffer[(_from + sizeof(int))..(_from + bytes)], isNull: length < 0);
                _from += bytes;
            }

            _field = BetweenRows;
        }
    }

    private void Add(AuditRows into, ReadOnlySpan<byte> field, bool isNull)
    {
        if (_field == Kinds.Length)
            _position = isNull ? null : BinaryPrimitives.ReadInt64BigEndian(field);
        else if (_field > Kinds.Length)
            into.EndRow(_position, field);
        else if (isNull)
            into.AddNothing();
        else
            Add(into, Kinds[_field], field);
    }

    private static void Add(AuditRows into, AuditColumnKind kind, ReadOnlySpan<byte> field)
    {
        switch (kind)
        {
            case AuditColumnKind.Number:
                into.AddNumber(field.Length == sizeof(long) ? BinaryPrimitives.ReadInt64BigEndian(field) : BinaryPrimitives.ReadInt32BigEndian(field));
                break;
            case AuditColumnKind.Id:
                into.AddId(new Guid(field, bigEndian: true));
                break;
            case AuditColumnKind.Instant:
                into.AddInstant(Instant(BinaryPrimitives.ReadInt64BigEndian(field)));
                break;
            case AuditColumnKind.Text:
                into.AddText(field);
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
