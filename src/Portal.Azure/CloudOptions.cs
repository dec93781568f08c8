namespace Portal.Azure;

/// <summary>Which cloud, and as whom: section <c>Cloud</c>. The defaults are the public Azure cloud with the system-assigned managed identity.</summary>
/// <remarks>The tenant, the app registration and (for the sandbox only) its secret come from <c>AzureAd:TenantId</c>, <c>AzureAd:ClientId</c> and <c>AzureAd:ClientSecret</c>.</remarks>
public sealed class CloudOptions
{
    /// <summary>The configuration section's name.</summary>
    public const string Section = "Cloud";

    /// <summary>Where tokens are issued. An https address.</summary>
    public string AuthorityHost { get; set; } = "https://login.microsoftonline.com/";

    /// <summary>Azure Resource Manager. An https address.</summary>
    public string ResourceManagerEndpoint { get; set; } = "https://management.azure.com";

    /// <summary>The audience of Resource Manager's tokens, without <c>.default</c>; null means the endpoint with a closing slash.</summary>
    public string? ResourceManagerAudience { get; set; }

    /// <summary>What every vault's host name ends in (<c>vault.azure.net</c>). Tokens go to no vault elsewhere.</summary>
    public string KeyVaultSuffix { get; set; } = "vault.azure.net";

    /// <summary>Microsoft Graph, without version. An https address.</summary>
    public string GraphEndpoint { get; set; } = "https://graph.microsoft.com";

    /// <summary><c>ManagedIdentity</c>, <c>WorkloadIdentity</c> (Kubernetes, federated), and in Development only <c>Default</c> (whatever the machine offers, <c>az login</c> among it) or <c>ClientSecret</c>.</summary>
    public string Credential { get; set; } = nameof(CredentialKind.ManagedIdentity);

    /// <summary>The client id of a user-assigned managed identity; null for the system-assigned one.</summary>
    public string? ManagedIdentityClientId { get; set; }

    /// <summary>The subscriptions to look for vaults in; empty means all that the identity can see.</summary>
    public IList<string> Subscriptions { get; } = [];

    /// <summary>How long one call may take before it counts as unanswered: 1 second to 5 minutes.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>How the portal proves who it is.</summary>
internal enum CredentialKind
{
    ManagedIdentity,
    WorkloadIdentity,
    Default,
    ClientSecret,
}
