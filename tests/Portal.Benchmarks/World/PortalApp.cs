using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core;
using Portal.Core.Data;
using Portal.Sandbox;
using Portal.Web.Requests;

namespace Portal.Benchmarks.World;

/// <summary>The portal as it is, on real Kestrel and a free port, talking to a sandbox.</summary>
/// <remarks>A Release build knows no sandbox, so the settings that make the portal talk to one are written out here.</remarks>
internal sealed class PortalApp : WebApplicationFactory<Program>
{
    private readonly SandboxHost _sandbox;
    private readonly string _directory;

    private PortalApp(SandboxHost sandbox, string directory)
    {
        _sandbox = sandbox;
        _directory = directory;
        UseKestrel(0);
    }

    /// <summary>Where it is, by the name that is registered with the sandbox; without a slash at the end.</summary>
    public string Address => $"http://localhost:{ClientOptions.BaseAddress.Port}";

    /// <summary>The database's file.</summary>
    public static string DatabaseIn(string directory) => Path.Combine(directory, "portal.db");

    /// <summary>Starts one and waits until its catalog is filled and its audit log has begun.</summary>
    public static async Task<PortalApp> StartAsync(SandboxHost sandbox, string directory)
    {
        Directory.CreateDirectory(directory);
        var app = new PortalApp(sandbox, directory);
        app.StartServer();
        await app.UntilAsync(async db => await db.Secrets.Select(s => s.VaultId).Distinct().CountAsync() >= 5 && await db.AuditCheckpoints.AnyAsync());
        return app;
    }

    /// <summary>Starts a sandbox on free ports.</summary>
    public static Task<SandboxHost> StartSandboxAsync(string directory) =>
        SandboxHost.StartAsync(new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = Path.Combine(directory, "sandbox") }, CancellationToken.None);

    /// <summary>Reads the database.</summary>
    public async Task<T> ReadAsync<T>(Func<PortalDb, Task<T>> read)
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        return await read(db);
    }

    /// <summary>Waits for something in the database, for at most two minutes.</summary>
    public async Task UntilAsync(Func<PortalDb, Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await ReadAsync(holds))
            await tick.WaitForNextTickAsync(patience.Token);
    }

    /// <inheritdoc />
    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Development");
        foreach (var (key, value) in Settings())
            builder.UseSetting(key, value);
        // One person asks, in every round.
        builder.UseSetting(ConfiguredLimits.Key, "10000");
        builder.ConfigureLogging(logging => logging.ClearProviders().AddSimpleConsole().AddFilter((_, level) => level >= LogLevel.Error));
        builder.ConfigureTestServices(services => services.AddSingleton(new CloudTransport(_sandbox.CreateHandler)));
    }

    private Dictionary<string, string> Settings() => new()
    {
        ["AzureAd:Instance"] = _sandbox.Addresses.Instance,
        ["AzureAd:TenantId"] = _sandbox.Addresses.TenantId.ToString(),
        ["AzureAd:ClientId"] = _sandbox.PortalClient.ClientId.ToString(),
        ["AzureAd:ClientSecret"] = _sandbox.PortalClient.ClientSecret,
        ["AzureAd:BrowserOrigins:0"] = new Uri(_sandbox.Addresses.FrontPage).GetLeftPart(UriPartial.Authority),
        ["Cloud:AuthorityHost"] = _sandbox.Addresses.Instance,
        ["Cloud:Credential"] = "ClientSecret",
        ["Portal:DataDirectory"] = _directory,
        ["Database:Provider"] = "Sqlite",
        ["ConnectionStrings:Portal"] = $"Data Source={DatabaseIn(_directory)}",
    };
}
