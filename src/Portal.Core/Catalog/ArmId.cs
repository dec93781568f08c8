namespace Portal.Core.Catalog;

/// <summary>Reads and makes ARM ids. Azure compares them without regard to case, so the portal keeps them in lower case.</summary>
public static class ArmId
{
    private const string SecretsSegment = "/secrets/";

    /// <summary>The form in which the portal keeps an ARM id.</summary>
    public static string Normalise(string armId) => armId.TrimEnd('/').ToLowerInvariant();

    /// <summary>The ARM id of one secret.</summary>
    public static string OfSecret(string vaultArmId, string secretName) => Normalise($"{vaultArmId}{SecretsSegment}{secretName}");

    /// <summary>What the ARM id of every secret of a vault starts with.</summary>
    public static string SecretsOf(string vaultArmId) => vaultArmId + SecretsSegment;

    /// <summary>The vault of a scope: the scope itself when it is a vault.</summary>
    public static string VaultOf(string scope)
    {
        var at = scope.IndexOf(SecretsSegment, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? scope : scope[..at];
    }

    /// <summary>The secret of a scope; null when the scope is a vault.</summary>
    public static string? SecretOf(string scope)
    {
        var at = scope.IndexOf(SecretsSegment, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? null : scope[(at + SecretsSegment.Length)..];
    }

    /// <summary>The subscription's id; empty when the id names none.</summary>
    public static string SubscriptionOf(string armId)
    {
        var parts = armId.Split('/', 4, StringSplitOptions.RemoveEmptyEntries);
        return parts.Length > 1 && parts[0].Equals("subscriptions", StringComparison.OrdinalIgnoreCase) ? parts[1] : "";
    }
}
