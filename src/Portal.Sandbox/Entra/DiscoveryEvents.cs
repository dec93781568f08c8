using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Portal.Sandbox.Entra;

/// <summary>What stands in Entra's discovery document beyond the standard.</summary>
internal sealed class DiscoveryEvents : IOpenIddictServerHandler<HandleConfigurationRequestContext>
{
    public ValueTask HandleAsync(HandleConfigurationRequestContext context)
    {
        context.SubjectTypes.Clear();
        context.SubjectTypes.Add(OpenIddictConstants.SubjectTypes.Pairwise);
        context.Claims.UnionWith(["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "oid", "roles", "groups", "acrs", "email"]);
        context.UserInfoEndpoint = new Uri("https://graph.microsoft.com/oidc/userinfo");
        context.Metadata["http_logout_supported"] = true;
        context.Metadata["tenant_region_scope"] = "EU";
        context.Metadata["cloud_instance_name"] = "microsoftonline.com";
        context.Metadata["cloud_graph_host_name"] = "graph.windows.net";
        context.Metadata["msgraph_host"] = "graph.microsoft.com";
        return ValueTask.CompletedTask;
    }
}
