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
        // Where calls share a connection: calls that hang must not use up the places of all others, and a connection that has died is noticed, which no call's own limit brings about.
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = TimeSpan.FromSeconds(15),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        AutomaticDecompression = DecompressionMethods.All,
        AllowAutoRedirect = false,
        UseCookies = false,
    });

    /// <summary>A new handler, owned by the caller.</summary>
    public HttpMessageHandler CreateHandler() => create();
}
