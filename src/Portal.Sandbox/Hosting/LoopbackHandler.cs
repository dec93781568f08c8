using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Portal.Sandbox.Hosting;

/// <summary>
/// Makes a handler that reaches the sandbox under every host name, without DNS, so that nothing can leave the machine.
/// Certificates are verified against the sandbox's root, host names included.
/// </summary>
internal static class LoopbackHandler
{
    public static SocketsHttpHandler Create(X509Certificate2 root, SandboxAddresses addresses) => new()
    {
        UseProxy = false,
        // Calls that are held up leave room for others.
        EnableMultipleHttp2Connections = true,
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                // A copy: it outlives the sandbox's own, as long as the handler does.
                CustomTrustStore = { X509CertificateLoader.LoadCertificate(root.RawData) },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        },
        ConnectCallback = async (connection, ct) =>
        {
            var plain = connection.DnsEndPoint.Port == addresses.HttpPort && connection.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttp;
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, plain ? addresses.HttpPort : addresses.HttpsPort, ct);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };
}
