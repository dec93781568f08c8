using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core;
using Portal.Core.Data;
using Portal.Sandbox;
using Portal.Web.Hosting;
using Portal.Web.Requests;
using FakeDatabaseClock = Portal.Tests.World.FakeDatabaseClock;

namespace Portal.BrowserTests.World;

/// <summary>The portal as it is, in this process on real Kestrel and a free port, talking to a sandbox and living on the sandbox's clock.</summary>
public sealed class PortalApp : WebApplicationFactory<Program>
{
    private readonly SandboxHost _sandbox;
    private readonly string _directory;
    private readonly SharedStore? _shared;

    /// <summary>Prepares it; <see cref="WebApplicationFactory{TEntryPoint}.StartServer"/> starts it.</summary>
    /// <param name="sandbox">The cloud.</param>
    /// <param name="directory">Where the portal may keep its files.</param>
    /// <param name="shared">What it shares with other instances; null for a database of its own on SQLite.</param>
    public PortalApp(SandboxHost sandbox, string directory, SharedStore? shared = null)
    {
        _shared = shared;
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
        // All tests share one company, and some of its people ask in most of them.
        builder.UseSetting(ConfiguredLimits.Key, "10000");
        builder.UseSetting(DataDirectory.Key, _directory);
        builder.UseSetting(PortalDatabase.ProviderKey, _shared is null ? "Sqlite" : "PostgreSql");
        if (_shared is not null)
            foreach (var (key, file) in (ReadOnlySpan<(string, string)>)[(SealingSetup.SigningKeyFileKey, "audit-signing-key"), (SealingSetup.CheckpointFileKey, "audit-checkpoints")])
                builder.UseSetting(key, Path.Combine(_shared.Directory, file));
        builder.UseSetting("ConnectionStrings:Portal", _shared?.Postgres ?? $"Data Source={Path.Combine(_directory, "portal.db")}");
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

/// <summary>What several instances have in common.</summary>
/// <param name="Postgres">The connection string of their database.</param>
/// <param name="Directory">Where the files lie that they share: the key and the checkpoints of the audit trail.</param>
public sealed record SharedStore(string Postgres, string Directory);
