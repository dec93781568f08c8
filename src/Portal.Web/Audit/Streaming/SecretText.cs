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

    /// <summary>What is wrong with where it comes from or with what it is, beginning with the setting's name and without the secret; null when it can be used now.</summary>
    /// <param name="what">What the text is, as words within a sentence.</param>
    /// <param name="file">The file; null when it is a variable.</param>
    /// <param name="variable">The environment variable's name; null when it is a file.</param>
    /// <param name="use">Tries whether it can be used.</param>
    public static string? Fault(string what, string? file, string? variable, Action use)
    {
        if (string.IsNullOrWhiteSpace(file) == string.IsNullOrWhiteSpace(variable))
            return $"SecretFile: name either the file of {what} here, or the environment variable that holds it in SecretVariable.";
        try
        {
            use();
            return null;
        }
        catch (StreamSecretException unusable)
        {
            return $"{(string.IsNullOrWhiteSpace(file) ? "SecretVariable" : "SecretFile")}: {unusable.Message}";
        }
    }

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
