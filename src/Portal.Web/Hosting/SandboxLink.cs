#if SANDBOX
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Portal.Core;
using Portal.Sandbox;

namespace Portal.Web.Hosting;

/// <summary>How a command of the executable reaches the sandbox inside a portal that is running: by a file that the portal leaves in its data directory, readable by its owner only.</summary>
public static class SandboxLink
{
    private const string FileName = "running.json";

    /// <summary>Leaves the file.</summary>
    public static void Leave(SandboxHost sandbox, IConfiguration configuration)
    {
        var settings = SandboxLauncher.SettingsFor(sandbox);
        foreach (var key in (string[])[PortalDatabase.ProviderKey, "ConnectionStrings:Portal", SealingSetup.CheckpointFileKey, SealingSetup.CheckpointContainerKey, SealingSetup.SigningKeyFileKey])
            settings[key] = configuration[key];
        var file = PathOf(configuration);
        var temporary = $"{file}.{Environment.ProcessId}";
        using (var stream = new FileStream(temporary, OwnerOnly()))
            JsonSerializer.Serialize(stream, new Running(settings, sandbox.CertificateFile, sandbox.Addresses.HttpsPort, sandbox.Addresses.HttpPort));
        File.Move(temporary, file, overwrite: true);
    }

    /// <summary>Points a command at the running portal's sandbox and database, in Development when no tenant is configured.</summary>
    public static void UseWhenNoTenant(WebApplicationBuilder builder)
    {
        var file = PathOf(builder.Configuration);
        if (!builder.Environment.IsDevelopment() || !string.IsNullOrWhiteSpace(builder.Configuration["AzureAd:TenantId"]) || !File.Exists(file))
            return;
        var running = JsonSerializer.Deserialize<Running>(File.ReadAllText(file))!;
        // The file outlives a portal that was killed.
        if (!Listens(running.HttpsPort))
            return;
        builder.Configuration.AddInMemoryCollection(running.Settings);
        builder.Services.AddSingleton(new CloudTransport(() => SandboxHost.CreateHandler(running.CertificateFile, running.HttpsPort, running.HttpPort)));
    }

    private static string PathOf(IConfiguration configuration) => Path.Combine(DataDirectory.Of(configuration), "sandbox", FileName);

    private static bool Listens(int port)
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static FileStreamOptions OwnerOnly()
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    private sealed record Running(Dictionary<string, string?> Settings, string CertificateFile, int HttpsPort, int HttpPort);
}
#endif
