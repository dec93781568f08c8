using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Portal.Core.Audit.Sealing;

/// <summary>A public Ed25519 key with its name, in the text form of C2SP signed-note: <c>name+hash+base64</c>.</summary>
public sealed class VerifierKey : IEquatable<VerifierKey>
{
    /// <summary>The byte that says Ed25519.</summary>
    internal const byte Ed25519Algorithm = 1;

    /// <summary>How many bytes a signature has.</summary>
    internal static readonly int SignatureSize = Ed25519.SignatureSize;

    private readonly byte[] _publicKey;

    /// <summary>A key.</summary>
    /// <param name="name">Its name: not empty, without white space and plus signs.</param>
    /// <param name="publicKey">32 bytes.</param>
    /// <exception cref="ArgumentException">The name or the key is none.</exception>
    public VerifierKey(string name, ReadOnlySpan<byte> publicKey)
    {
        if (!IsName(name))
            throw new ArgumentException("A key's name has no white space and no plus sign.", nameof(name));
        if (publicKey.Length != Ed25519.PublicKeySize)
            throw new ArgumentException("An Ed25519 key has 32 bytes.", nameof(publicKey));
        Name = name;
        _publicKey = publicKey.ToArray();
        Id = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', Ed25519Algorithm, .. publicKey]));
    }

    /// <summary>The key's name.</summary>
    public string Name { get; }

    /// <summary>The first four bytes of SHA-256 over name, line feed, algorithm and key.</summary>
    public uint Id { get; }

    /// <summary>Whether a text can be a key's name.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= 200 && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || char.IsSurrogate(c) || c == '+');

    /// <summary>Reads the text form.</summary>
    /// <returns>Null when it is none, or its hash is another key's.</returns>
    public static VerifierKey? Parse(string text)
    {
        if (text.Trim().Split('+', 3) is not [var name, var hash, var base64] || !IsName(name) || hash.Length != 8)
            return null;
        var bytes = new byte[base64.Length];
        if (!uint.TryParse(hash, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            || !Convert.TryFromBase64String(base64, bytes, out var length) || length != 1 + Ed25519.PublicKeySize || bytes[0] != Ed25519Algorithm)
            return null;
        var key = new VerifierKey(name, bytes.AsSpan(1, Ed25519.PublicKeySize));
        return key.Id == id ? key : null;
    }

    /// <summary>Whether the signature is this key's over these bytes.</summary>
    public bool Verifies(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Ed25519.SignatureSize)
            return false;
        var bytes = message.ToArray();
        return Ed25519.Verify(signature.ToArray(), 0, _publicKey, 0, bytes, 0, bytes.Length);
    }

    /// <inheritdoc />
    public bool Equals(VerifierKey? other) => other is not null && other.Name == Name && other._publicKey.AsSpan().SequenceEqual(_publicKey);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as VerifierKey);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Name, Id);

    /// <summary>The text form.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}+{Id:x8}+{Convert.ToBase64String([Ed25519Algorithm, .. _publicKey])}");
}

/// <summary>A private Ed25519 key with its name. Prints as its public half.</summary>
public sealed class SigningKey
{
    private const string Mark = "PRIVATE+KEY+";

    private readonly Ed25519PrivateKeyParameters _key;

    private SigningKey(string name, byte[] seed)
    {
        _key = new Ed25519PrivateKeyParameters(seed, 0);
        Verifier = new VerifierKey(name, _key.GeneratePublicKey().GetEncoded());
    }

    /// <summary>The public half.</summary>
    public VerifierKey Verifier { get; }

    /// <summary>A new key.</summary>
    public static SigningKey Create(string name) => new(name, RandomNumberGenerator.GetBytes(Ed25519.SecretKeySize));

    /// <summary>Reads the text form that <see cref="ToPrivateText"/> writes.</summary>
    /// <returns>Null when it is none.</returns>
    public static SigningKey? Parse(string text)
    {
        text = text.Trim();
        if (!text.StartsWith(Mark, StringComparison.Ordinal) || text[Mark.Length..].Split('+', 3) is not [var name, var hash, var base64] || !VerifierKey.IsName(name))
            return null;
        var bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out var length) || length != 1 + Ed25519.SecretKeySize || bytes[0] != VerifierKey.Ed25519Algorithm)
            return null;
        var key = new SigningKey(name, bytes[1..length]);
        return hash == key.Verifier.Id.ToString("x8", CultureInfo.InvariantCulture) ? key : null;
    }

    /// <summary>Signs a note's text.</summary>
    public NoteSignature Sign(string text)
    {
        var message = Encoding.UTF8.GetBytes(text);
        var signature = new byte[Ed25519.SignatureSize];
        _key.Sign(Ed25519.Algorithm.Ed25519, null, message, 0, message.Length, signature, 0);
        return new NoteSignature(Verifier.Name, Verifier.Id, signature);
    }

    /// <summary>The key itself, for the file that keeps it: <c>PRIVATE+KEY+name+hash+base64</c>.</summary>
    public string ToPrivateText() =>
        string.Create(CultureInfo.InvariantCulture, $"{Mark}{Verifier.Name}+{Verifier.Id:x8}+{Convert.ToBase64String([VerifierKey.Ed25519Algorithm, .. _key.GetEncoded()])}");

    /// <inheritdoc />
    public override string ToString() => Verifier.ToString();
}
