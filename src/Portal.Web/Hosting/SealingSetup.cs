using System.Text.RegularExpressions;
using Portal.Core.Audit.Sealing;

namespace Portal.Web.Hosting;

/// <summary>How the audit trail is sealed, by configuration.</summary>
public static partial class SealingSetup
{
    /// <summary>What a new log is called.</summary>
    public const string OriginKey = "Audit:Origin";

    /// <summary>The file of the signing key.</summary>
    public const string SigningKeyFileKey = "Audit:SigningKeyFile";

    /// <summary>The file of the checkpoints.</summary>
    public const string CheckpointFileKey = "Audit:CheckpointFile";

    /// <summary>The container of Azure Blob Storage for checkpoints.</summary>
    public const string CheckpointContainerKey = "Audit:CheckpointContainer";

    /// <summary>The options. Files without a directory lie in the portal's own; what is not configured has a usual place there.</summary>
    public static SealingOptions OptionsOf(IConfiguration configuration) => new(
        OriginOf(configuration),
        InDataDirectory(configuration, SigningKeyFileKey, "audit-signing-key"),
        InDataDirectory(configuration, CheckpointFileKey, "audit-checkpoints"))
    {
        CheckpointContainer = ContainerOf(configuration, []),
    };

    /// <summary>The container for checkpoints.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="faults">Receives a sentence when it is wrong, which repeats no value: some put a signature into it.</param>
    /// <returns>Null for none.</returns>
    public static Uri? ContainerOf(IConfiguration configuration, ICollection<string> faults)
    {
        if (configuration[CheckpointContainerKey] is not { Length: > 0 } text)
            return null;
        var fault = !Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps ? "must be an absolute https address: https://ACCOUNT.blob.core.windows.net/CONTAINER."
            : address.Query.Length > 0 || address.Fragment.Length > 0 || address.UserInfo.Length > 0 ? "must be the plain address; the portal goes there by its own identity, without a signature (SAS) or a key."
            // Nothing but Blob Storage is to get a token for it.
            : !address.Host.Contains(".blob.", StringComparison.OrdinalIgnoreCase) || !address.IsDefaultPort ? "must be on a host of Blob Storage: ACCOUNT.blob.core.windows.net, or that of another cloud."
            : !ContainerPath().IsMatch(address.AbsolutePath) ? "must name one container behind the host."
            : null;
        if (fault is null)
            return new Uri(address!.GetLeftPart(UriPartial.Path).TrimEnd('/'));
        faults.Add($"{CheckpointContainerKey}: {fault}");
        return null;
    }

    /// <summary>What a new log is called: as configured, otherwise by the tenant.</summary>
    public static string OriginOf(IConfiguration configuration) =>
        configuration[OriginKey] is { Length: > 0 } origin ? origin : $"access-portal/{configuration["AzureAd:TenantId"]}";

    [GeneratedRegex("^/[a-z0-9](-?[a-z0-9]){2,62}/?$")]
    private static partial Regex ContainerPath();

    private static string InDataDirectory(IConfiguration configuration, string key, string otherwise) =>
        Path.Combine(DataDirectory.Of(configuration), configuration[key] is { Length: > 0 } path ? path : otherwise);
}
