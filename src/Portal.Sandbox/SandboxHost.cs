using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Sandbox.Entra;
using Portal.Sandbox.Graph;
using Portal.Sandbox.Hosting;
using Portal.Sandbox.KeyVault;
using Portal.Sandbox.Reader;
using Portal.Sandbox.ResourceManager;
using Portal.Sandbox.Storage;

namespace Portal.Sandbox;

/// <summary>
/// A running sandbox: Entra ID, Resource Manager, Key Vault, Blob Storage and Microsoft Graph on the loopback addresses of this machine,
/// for one company. Everything lives in memory and is gone when it stops, except for the public certificate file.
/// </summary>
public sealed class SandboxHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SandboxCertificate _certificate;
    private readonly EntraKeys _keys;

    private SandboxHost(WebApplication app, SandboxCertificate certificate, EntraKeys keys, SandboxAddresses addresses, SandboxControl control,
        SandboxClients clients, string certificateFile)
    {
        _app = app;
        _certificate = certificate;
        _keys = keys;
        Addresses = addresses;
        Control = control;
        PortalClient = clients.Portal;
        ExplorerClient = clients.Explorer;
        CertificateFile = certificateFile;
    }

    /// <summary>Where it is found.</summary>
    public SandboxAddresses Addresses { get; }

    /// <summary>The root to trust, without a private key.</summary>
    public X509Certificate2 RootCertificate => _certificate.Root;

    /// <summary>Full path of the root as a PEM file.</summary>
    public string CertificateFile { get; }

    /// <summary>Time, faults and state, for tests.</summary>
    public SandboxControl Control { get; }

    /// <summary>The portal's registration.</summary>
    public SandboxClient PortalClient { get; }

    /// <summary>The registration for foreign clients.</summary>
    public SandboxClient ExplorerClient { get; }

    /// <summary>
    /// A new handler that reaches the sandbox under every host name (<c>kv-payments-prod.vault.azure.net</c>, <c>graph.microsoft.com</c>, ...)
    /// and can reach nothing else. It verifies certificates and names. The caller disposes of it.
    /// </summary>
    public HttpMessageHandler CreateHandler() => LoopbackHandler.Create(RootCertificate, Addresses);

    /// <summary>The same for a sandbox of another process on this machine.</summary>
    /// <param name="certificateFile">Its root as a PEM file.</param>
    /// <param name="httpsPort">Its https port.</param>
    /// <param name="httpPort">Its plain port.</param>
    public static HttpMessageHandler CreateHandler(string certificateFile, int httpsPort, int httpPort)
    {
        using var root = X509CertificateLoader.LoadCertificateFromFile(certificateFile);
        return LoopbackHandler.Create(root, new SandboxAddresses(httpsPort, httpPort));
    }

    /// <summary>Starts a sandbox; when the task is done, it answers.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">A port is in use.</exception>
    public static Task<SandboxHost> StartAsync(SandboxOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        // Without the flow of the caller's context, a test host that listens for applications being built does not take this one for its own.
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(() => StartCoreAsync(options, ct), ct);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        // Clients keep connections open; nobody waits for them.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
        _keys.Dispose();
        _certificate.Dispose();
    }

    private static async Task<SandboxHost> StartCoreAsync(SandboxOptions options, CancellationToken ct)
    {
        using var listeners = new LoopbackListeners();
        var addresses = new SandboxAddresses(listeners.Bind(options.HttpsPort), listeners.Bind(options.HttpPort));
        var certificate = SandboxCertificate.Create();
        var keys = new EntraKeys();
        // Before anything answers: what is said and shown names this file. The ports are ours by now.
        var file = certificate.WriteRoot(options.DataDirectory);
        var control = new SandboxControl(options) { Tokens = new TokenMint(keys) };
        var clients = new SandboxClients(
            new(FenwickCompany.PortalClientId, options.PortalClientSecret ?? NewSecret()),
            new(FenwickCompany.ExplorerClientId, options.ExplorerClientSecret ?? NewSecret()),
            new(FenwickCompany.ReaderClientId, NewSecret()));

        // Empty: no configuration, environment variable or address of the process around it reaches the sandbox.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Portal.Sandbox", ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (var endPoint in listeners.EndPointsOf(addresses.HttpsPort)) kestrel.Listen(endPoint, l => l.UseHttps(certificate.Server));
            foreach (var endPoint in listeners.EndPointsOf(addresses.HttpPort)) kestrel.Listen(endPoint);
        });
        builder.Services.Configure<SocketTransportOptions>(o => o.CreateBoundListenSocket = listeners.Take);
        if (options.Logger is { } logger) builder.Logging.AddProvider(new ForwardingLoggerProvider(logger));

        builder.Services.AddRouting();
        builder.Services.AddSingleton(options).AddSingleton(addresses).AddSingleton(control).AddSingleton(control.Directory).AddSingleton(control.Clock)
            .AddSingleton(clients).AddSingleton(keys).AddSingleton(new AccessTokenReader(keys, addresses));
        builder.Services.AddEntra(keys, addresses);
        builder.Services.AddResourceManager(control);
        builder.Services.AddKeyVault(control);
        builder.Services.AddReader(new ReaderWire(certificate.Root, addresses, clients.Reader, file));

        var app = builder.Build();
        app.UseRequestLog();
        app.UseTenantName();
        app.UseKnownHosts();
        app.UseFaults();
        app.UseRouting();
        app.UseAuthentication();
        app.MapEntra();
        app.MapGraph();
        app.MapResourceManager();
        app.MapKeyVault();
        app.MapBlobs();
        app.MapReader(addresses);

        try
        {
            await app.StartAsync(ct);
            var host = new SandboxHost(app, certificate, keys, addresses, control, clients, file);
            if (options.PrintAddresses) SandboxAnnouncement.Say(host, options.Logger);
            return host;
        }
        catch
        {
            await app.DisposeAsync();
            keys.Dispose();
            certificate.Dispose();
            throw;
        }
    }

    private static string NewSecret() => RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789~._-", 40);
}
