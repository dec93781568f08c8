#if SANDBOX
using System.Globalization;
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
        builder.Services.AddSingleton(new CloudTransport(sandbox.CreateHandler));
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
        ["Cloud:ResourceManagerEndpoint"] = "https://management.azure.com/",
        ["Cloud:GraphEndpoint"] = "https://graph.microsoft.com",
        ["Cloud:KeyVaultSuffix"] = "vault.azure.net",
        ["Cloud:Credential"] = "ClientSecret",
    };

    private static int Port(IConfiguration configuration, string key, int otherwise) =>
        int.TryParse(configuration[key], NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : otherwise;
}
#endif
