using System.Buffers;

namespace Portal.Web.Audit.Streaming;

/// <summary>The header by which an OTLP receiver knows the portal. Its value is a secret, from a file or an environment variable, read anew for every message.</summary>
/// <param name="Name">The header's name.</param>
/// <param name="File">The file of the whole value; null when it is a variable.</param>
/// <param name="Variable">The environment variable's name; null when it is a file.</param>
public sealed record OtlpHeader(string Name, string? File, string? Variable)
{
    /// <summary>The header when the configuration names none.</summary>
    public const string Usual = "Authorization";

    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // What says how the message travels is the portal's to say.
    private static readonly string[] Taken = ["Host", "Connection", "Transfer-Encoding", "Trailer", "Upgrade", "Expect", "TE", "User-Agent", "Cookie"];

    /// <summary>What is wrong with it, beginning with the setting's name and without the secret; null when it can be used now.</summary>
    public string? Fault()
    {
        if (Name.AsSpan().ContainsAnyExcept(TokenCharacters) || Name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) || Taken.Contains(Name, StringComparer.OrdinalIgnoreCase))
            return "Header: not the name of a header that can be set.";
        return SecretText.Fault("the header's value", File, Variable, () => Read());
    }

    /// <summary>The value: one line of visible characters.</summary>
    /// <exception cref="StreamSecretException">There is none that can be used.</exception>
    public string Read()
    {
        var value = SecretText.Read(File, Variable).Trim();
        return value.All(c => c is >= ' ' and <= '~') ? value : throw new StreamSecretException("the value of a header is one line of visible ASCII characters.");
    }
}
