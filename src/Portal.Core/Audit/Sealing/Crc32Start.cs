using System.Buffers.Binary;

namespace Portal.Core.Audit.Sealing;

/// <summary>CRC-32, as in zip and PNG, of many texts that all begin alike: what they begin with is gone through once. For short texts, eight bytes at a step, without an object for each.</summary>
/// <remarks>The library's can neither be begun in the middle nor started without an object, and a whole log has some thirty million fields.</remarks>
internal sealed class Crc32Start
{
    private const uint Polynomial = 0xEDB88320;
    private const int Step = 8;

    // The first 256 are for a byte at the end of a step, the next for the one before, and so on.
    private static readonly uint[] Table = MakeTable();

    private readonly uint _begun;
    private readonly uint _empty;

    /// <summary>Goes through what they all begin with.</summary>
    public Crc32Start(ReadOnlySpan<byte> beginning)
    {
        _begun = Update(uint.MaxValue, beginning);
        _empty = ~_begun;
    }

    /// <summary>The CRC of the beginning with a text behind it.</summary>
    public uint Over(ReadOnlySpan<byte> text) => text.IsEmpty ? _empty : ~Update(_begun, text);

    private static uint Update(uint crc, ReadOnlySpan<byte> bytes)
    {
        var table = Table.AsSpan(0, Step * 256);
        for (; bytes.Length >= Step; bytes = bytes[Step..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = table[(7 * 256) + (byte)low] ^ table[(6 * 256) + (byte)(low >> 8)] ^ table[(5 * 256) + (byte)(low >> 16)] ^ table[(4 * 256) + (int)(low >> 24)]
                ^ table[(3 * 256) + (byte)high] ^ table[(2 * 256) + (byte)(high >> 8)] ^ table[256 + (byte)(high >> 16)] ^ table[(int)(high >> 24)];
        }

        foreach (var one in bytes)
            crc = table[(byte)(crc ^ one)] ^ (crc >> 8);
        return crc;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[Step * 256];
        for (var i = 0u; i < 256; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ Polynomial;
            table[i] = crc;
        }

        for (var i = 256; i < table.Length; i++)
            table[i] = table[(byte)table[i - 256]] ^ (table[i - 256] >> 8);
        return table;
    }
}
