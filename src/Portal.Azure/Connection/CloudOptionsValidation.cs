using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Portal.Azure.Connection;

/// <summary>Finds everything that is wrong with <c>Cloud</c> and <c>AzureAd</c> at once, and names each key.</summary>
internal sealed class CloudOptionsValidation(IOptions<PortalApplication> application, IHostEnvironment environment) : IValidateOptions<CloudOptions>
{
    public ValidateOptionsResult Validate(string? name, CloudOptions options)
    {
        var errors = new List<string>();
        CheckAddress(nameof(options.AuthorityHost), options.AuthorityHost);
        CheckAddress(nameof(options.ResourceManagerEndpoint), options.ResourceManagerEndpoint);
        CheckAddress(nameof(options.GraphEndpoint), options.GraphEndpoint);
        if (options.ResourceManagerAudience is { } audience)
            CheckAddress(nameof(options.ResourceManagerAudience), audience);
        // A suffix of one label (or with a leading dot) would let a token out to a whole top-level domain.
        if (Uri.CheckHostName(options.KeyVaultSuffix) != UriHostNameType.Dns || options.KeyVaultSuffix.StartsWith('.') || !options.KeyVaultSuffix.TrimEnd('.').Contains('.'))
            errors.Add("Cloud:KeyVaultSuffix must be the end of a host name, such as vault.azure.net.");
        if (options.ManagedIdentityClientId is { Length: > 0 } identity)
            CheckGuid("Cloud:ManagedIdentityClientId", identity);
        for (var i = 0; i < options.Subscriptions.Count; i++)
            CheckGuid($"Cloud:Subscriptions:{i}", options.Subscriptions[i]);
        if (options.CallTimeout < TimeSpan.FromSeconds(1) || options.CallTimeout > TimeSpan.FromMinutes(5))
            errors.Add("Cloud:CallTimeout must be between 00:00:01 and 00:05:00.");

        CheckGuid("AzureAd:TenantId", application.Value.TenantId);
        CheckGuid("AzureAd:ClientId", application.Value.ClientId);
        if (!Enum.GetNames<CredentialKind>().Contains(options.Credential, StringComparer.OrdinalIgnoreCase))
            errors.Add($"Cloud:Credential must be one of {string.Join(", ", Enum.GetNames<CredentialKind>())}.");
        else if (KindOf(options) is var kind and (CredentialKind.ClientSecret or CredentialKind.Default))
        {
            // What the machine offers may be a client secret as well, from its environment.
            if (!environment.IsDevelopment())
                errors.Add($"Cloud:Credential may be {kind} in the Development environment only: use ManagedIdentity or WorkloadIdentity.");
            if (kind == CredentialKind.ClientSecret && string.IsNullOrWhiteSpace(application.Value.ClientSecret))
                errors.Add("AzureAd:ClientSecret is missing, and Cloud:Credential is ClientSecret.");
        }
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void CheckAddress(string key, string? value)
        {
            if (!Uri.TryCreate(value, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps || address.UserInfo.Length > 0)
                errors.Add($"Cloud:{key} must be an https address.");
        }

        void CheckGuid(string key, string? value)
        {
            if (string.IsNullOrWhiteSpace(value))
                errors.Add($"{key} is missing.");
            else if (!Guid.TryParseExact(value, "D", out var id) || id == Guid.Empty)
                errors.Add($"{key} must be a GUID.");
        }
    }

    internal static CredentialKind KindOf(CloudOptions options) => Enum.Parse<CredentialKind>(options.Credential, ignoreCase: true);
}
