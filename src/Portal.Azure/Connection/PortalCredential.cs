using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;

namespace Portal.Azure.Connection;

/// <summary>Makes the one credential that all clients share.</summary>
internal static class PortalCredential
{
    internal static TokenCredential Create(CloudOptions options, PortalApplication application, HttpPipelineTransport transport)
    {
        var identity = string.IsNullOrEmpty(options.ManagedIdentityClientId) ? null : options.ManagedIdentityClientId;
        return CloudOptionsValidation.KindOf(options) switch
        {
            CredentialKind.ManagedIdentity => new ManagedIdentityCredential(Set(new ManagedIdentityCredentialOptions(
                identity is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(identity)))),
            // Its client id comes from AZURE_CLIENT_ID, which the Kubernetes webhook sets, unless one is configured.
            CredentialKind.WorkloadIdentity => identity is null
                ? new WorkloadIdentityCredential(Set(new WorkloadIdentityCredentialOptions { TenantId = application.TenantId }))
                : new WorkloadIdentityCredential(Set(new WorkloadIdentityCredentialOptions { TenantId = application.TenantId, ClientId = identity })),
            CredentialKind.Default => new DefaultAzureCredential(Set(new DefaultAzureCredentialOptions { TenantId = application.TenantId, ManagedIdentityClientId = identity })),
            CredentialKind.ClientSecret => new ClientSecretCredential(application.TenantId, application.ClientId, application.ClientSecret,
                // A local issuer is unknown to login.microsoftonline.com; asking there first costs 15 seconds.
                Set(new ClientSecretCredentialOptions { DisableInstanceDiscovery = true })),
        };

        T Set<T>(T o) where T : TokenCredentialOptions
        {
            o.AuthorityHost = new Uri(options.AuthorityHost);
            o.Transport = transport;
            return o;
        }
    }
}
