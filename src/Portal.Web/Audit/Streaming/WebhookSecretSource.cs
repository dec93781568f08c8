using System.Security.Cryptography;

namespace Portal.Web.Audit.Streaming;

/// <summary>Where the signing secret of a receiver comes from: a file, or an environment variable, which is also how the hosts of Azure hand a Key Vault reference to the portal. Read anew for every message, so that a rotation needs no restart.</summary>
/// <param name="File">The file; null when it is a variable.</param>
/// <param name="Variable">The environment variable's name; null when it is a file.</param>
public sealed record WebhookSecretSource(string? File, string? Variable)
{
    private const string Prefix = "whsec_";

    /// <summary>What is wrong with it, beginning with the setting's name and without the secret; null when it can be used now.</summary>
    public string? Fault() => SecretText.Fault("the signing secret", File, Variable, () => CryptographicOperations.ZeroMemory(Read()[0]));

    /// <summary>The secrets to sign with: one a line, so that during a rotation the receiver finds a signature by the old and one by the new. Whoever calls clears them.</summary>
    /// <returns>One at least.</returns>
    /// <exception cref="StreamSecretException">There is none that can be used.</exception>
    public IReadOnlyList<byte[]> Read()
    {
        var lines = SecretText.Read(File, Variable).Split(['\n', '\r', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return [.. lines.Select(Decode)];
    }

    private static byte[] Decode(string line)
    {
        if (!line.StartsWith(Prefix, StringComparison.Ordinal))
            throw new StreamSecretException($"a secret begins with {Prefix}, as Standard Webhooks writes it.");
        var buffer = new byte[line.Length];
        if (!Convert.TryFromBase64String(line[Prefix.Length..], buffer, out var length) || length is < 24 or > 64)
            throw new StreamSecretException($"behind {Prefix} there must be 24 to 64 bytes in base64.");
        var secret = buffer[..length];
        CryptographicOperations.ZeroMemory(buffer);
        return secret;
    }
}
