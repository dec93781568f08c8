using System.Text;
using System.Text.Unicode;
using Portal.Core.Audit.Sealing;

namespace Portal.Core.Audit.Exports.Checking;

/// <summary>Takes the canonical form of an event apart into cells, in one go, as long as it looks as the portal writes it. What comes out is a guess: whoever asks has to write it anew and compare.</summary>
/// <remarks>That comparison is what makes the guess safe, so nothing is looked at twice here. Texts with rare escapes are left to a JSON parser.</remarks>
internal sealed class CanonicalCells
{
    private readonly (int Start, int Length, bool Escaped)[] _places = new (int, int, bool)[EventFields.Count];
    private byte[] _plain = new byte[1024];

    /// <summary>Adds the cells of an event to a row.</summary>
    /// <returns>False, and nothing is added, when it does not look as the portal writes it.</returns>
    public bool TryAdd(ReadOnlySpan<byte> json, AuditRows rows)
    {
        if (!TryFind(json))
            return false;
        for (var i = 0; i < _places.Length; i++)
        {
            var (start, length, escaped) = _places[i];
            rows.Add((escaped ? _plain : json).Slice(start, length));
        }

        return true;
    }

    /// <summary>Takes back the short escapes of a JSON string.</summary>
    /// <param name="text">The string, without its quotes.</param>
    /// <param name="plain">At least as long.</param>
    /// <returns>How long it is then; -1 when it has escapes of another kind.</returns>
    public static int Unescape(ReadOnlySpan<byte> text, Span<byte> plain)
    {
        var at = 0;
        while (text.IndexOf((byte)'\\') is >= 0 and var index)
        {
            text[..index].CopyTo(plain[at..]);
            at += index;
            if (index + 1 == text.Length)
                return -1;
            var meant = text[index + 1] switch
            {
                (byte)'"' => (byte)'"',
                (byte)'\\' => (byte)'\\',
                (byte)'n' => (byte)'\n',
                (byte)'r' => (byte)'\r',
                (byte)'t' => (byte)'\t',
                _ => (byte)0,
            };
            if (meant == 0)
                return -1;
            plain[at++] = meant;
            text = text[(index + 2)..];
        }

        text.CopyTo(plain[at..]);
        return at + text.Length;
    }

    private bool TryFind(ReadOnlySpan<byte> json)
    {
        if (json.Length < 2 || !(Ascii.IsValid(json) || Utf8.IsValid(json)))
            return false;
        var (at, plain) = (0, 0);
        foreach (var (field, key, isNumber) in CanonicalEvent.KeyOrder)
        {
            ref var place = ref _places[(int)field];
            place = default;
            // What stands before the key is a comma or the first brace.
            if (!json[(at + 1)..].StartsWith(key.AsSpan(1)))
                continue;
            at += key.Length;
            if (at >= json.Length)
                return false;
            if (isNumber)
            {
                var digits = json[at..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
                place = (at, digits, false);
                at += digits;
            }
            else if (json[at] != '"' || !TryFindText(json, ref at, ref plain, ref place))
                return false;
            if (at >= json.Length || json[at] is not ((byte)',' or (byte)'}'))
                return false;
        }

        return at == json.Length - 1;
    }

    // From the quote at its start to behind the one at its end.
    private bool TryFindText(ReadOnlySpan<byte> json, ref int at, ref int plain, ref (int Start, int Length, bool Escaped) place)
    {
        var start = ++at;
        var escaped = false;
        while (json[at..].IndexOfAny((byte)'"', (byte)'\\') is >= 0 and var index)
        {
            at += index;
            if (json[at] == '"')
            {
                place = (start, at++ - start, false);
                if (!escaped)
                    return true;
                if (_plain.Length < plain + place.Length)
                    Array.Resize(ref _plain, (plain + place.Length) * 2);
                var length = Unescape(json.Slice(place.Start, place.Length), _plain.AsSpan(plain));
                place = (plain, length, true);
                plain += length;
                return length >= 0;
            }

            escaped = true;
            at += 2;
            if (at >= json.Length)
                return false;
        }

        return false;
    }
}
