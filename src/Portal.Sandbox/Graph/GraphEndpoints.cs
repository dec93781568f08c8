using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Sandbox.Graph;

internal static class GraphEndpoints
{
    public static void AddGraph(this IServiceCollection services)
    {
    }

    public static void MapGraph(this WebApplication app)
    {
    }
}
