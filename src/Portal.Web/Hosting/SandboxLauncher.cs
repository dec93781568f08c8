#if SANDBOX
using System.Globalization;
using Portal.Core;
using Portal.Sandbox;

namespace Portal.Web.Hosting;

/// <summary>Starts the local stand-in for the cloud when nothing else is configured. With <c>Program.cs</c> the only place that knows it.</summary>
public static class SandboxLauncher
{
    /// <summary>Starts the sandbox in Development when no tenant is configured, and points the portal at it.</summary>
    /// <returns>The running sandbox; null when the portal is meant for a real tenant.</returns>
    public static async Task<SandboxHost?> StartWhenNoTenantAsync(WebApplicationBuilder builder)
    {
        if (!builder.Environment.IsDevelopment() || !string.IsNullOrWhiteSpace(builder.Configuration["AzureAd:TenantId"]))
            return null;

        var sandbox = await SandboxHost.StartAsync(
            new SandboxOptions
            {
                DataDirectory = Path.Combine(DataDirectory.Of(builder.Configuration), "sandbox"),
                HttpsPort = Port(builder.Configuration, "Sandbox:HttpsPort", 7444),
                HttpPort = Port(builder.Configuration, "Sandbox:HttpPort", 7446),
                PrintAddresses = true,
            },
            CancellationToken.None);
        builder.Configuration.AddInMemoryCollection(SettingsFor(sandbox));
        UseOwnDatabase(builder.Configuration);
        builder.Services.AddSingleton(new CloudTransport(sandbox.CreateHandler));
        SandboxLink.Leave(sandbox, builder.Configuration);
        return sandbox;
    }

    /// <summary>The settings that make a portal talk to a sandbox; tests that bring their own sandbox use the same.</summary>
    public static Dictionary<string, string?> SettingsFor(SandboxHost sandbox) => new()
    {
        ["Portal:EnvironmentName"] = "Sandbox",
        ["AzureAd:Instance"] = sandbox.Addresses.Instance,
        ["AzureAd:TenantId"] = sandbox.Addresses.TenantId.ToString(),
        ["AzureAd:ClientId"] = sandbox.PortalClient.ClientId.ToString(),
        ["AzureAd:ClientSecret"] = sandbox.PortalClient.ClientSecret,
        ["AzureAd:BrowserOrigins:0"] = new Uri(sandbox.Addresses.FrontPage).GetLeftPart(UriPartial.Authority),
        ["Cloud:AuthorityHost"] = sandbox.Addresses.Instance,
        ["Cloud:Credential"] = "ClientSecret",
    };

    /// <summary>The sandbox's world begins anew at each start; a database that remembers another one would tell of access that nobody has.</summary>
    private static void UseOwnDatabase(ConfigurationManager configuration)
    {
        if (!string.IsNullOrEmpty(configuration.GetConnectionString("Portal")))
            return;
        var file = Path.Combine(DataDirectory.Of(configuration), "sandbox", "portal.db");
        // The log of a database that is gone would tell of a rollback.
        var checkpoints = file + ".checkpoints";
        foreach (var old in (string[])[file, file + "-wal", file + "-shm", checkpoints])
            File.Delete(old);
        configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [PortalDatabase.ProviderKey] = "Sqlite",
            ["ConnectionStrings:Portal"] = $"Data Source={file}",
            [SealingSetup.CheckpointFileKey] = checkpoints,
            [SealingSetup.SigningKeyFileKey] = file + ".key",
        });
    }

    private static int Port(IConfiguration configuration, string key, int otherwise) =>
        int.TryParse(configuration[key], NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : otherwise;
}
#endif
