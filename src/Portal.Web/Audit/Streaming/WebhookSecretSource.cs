using System.Security.Cryptography;

namespace Portal.Web.Audit.Streaming;

/// <summary>Where the signing secret of a receiver comes from: a file, or an environment variable, which is also how the hosts of Azure hand a Key Vault reference to the portal. Read anew for every message, so that a rotation needs no restart.</summary>
/// <param name="File">The file; null when it is a variable.</param>
/// <param name="Variable">The environment variable's name; null when it is a file.</param>
public sealed record WebhookSecretSource(string? File, string? Variable)
{
    private const string Prefix = "whsec_";
    private const long LargestFile = 4096;

    /// <summary>What is wrong with it, beginning with the setting's name and without the secret; null when it can be used now.</summary>
    public string? Fault()
    {
        if (string.IsNullOrWhiteSpace(File) == string.IsNullOrWhiteSpace(Variable))
            return "SecretFile: name either the file of the signing secret here, or the environment variable that holds it in SecretVariable.";
        try
        {
            CryptographicOperations.ZeroMemory(Read()[0]);
            return null;
        }
        catch (WebhookSecretException unusable)
        {
            return $"{(string.IsNullOrWhiteSpace(File) ? "SecretVariable" : "SecretFile")}: {unusable.Message}";
        }
    }

    /// <summary>The secrets to sign with: one a line, so that during a rotation the receiver finds a signature by the old and one by the new. Whoever calls clears them.</summary>
    /// <returns>One at least.</returns>
    /// <exception cref="WebhookSecretException">There is none that can be used.</exception>
    public IReadOnlyList<byte[]> Read()
    {
        var lines = Text().Split(['\n', '\r', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.Length == 0)
            throw new WebhookSecretException("the secret is empty.");
        if (lines[0].StartsWith("@Microsoft.KeyVault", StringComparison.OrdinalIgnoreCase))
            throw new WebhookSecretException("the host has not resolved the Key Vault reference; look at its identity's access to that vault.");
        return [.. lines.Select(Decode)];
    }

    private string Text()
    {
        if (string.IsNullOrWhiteSpace(File))
            return Environment.GetEnvironmentVariable(Variable!) ?? throw new WebhookSecretException("there is no such environment variable.");
        try
        {
            var file = new FileInfo(File);
            if (file.Exists && file.Length > LargestFile)
                throw new WebhookSecretException($"the file is larger than {LargestFile} bytes.");
            return System.IO.File.ReadAllText(File);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new WebhookSecretException($"the file cannot be read ({fault.GetType().Name}).");
        }
    }

    private static byte[] Decode(string line)
    {
        if (!line.StartsWith(Prefix, StringComparison.Ordinal))
            throw new WebhookSecretException($"a secret begins with {Prefix}, as Standard Webhooks writes it.");
        var buffer = new byte[line.Length];
        if (!Convert.TryFromBase64String(line[Prefix.Length..], buffer, out var length) || length is < 24 or > 64)
            throw new WebhookSecretException($"behind {Prefix} there must be 24 to 64 bytes in base64.");
        var secret = buffer[..length];
        CryptographicOperations.ZeroMemory(buffer);
        return secret;
    }
}

/// <summary>A signing secret cannot be used. The message holds nothing of it.</summary>
/// <param name="message">Why.</param>
public sealed class WebhookSecretException(string message) : Exception(message);
