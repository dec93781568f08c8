using System.Globalization;

namespace Portal.Core.Catalog;

/// <summary>What tells a vault from another one that was made under the same ARM id after it was deleted: address, tenant and the instant of its making.</summary>
public static class VaultFingerprint
{
    private const char Separator = '|';

    /// <summary>The fingerprint of a vault, as the catalog and a grant keep it.</summary>
    /// <param name="vaultUri">Where its secrets are read.</param>
    /// <param name="tenantId">The tenant that it trusts; null when the answer does not say.</param>
    /// <param name="createdAt">When it was made; null when the answer does not say.</param>
    public static string Of(Uri vaultUri, Guid? tenantId, DateTimeOffset? createdAt) =>
        string.Create(CultureInfo.InvariantCulture, $"{vaultUri.AbsoluteUri.ToLowerInvariant()}{Separator}{tenantId:D}{Separator}{createdAt?.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}");

    /// <summary>Whether two fingerprints are of one vault. What one of them does not know decides nothing.</summary>
    public static bool Same(string one, string other)
    {
        var (left, right) = (one.Split(Separator), other.Split(Separator));
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
            if (left[i].Length > 0 && right[i].Length > 0 && left[i] != right[i])
                return false;
        return true;
    }
}
