using Microsoft.Extensions.Logging;
using Portal.Sandbox;

namespace Portal.Tests.Sandbox;

/// <summary>A sandbox of its own on free ports. Use as a class fixture, or make one per test where a test changes the company.</summary>
public sealed class SandboxFixture : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sandbox-test-").FullName;
    // A fault in the sandbox is seen beside the test that met it.
    private readonly ILoggerFactory _logging = LoggerFactory.Create(b => b.AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace));
    private HttpMessageHandler? _handler;

    public SandboxHost Host { get; private set; } = null!;

    /// <summary>Reaches the sandbox under every host name; shared by the tests of this fixture. Follows no redirect.</summary>
    public HttpMessageHandler Handler => _handler ?? throw new InvalidOperationException("Not started.");

    public async ValueTask InitializeAsync()
    {
        Host = await SandboxHost.StartAsync(
            new SandboxOptions { HttpsPort = 0, HttpPort = 0, DataDirectory = _directory, Logger = _logging.CreateLogger("Sandbox") }, TestContext.Current.CancellationToken);
        _handler = Host.CreateHandler();
        if (_handler is SocketsHttpHandler sockets) sockets.AllowAutoRedirect = false;
    }

    public HttpClient NewClient(string? baseAddress = null) =>
        new(Handler, disposeHandler: false) { BaseAddress = new Uri(baseAddress ?? Host.Addresses.Instance) };

    public async ValueTask DisposeAsync()
    {
        _handler?.Dispose();
        await Host.DisposeAsync();
        _logging.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
