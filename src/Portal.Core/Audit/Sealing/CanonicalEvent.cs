using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Core.Audit.Sealing;

/// <summary>
/// An event as it is sealed: a JSON object in the canonical form of RFC 8785, whose bytes are the leaf of the log. Holds one event at a time and is made to be used again for the next,
/// without allocating; not for several threads at once. <c>docs/audit-log-format.md</c> describes the bytes.
/// </summary>
public sealed class CanonicalEvent
{
    /// <summary>The bytes of one field's digest.</summary>
    public const int DigestSize = 2;

    /// <summary>The bytes of an event's field digests at most: an event that was sealed when there were fewer fields has less.</summary>
    public static int MostDigests => DigestSize * EventFields.Count;

    /// <summary>The fields as an event has them, each key with its colon and the comma in front. The comma of the first gives its place to the brace.</summary>
    internal static readonly (EventField Field, byte[] Key, bool IsNumber)[] KeyOrder =
        [.. Enum.GetValues<EventField>().OrderBy(f => f.Name(), StringComparer.Ordinal).Select(f => (f, Encoding.UTF8.GetBytes($",\"{f.Name()}\":"), f.IsNumber()))];

    private static readonly Crc32Start[] Digests = [.. EventFields.Names.Select(name => new Crc32Start([.. Encoding.UTF8.GetBytes(name), 0]))];

    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(b => (byte)b), (byte)'"', (byte)'\\']);

    private readonly (int Start, int Length)[] _places = new (int, int)[EventFields.Count];
    private byte[] _values = new byte[2048];
    private int _valuesLength;
    // Begins with the 0x00 of a leaf, so that one call hashes both.
    private byte[] _leaf = new byte[4096];
    private int _leafLength;

    /// <summary>Takes nothing along from the event before.</summary>
    public void Clear()
    {
        Array.Clear(_places);
        _valuesLength = 0;
        _leafLength = 0;
    }

    /// <summary>Takes an event. It has to be stored already: its sequence is part of what is sealed.</summary>
    public CanonicalEvent Take(AuditEvent stored)
    {
        Clear();
        Set(EventField.Sequence, stored.Sequence);
        Set(EventField.EventId, stored.EventId);
        Set(EventField.At, stored.At.UtcDateTime);
        Set(EventField.Code, stored.Code);
        Set(EventField.Outcome, stored.Outcome.ToString());
        Set(EventField.ActorKind, stored.ActorKind.ToString());
        Set(EventField.ActorTenantId, stored.ActorTenantId);
        Set(EventField.ActorObjectId, stored.ActorObjectId);
        Set(EventField.ActorName, stored.ActorName);
        Set(EventField.ActorRoles, stored.ActorRoles);
        Set(EventField.OnBehalfOfObjectId, stored.OnBehalfOfObjectId);
        Set(EventField.SubjectTenantId, stored.SubjectTenantId);
        Set(EventField.SubjectObjectId, stored.SubjectObjectId);
        Set(EventField.SubjectName, stored.SubjectName);
        Set(EventField.Scope, stored.Scope);
        Set(EventField.Vault, stored.VaultName);
        Set(EventField.Secret, stored.SecretName);
        Set(EventField.Role, stored.RoleName);
        Set(EventField.RequestId, stored.RequestId);
        Set(EventField.RequestReference, stored.RequestReference);
        Set(EventField.GrantId, stored.GrantId);
        Set(EventField.Policy, stored.PolicyName);
        Set(EventField.PolicyVersion, stored.PolicyVersion);
        Set(EventField.Reason, stored.Reason);
        Set(EventField.Comment, stored.Comment);
        Set(EventField.ProviderRequestId, stored.ProviderRequestId);
        Set(EventField.WindowStart, stored.WindowStart?.UtcDateTime);
        Set(EventField.WindowEnd, stored.WindowEnd?.UtcDateTime);
        Set(EventField.CorrelationId, stored.CorrelationId);
        Set(EventField.ClientAddress, stored.ClientAddress);
        Set(EventField.UserAgent, stored.UserAgent);
        Set(EventField.OnBehalfOfTenantId, stored.OnBehalfOfTenantId);
        Set(EventField.OnBehalfOfName, stored.OnBehalfOfName);
        Set(EventField.ProviderCorrelationId, stored.ProviderCorrelationId);
        return this;
    }

    /// <summary>Takes all fields at once, as they stand one after the other.</summary>
    /// <param name="values">All their texts in UTF-8, in the order of <see cref="EventField"/>.</param>
    /// <param name="bounds">Where each begins, and where the last ends, counted from anywhere.</param>
    internal void Take(ReadOnlySpan<byte> values, ReadOnlySpan<int> bounds)
    {
        (_valuesLength, _leafLength) = (0, 0);
        values.CopyTo(Room(values.Length));
        _valuesLength = values.Length;
        for (var i = 0; i < _places.Length; i++)
            _places[i] = (bounds[i] - bounds[0], bounds[i + 1] - bounds[i]);
    }

    /// <summary>Leaves a field out.</summary>
    internal void Drop(EventField field) => (_places[(int)field], _leafLength) = (default, 0);

    /// <summary>Sets a field to a text; empty is the same as absent. What is not well-formed UTF-16 becomes U+FFFD.</summary>
    public void Set(EventField field, ReadOnlySpan<char> text)
    {
        var room = Room(Encoding.UTF8.GetMaxByteCount(text.Length));
        Keep(field, Encoding.UTF8.GetBytes(text, room));
    }

    /// <summary>Sets a field to a text in UTF-8, as a file has it.</summary>
    public void SetUtf8(EventField field, ReadOnlySpan<byte> text)
    {
        text.CopyTo(Room(text.Length));
        Keep(field, text.Length);
    }

    /// <summary>Sets a field to a GUID, lower case with dashes.</summary>
    public void Set(EventField field, Guid? value)
    {
        if (value is { } known && known.TryFormat(Room(36), out var written))
            Keep(field, written);
    }

    /// <summary>Sets a field to a whole number.</summary>
    public void Set(EventField field, long? value)
    {
        if (value is { } known && known.TryFormat(Room(20), out var written, default, CultureInfo.InvariantCulture))
            Keep(field, written);
    }

    /// <summary>Sets a field to an instant: <c>2026-11-28T00:00:00.000Z</c>, with seven digits where a stored value has more than milliseconds.</summary>
    /// <param name="field">Which.</param>
    /// <param name="utc">In UTC, whatever its kind says.</param>
    public void Set(EventField field, DateTime? utc)
    {
        if (utc is not { } known)
            return;
        var room = Room(28);
        if (!DateTime.SpecifyKind(known, DateTimeKind.Utc).TryFormat(room, out var written, "O", CultureInfo.InvariantCulture))
            throw new InvalidOperationException("An instant is 28 characters long.");
        if (room[23..27].SequenceEqual("0000"u8))
        {
            room[23] = (byte)'Z';
            written = 24;
        }

        Keep(field, written);
    }

    /// <summary>A field as text; empty when it is absent.</summary>
    public string Text(EventField field) => Encoding.UTF8.GetString(Utf8(field));

    /// <summary>A field in UTF-8; empty when it is absent.</summary>
    public ReadOnlySpan<byte> Utf8(EventField field)
    {
        var (start, length) = _places[(int)field];
        return _values.AsSpan(start, length);
    }

    /// <summary>The canonical bytes: what the leaf hash is made of. Good until the next change.</summary>
    public ReadOnlySpan<byte> Json() => Leaf()[1..];

    /// <summary>SHA-256 of 0x00 and the canonical bytes.</summary>
    public void WriteLeafHash(Span<byte> hash) => SHA256.HashData(Leaf(), hash);

    /// <summary>SHA-256 of 0x00 and the canonical bytes.</summary>
    public byte[] LeafHash()
    {
        var hash = new byte[MerkleTree.HashSize];
        WriteLeafHash(hash);
        return hash;
    }

    /// <summary>Two bytes for each field, in the order of <see cref="EventField"/>: the low half of CRC-32 over its name, 0x00 and its text. They say which field of a changed event changed; that it changed, the leaf hash says.</summary>
    public byte[] FieldDigests()
    {
        var digests = new byte[DigestSize * EventFields.Count];
        for (var i = 0; i < EventFields.Count; i++)
            BinaryPrimitives.WriteUInt16BigEndian(digests.AsSpan(i * DigestSize), Digest((EventField)i));
        return digests;
    }

    /// <summary>The first field whose digest is another than the one that was kept; null when none is. Fields that were added since have none and are expected to be absent.</summary>
    public EventField? FirstChanged(ReadOnlySpan<byte> kept)
    {
        for (var i = 0; i < EventFields.Count; i++)
        {
            var at = i * DigestSize;
            if (at + DigestSize > kept.Length)
            {
                if (_places[i].Length > 0)
                    return (EventField)i;
                continue;
            }

            if (Digest((EventField)i) != BinaryPrimitives.ReadUInt16BigEndian(kept[at..]))
                return (EventField)i;
        }

        return null;
    }

    private Span<byte> Room(int length)
    {
        if (_values.Length - _valuesLength < length)
            Array.Resize(ref _values, Math.Max(_values.Length * 2, _valuesLength + length));
        return _values.AsSpan(_valuesLength);
    }

    private void Keep(EventField field, int length)
    {
        _places[(int)field] = (_valuesLength, length);
        _valuesLength += length;
        _leafLength = 0;
    }

    private ReadOnlySpan<byte> Leaf()
    {
        if (_leafLength == 0)
            Write();
        return _leaf.AsSpan(0, _leafLength);
    }

    private void Write()
    {
        // At worst every byte becomes six, as in u0000 behind a backslash, and every field has its key.
        var most = (_valuesLength * 6) + 1024;
        if (_leaf.Length < most)
            _leaf = new byte[most];
        var values = _values.AsSpan(0, _valuesLength);
        // Nearly every event: nothing in it has to be escaped.
        var plain = !values.ContainsAny(Escaped);
        var leaf = _leaf.AsSpan();
        leaf[0] = 0;
        var at = 1;
        foreach (var (field, key, isNumber) in KeyOrder)
        {
            var (start, length) = _places[(int)field];
            if (length == 0)
                continue;
            var value = values.Slice(start, length);
            key.CopyTo(leaf[at..]);
            at += key.Length;
            var quoted = !isNumber || !IsWhole(value);
            if (quoted)
                leaf[at++] = (byte)'"';
            if (plain)
            {
                value.CopyTo(leaf[at..]);
                at += length;
            }
            else
                at += Escape(value, leaf[at..]);
            if (quoted)
                leaf[at++] = (byte)'"';
        }

        leaf[1] = (byte)'{';
        at = Math.Max(at, 2);
        leaf[at++] = (byte)'}';
        _leafLength = at;
    }

    // What a tampered row holds in place of a number is written as the text that it is.
    private static bool IsWhole(ReadOnlySpan<byte> value)
    {
        var digits = value[0] == '-' ? value[1..] : value;
        return digits.Length is > 0 and < 20 && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9') && (digits[0] != '0' || value.Length == 1);
    }

    private static int Escape(ReadOnlySpan<byte> value, Span<byte> destination)
    {
        var at = 0;
        while (value.IndexOfAny(Escaped) is >= 0 and var index)
        {
            value[..index].CopyTo(destination[at..]);
            at += index;
            destination[at++] = (byte)'\\';
            var escaped = value[index];
            switch (escaped)
            {
                case (byte)'"' or (byte)'\\':
                    destination[at++] = escaped;
                    break;
                case (byte)'\b' or (byte)'\t' or (byte)'\n' or (byte)'\f' or (byte)'\r':
                    destination[at++] = "btn_fr"u8[escaped - '\b'];
                    break;
                default:
                    "u00"u8.CopyTo(destination[at..]);
                    destination[at + 3] = (byte)('0' + (escaped >> 4));
                    destination[at + 4] = "0123456789abcdef"u8[escaped & 15];
                    at += 5;
                    break;
            }

            value = value[(index + 1)..];
        }

        value.CopyTo(destination[at..]);
        return at + value.Length;
    }

    private ushort Digest(EventField field) => (ushort)Digests[(int)field].Over(Utf8(field));
}
