using System.Buffers.Binary;
using System.Text;
using Portal.Core.Audit.Exports;

namespace Portal.Tests.Audit.PostgreSql;

/// <summary>Writes a binary COPY of audit rows as a server would, by PostgreSQL's documentation.</summary>
internal sealed class CopiedRows
{
    private static readonly byte[] Start = [.. "PGCOPY\n"u8, 0xFF, .. "\r\n\0"u8];

    private readonly MemoryStream _bytes = new();

    /// <summary>The copy's header.</summary>
    /// <param name="more">How much more of it there is than the portal knows.</param>
    public CopiedRows(int more = 0)
    {
        _bytes.Write(Start);
        Number(0);
        Number(more);
        _bytes.Write(new byte[more]);
    }

    /// <summary>A row that has the same text in every column of text.</summary>
    /// <param name="text">The text; null for none.</param>
    /// <param name="position">Its position; null for none.</param>
    /// <param name="digests">Its digests; null for none.</param>
    public CopiedRows Row(byte[]? text, long? position = 7, byte[]? digests = null)
    {
        Fields(AuditColumn.All.Count + 2);
        foreach (var column in AuditColumn.All)
            Field(column.Kind switch
            {
                AuditColumnKind.Number => column.Name == "sequence" ? Long(4711) : Int(12),
                AuditColumnKind.Id => Id.ToByteArray(bigEndian: true),
                AuditColumnKind.Instant => Long(1_123_456),
                AuditColumnKind.Text => text,
            });
        Field(position is { } place ? Long(place) : null);
        Field(digests);
        return this;
    }

    /// <summary>A row that is none of the trail's.</summary>
    public CopiedRows StrangeRow(short fields)
    {
        Fields(fields);
        for (var i = 0; i < fields; i++)
            Field(null);
        return this;
    }

    /// <summary>All of it, with its end.</summary>
    public byte[] End()
    {
        Fields(-1);
        return _bytes.ToArray();
    }

    /// <summary>What the columns of a row hold that are no text.</summary>
    public static Guid Id { get; } = Guid.Parse("01234567-89ab-4cde-8f01-23456789abcd");

    /// <summary>What a row says in a file.</summary>
    public static List<string> Cells(string? text) => [.. AuditColumn.All.Select(column => column.Kind switch
    {
        AuditColumnKind.Number => column.Name == "sequence" ? "4711" : "12",
        AuditColumnKind.Id => "01234567-89ab-4cde-8f01-23456789abcd",
        AuditColumnKind.Instant => "2000-01-01T00:00:01.1234560Z",
        AuditColumnKind.Text => text ?? "",
    })];

    /// <summary>What was read, row by row.</summary>
    public static List<List<string>> Read(AuditRows rows) =>
        [.. Enumerable.Range(0, rows.Count).Select(row => Enumerable.Range(0, AuditColumn.All.Count).Select(column => Encoding.UTF8.GetString(rows[row, column])).ToList())];

    private void Field(byte[]? field)
    {
        Number(field?.Length ?? -1);
        _bytes.Write(field ?? []);
    }

    private void Fields(int count)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, (short)count);
        _bytes.Write(bytes);
    }

    private void Number(int number) => _bytes.Write(Int(number));

    private static byte[] Int(int number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static byte[] Long(long number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes;
    }
}
