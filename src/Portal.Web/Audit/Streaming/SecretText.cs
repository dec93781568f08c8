namespace Portal.Web.Audit.Streaming;

/// <summary>Reads what a receiver is to know from where the configuration says that it is.</summary>
internal static class SecretText
{
    private const long LargestFile = 4096;

    /// <summary>The text, which is not blank.</summary>
    /// <param name="file">The file; null when it is a variable.</param>
    /// <param name="variable">The environment variable's name; null when it is a file.</param>
    /// <exception cref="StreamSecretException">There is none.</exception>
    public static string Read(string? file, string? variable)
    {
        var text = string.IsNullOrWhiteSpace(file)
            ? Environment.GetEnvironmentVariable(variable!) ?? throw new StreamSecretException("there is no such environment variable.")
            : OfFile(file);
        if (string.IsNullOrWhiteSpace(text))
            throw new StreamSecretException("the secret is empty.");
        if (text.TrimStart().StartsWith("@Microsoft.KeyVault", StringComparison.OrdinalIgnoreCase))
            throw new StreamSecretException("the host has not resolved the Key Vault reference; look at its identity's access to that vault.");
        return text;
    }

    /// <summary>A sentence that begins with the setting's name.</summary>
    /// <param name="file">The file; null when it is a variable.</param>
    /// <param name="unusable">What is wrong.</param>
    public static string Blame(string? file, StreamSecretException unusable) => $"{(string.IsNullOrWhiteSpace(file) ? "SecretVariable" : "SecretFile")}: {unusable.Message}";

    private static string OfFile(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > LargestFile)
                throw new StreamSecretException($"the file is larger than {LargestFile} bytes.");
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StreamSecretException($"the file cannot be read ({fault.GetType().Name}).");
        }
    }
}

/// <summary>The secret of a receiver cannot be used. The message holds nothing of it.</summary>
/// <param name="message">Why.</param>
public sealed class StreamSecretException(string message) : Exception(message);
