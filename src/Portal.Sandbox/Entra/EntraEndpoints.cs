using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Sandbox.Entra;

internal static class EntraEndpoints
{
    public static void AddEntra(this IServiceCollection services, EntraKeys keys, SandboxAddresses addresses)
    {
    }

    public static void MapEntra(this WebApplication app)
    {
    }
}
