using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Portal.Core;

namespace Portal.Reliability.Worker;

/// <summary>The way from a worker process to the sandbox of another process: real sockets, TLS verified against the sandbox's own root, and no other place that can be reached.</summary>
internal static class SandboxDoor
{
    /// <param name="rootCertificate">The PEM file with the sandbox's root.</param>
    /// <param name="port">The sandbox's port, or that of a relay before it.</param>
    public static CloudTransport Of(string rootCertificate, int port)
    {
        var root = X509CertificateLoader.LoadCertificateFromFile(rootCertificate);
        return new CloudTransport(() => new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root }, RevocationMode = X509RevocationMode.NoCheck },
            },
            ConnectCallback = async (_, ct) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(IPAddress.Loopback, port, ct);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        });
    }
}
