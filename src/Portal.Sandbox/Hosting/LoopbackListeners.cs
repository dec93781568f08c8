using System.Net;
using System.Net.Sockets;

namespace Portal.Sandbox.Hosting;

/// <summary>
/// Sockets bound to the loopback addresses before Kestrel starts, so that a free port is known, and ours, while the
/// services are still being configured with it.
/// </summary>
internal sealed class LoopbackListeners : IDisposable
{
    private readonly Dictionary<IPEndPoint, Socket> _bound = [];
    private readonly HashSet<IPEndPoint> _taken = [];

    /// <summary>The bound addresses of one port.</summary>
    public IEnumerable<IPEndPoint> EndPointsOf(int port) => _bound.Keys.Where(e => e.Port == port);

    /// <summary>Binds 127.0.0.1 and, where there is one, ::1 to the same port. Returns the port.</summary>
    /// <exception cref="SocketException">The port is in use.</exception>
    public int Bind(int port)
    {
        for (var attempt = 1; ; attempt++)
        {
            var v4 = BindOne(new IPEndPoint(IPAddress.Loopback, port));
            var chosen = (IPEndPoint)v4.LocalEndPoint!;
            try
            {
                if (Socket.OSSupportsIPv6) Keep(BindOne(new IPEndPoint(IPAddress.IPv6Loopback, chosen.Port)));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable)
            {
                // The machine knows IPv6 but has no ::1, as in some containers: 127.0.0.1 alone serves.
            }
            catch (SocketException) when (port == 0 && attempt < 20)
            {
                v4.Dispose();
                continue;
            }
            catch
            {
                v4.Dispose();
                throw;
            }

            Keep(v4);
            return chosen.Port;
        }
    }

    /// <summary>Hands the socket of an address to Kestrel, which then owns it.</summary>
    public Socket Take(EndPoint endPoint)
    {
        var key = (IPEndPoint)endPoint;
        return _taken.Add(key) ? _bound[key] : throw new InvalidOperationException($"{endPoint} is already served.");
    }

    public void Dispose()
    {
        foreach (var (endPoint, socket) in _bound)
            if (!_taken.Contains(endPoint)) socket.Dispose();
    }

    private static Socket BindOne(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
            socket.Bind(endPoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Keep(Socket socket) => _bound.Add((IPEndPoint)socket.LocalEndPoint!, socket);
}
