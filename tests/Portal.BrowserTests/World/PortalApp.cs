using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core;
using Portal.Core.Data;
using Portal.Sandbox;
using Portal.Web.Hosting;
using FakeDatabaseClock = Portal.Tests.World.FakeDatabaseClock;

namespace Portal.BrowserTests.World;

/// <summary>The portal as it is, in this process on real Kestrel and a free port, talking to a sandbox and living on the sandbox's clock.</summary>
public sealed class PortalApp : WebApplicationFactory<Program>
{
    private readonly SandboxHost _sandbox;
    private readonly string _directory;
    private readonly string? _postgres;

    /// <summary>Prepares it; <see cref="WebApplicationFactory{TEntryPoint}.StartServer"/> starts it.</summary>
    /// <param name="sandbox">The cloud.</param>
    /// <param name="directory">Where the portal may keep its files.</param>
    /// <param name="postgres">The connection string of its database on PostgreSQL; null for one of its own on SQLite.</param>
    public PortalApp(SandboxHost sandbox, string directory, string? postgres = null)
    {
        _postgres = postgres;
        _sandbox = sandbox;
        _directory = directory;
        UseKestrel(0);
    }

    /// <inheritdoc />
    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Development");
        // Settings of this kind reach Program.cs as arguments, so that it sees them before it builds anything.
        foreach (var (key, value) in SandboxLauncher.SettingsFor(_sandbox))
            builder.UseSetting(key, value);
        builder.UseSetting(DataDirectory.Key, _directory);
        builder.UseSetting(PortalDatabase.ProviderKey, _postgres is null ? "Sqlite" : "PostgreSql");
        builder.UseSetting("ConnectionStrings:Portal", _postgres ?? $"Data Source={Path.Combine(_directory, "portal.db")}");
        builder.ConfigureLogging(logging => logging.ClearProviders().AddSimpleConsole().SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Identity", LogLevel.Error));
        builder.ConfigureTestServices(services =>
        {
            services.AddSingleton(new CloudTransport(_sandbox.CreateHandler));
            // One clock for all: moved once, the grant is over for the portal, its database and the cloud alike. Timers stay the real ones.
            services.AddSingleton<TimeProvider>(_sandbox.Control.Clock);
            services.AddSingleton<IDatabaseClock>(new FakeDatabaseClock(_sandbox.Control.Clock));
        });
    }
}
