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
                identity is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(identity)), onThisHost: true)),
            // Its client id comes from AZURE_CLIENT_ID, which the Kubernetes webhook sets, unless one is configured.
            CredentialKind.WorkloadIdentity => identity is null
                ? new WorkloadIdentityCredential(Set(new WorkloadIdentityCredentialOptions { TenantId = application.TenantId }))
                : new WorkloadIdentityCredential(Set(new WorkloadIdentityCredentialOptions { TenantId = application.TenantId, ClientId = identity })),
            CredentialKind.Default => new DefaultAzureCredential(Set(new DefaultAzureCredentialOptions { TenantId = application.TenantId, ManagedIdentityClientId = identity }, onThisHost: true)),
            CredentialKind.ClientSecret => new ClientSecretCredential(application.TenantId, application.ClientId, application.ClientSecret,
                // A local issuer is unknown to login.microsoftonline.com; asking there first costs 15 seconds.
                Set(new ClientSecretCredentialOptions { DisableInstanceDiscovery = true })),
        };

        T Set<T>(T o, bool onThisHost = false) where T : TokenCredentialOptions
        {
            o.AuthorityHost = new Uri(options.AuthorityHost);
            o.Transport = transport;
            // Entra ID may ask to wait for an hour, and the SDK would wait it out inside the call, a person or a worker with it. The
            // engine waits instead. The identity of the host is asked on the host itself, where the SDK knows which answers pass.
            if (!onThisHost)
                o.Retry.MaxRetries = 0;
            return o;
        }
    }
}
