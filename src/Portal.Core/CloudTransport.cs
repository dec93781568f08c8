using System.Net;

namespace Portal.Core;

/// <summary>Where the calls to the cloud leave the process. Register another one to send them elsewhere; no other code notices.</summary>
/// <param name="create">Makes a new handler. Called a few times per process; each handler lives as long as the process.</param>
public sealed class CloudTransport(Func<HttpMessageHandler> create)
{
    /// <summary>Plain sockets to the real hosts: certificates verified by the system, no cookies, and no redirects, which could carry a token elsewhere.</summary>
    public static CloudTransport Sockets { get; } = new(() => new SocketsHttpHandler
    {
        // Clients live as long as the process; this is how they notice that a name has moved.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        AutomaticDecompression = DecompressionMethods.All,
        AllowAutoRedirect = false,
        UseCookies = false,
    });

    /// <summary>A new handler, owned by the caller.</summary>
    public HttpMessageHandler CreateHandler() => create();
}
