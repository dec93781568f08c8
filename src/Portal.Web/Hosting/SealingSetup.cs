using Portal.Core.Audit.Sealing;

namespace Portal.Web.Hosting;

/// <summary>How the audit trail is sealed, by configuration.</summary>
public static class SealingSetup
{
    /// <summary>What a new log is called.</summary>
    public const string OriginKey = "Audit:Origin";

    /// <summary>The file of the signing key.</summary>
    public const string SigningKeyFileKey = "Audit:SigningKeyFile";

    /// <summary>The file of the checkpoints.</summary>
    public const string CheckpointFileKey = "Audit:CheckpointFile";

    /// <summary>The options. Files without a directory lie in the portal's own; what is not configured has a usual place there.</summary>
    public static SealingOptions OptionsOf(IConfiguration configuration) => new(
        OriginOf(configuration),
        InDataDirectory(configuration, SigningKeyFileKey, "audit-signing-key"),
        InDataDirectory(configuration, CheckpointFileKey, "audit-checkpoints"));

    /// <summary>What a new log is called: as configured, otherwise by the tenant.</summary>
    public static string OriginOf(IConfiguration configuration) =>
        configuration[OriginKey] is { Length: > 0 } origin ? origin : $"access-portal/{configuration["AzureAd:TenantId"]}";

    private static string InDataDirectory(IConfiguration configuration, string key, string otherwise) =>
        Path.Combine(DataDirectory.Of(configuration), configuration[key] is { Length: > 0 } path ? path : otherwise);
}
