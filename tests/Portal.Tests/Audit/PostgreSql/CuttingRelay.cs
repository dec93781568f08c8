using System.Net;
using System.Net.Sockets;

namespace Portal.Tests.Audit.PostgreSql;

/// <summary>Stands between the portal and its server and hands on what both say, until the server has said so much: then it cuts every connection, as a network does. Or it goes dead without a word.</summary>
internal sealed class CuttingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly (string Host, int Port) _server;
    private readonly Task _accepting;
    private long _said;
    private int _opened;
    private volatile int _dead;

    public CuttingRelay(string host, int port)
    {
        _server = (host, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>After how many of the server's bytes it cuts.</summary>
    public long CutAfter { get; set; } = long.MaxValue;

    /// <summary>How many bytes the server has said since it was last set.</summary>
    public long Said
    {
        get => Interlocked.Read(ref _said);
        set => Interlocked.Exchange(ref _said, value);
    }

    /// <summary>Every connection that is open by now goes dead: no more bytes, and nobody is told. New ones are carried.</summary>
    public void GoDead() => _dead = Volatile.Read(ref _opened);

    /// <summary>The same for those that are still to come: they are taken, and stay silent.</summary>
    public void GoDeadForGood() => _dead = int.MaxValue;

    /// <summary>How long each piece that the server says takes on its way.</summary>
    public TimeSpan Delay { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        var all = new List<Task>();
        try
        {
            while (true)
                all.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_over.Token)));
        }
        finally
        {
            await ((Task)Task.WhenAll(all)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RelayAsync(TcpClient portal)
    {
        var number = Interlocked.Increment(ref _opened);
        using (portal)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(_server.Host, _server.Port, _over.Token);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
            var asked = HandOnAsync(number, portal.GetStream(), server.GetStream(), counted: false, ends.Token);
            var answered = HandOnAsync(number, server.GetStream(), portal.GetStream(), counted: true, ends.Token);
            await Task.WhenAny(asked, answered);
            await ends.CancelAsync();
            await ((Task)Task.WhenAll(asked, answered)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task HandOnAsync(int number, Stream from, Stream to, bool counted, CancellationToken ct)
    {
        var buffer = new byte[4096];
        while (await from.ReadAsync(buffer, ct) is > 0 and var read)
        {
            if (counted && Interlocked.Add(ref _said, read) > CutAfter)
                return;
            if (number <= _dead)
                await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            if (counted && Delay > TimeSpan.Zero)
                await Task.Delay(Delay, ct);
            await to.WriteAsync(buffer.AsMemory(0, read), ct);
        }
    }
}
