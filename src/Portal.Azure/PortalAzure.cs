using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Portal.Azure.Checkpoints;
using Portal.Azure.Connection;
using Portal.Azure.Directory;
using Portal.Azure.Inventory;
using Portal.Azure.Memberships;
using Portal.Azure.Probe;
using Portal.Azure.RoleAssignments;
using Portal.Azure.Schedules;
using Portal.Core;
using Portal.Core.Audit.Sealing;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;

namespace Portal.Azure;

/// <summary>Brings the cloud behind the seams of Portal.Core: role assignments, memberships, schedules, vault inventory, directory, access probe, checkpoints in Blob Storage.</summary>
/// <remarks>
/// How it hangs together. <c>Connection/</c> makes, once per process, one credential, one <c>ArmClient</c>, one
/// <c>GraphServiceClient</c> and one <c>SecretClient</c> per vault. All of them send through the handlers of
/// <see cref="CloudTransport"/>, so nothing here knows whether Azure or a stand-in answers. Around that handler stands
/// <c>AnswerGate</c>: whatever is not a usable answer (an error status, HTML, an empty or cut-off body, a 200 that carries
/// an error, silence) becomes a <see cref="Portal.Core.CloudCallException"/> there, read by <c>CloudFaults</c>, the one place
/// that maps. Each adapter has its own folder and only turns answers into the words of Portal.Core.
/// </remarks>
public static class PortalAzure
{
    /// <summary>Registers the seams, and the options of section <c>Cloud</c>, checked at start together with <c>AzureAd</c>.</summary>
    /// <param name="services">Where to register. An own <see cref="CloudTransport"/> registered by the caller is kept.</param>
    /// <param name="configuration">The root of the configuration.</param>
    /// <returns>The same collection.</returns>
    public static IServiceCollection AddPortalAzure(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<CloudOptions>().Bind(configuration.GetSection(CloudOptions.Section)).ValidateOnStart();
        services.AddOptions<PortalApplication>().Bind(configuration.GetSection(PortalApplication.Section));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CloudOptions>, CloudOptionsValidation>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(CloudTransport.Sockets);
        services.TryAddSingleton<ClockWatch>();
        services.TryAddSingleton<CallPacing>();
        services.TryAddSingleton<CloudFaults>();
        services.TryAddSingleton<CloudConnection>();
        services.TryAddSingleton<VaultClients>();
        services.TryAddSingleton<PortalAppRoles>();
        services.TryAddSingleton<IRoleAssignments, ResourceManagerRoleAssignments>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IGrantProvider, GraphMemberships>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IGrantProvider, PimSchedules>());
        services.TryAddSingleton<IVaultInventory, ResourceManagerVaultInventory>();
        services.TryAddSingleton<IDirectory, GraphDirectory>();
        services.TryAddSingleton<IAccessProbe, KeyVaultAccessProbe>();
        // Beside the file of Portal.Core, which has to be registered before: a checkpoint goes to both.
        services.TryAddSingleton(SealingOptions.None);
        services.AddSingleton<ICheckpointStore>(provider => new BlobCheckpoints(provider.GetRequiredService<SealingOptions>(), new Lazy<CloudConnection>(provider.GetRequiredService<CloudConnection>)));
        return services;
    }
}
