using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Web.Policies;

namespace Portal.Web.Hosting;

/// <summary>What has to be done once, before the first page: the schema, and the policies of the configuration.</summary>
public static class PortalStart
{
    /// <summary>Does it.</summary>
    public static async Task PrepareAsync(this WebApplication app)
    {
        await app.MigrateAsync();
        var policies = ConfiguredPolicies.Read(app.Configuration, []);
        await app.Services.GetRequiredService<LoadPolicies>().ExecuteAsync(policies, Actor.System, CancellationToken.None);
    }
}
