using System.Buffers.Binary;
using System.Text;

namespace Portal.Core.Audit.Sealing;

/// <summary>One signature under a note.</summary>
/// <param name="KeyName">Whose key.</param>
/// <param name="KeyId">The first four bytes of the key's hash.</param>
/// <param name="Signature">The signature.</param>
public sealed record NoteSignature(string KeyName, uint KeyId, byte[] Signature);

/// <summary>A text and signatures under it, as C2SP signed-note writes them.</summary>
/// <param name="Text">What is signed; ends with a line feed.</param>
/// <param name="Signatures">By whom; at least one.</param>
public sealed record SignedNote(string Text, IReadOnlyList<NoteSignature> Signatures)
{
    /// <summary>The longest note that is read, in characters.</summary>
    public const int MaxLength = 16 * 1024;

    private const string SignatureStart = "\u2014 ";

    /// <summary>Signs a text with each of these keys.</summary>
    public static SignedNote Sign(string text, params IEnumerable<SigningKey> keys) => new(text, [.. keys.Select(key => key.Sign(text))]);

    /// <summary>Reads a note; whether its signatures hold is another question.</summary>
    /// <returns>Null when it is none.</returns>
    public static SignedNote? Parse(string note)
    {
        var end = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (note.Length > MaxLength || end < 0 || end + 2 >= note.Length || !note.EndsWith('\n'))
            return null;
        var signatures = new List<NoteSignature>();
        foreach (var line in note[(end + 2)..^1].Split('\n'))
        {
            if (!line.StartsWith(SignatureStart, StringComparison.Ordinal) || line[SignatureStart.Length..].Split(' ') is not [var name, var base64] || name.Length == 0)
                return null;
            var bytes = new byte[base64.Length];
            if (!Convert.TryFromBase64String(base64, bytes, out var length) || length < 5)
                return null;
            signatures.Add(new NoteSignature(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[4..length]));
        }

        return new SignedNote(note[..(end + 1)], signatures);
    }

    /// <summary>Whether the note is signed by the holder of this key.</summary>
    public bool IsSignedBy(VerifierKey key) => Signatures.Any(s => s.KeyName == key.Name && s.KeyId == key.Id && key.Verifies(Encoding.UTF8.GetBytes(Text), s.Signature));

    /// <summary>The whole note: text, an empty line, a line per signature.</summary>
    public override string ToString()
    {
        var note = new StringBuilder(Text).Append('\n');
        foreach (var s in Signatures)
        {
            var bytes = new byte[4 + s.Signature.Length];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, s.KeyId);
            s.Signature.CopyTo(bytes, 4);
            note.Append(SignatureStart).Append(s.KeyName).Append(' ').Append(Convert.ToBase64String(bytes)).Append('\n');
        }

        return note.ToString();
    }
}
