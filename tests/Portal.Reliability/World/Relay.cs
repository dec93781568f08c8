using System.Net;
using System.Net.Sockets;

namespace Portal.Reliability.World;

/// <summary>A line between a worker and something that it needs, which can be cut: bytes stop, nobody is told, as when a cable is pulled. New connections are taken and stay silent.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closed = new();
    private readonly int _target;
    private readonly Lock _lock = new();
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private TaskCompletionSource _whole = Whole();

    public Relay(int target)
    {
        _target = target;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Where the worker connects to.</summary>
    public int Port { get; }

    /// <summary>Cuts the line.</summary>
    public void Cut()
    {
        lock (_lock)
            if (_whole.Task.IsCompleted)
                _whole = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Mends it. What was under way when it was cut is reset, as it would be after so long.</summary>
    public void Mend()
    {
        lock (_lock)
        {
            foreach (var socket in _sockets)
                socket.Close(0);
            _sockets.Clear();
            _whole.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        _listener.Stop();
        Mend();
        await _accepting;
        _closed.Dispose();
    }

    private static TaskCompletionSource Whole()
    {
        var whole = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        whole.SetResult();
        return whole;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = CarryAsync(await _listener.AcceptSocketAsync(_closed.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task CarryAsync(Socket near)
    {
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        lock (_lock)
            _sockets.AddRange([near, far]);
        try
        {
            await _whole.Task.WaitAsync(_closed.Token);
            await far.ConnectAsync(IPAddress.Loopback, _target, _closed.Token);
            await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One end has gone: the other follows.
        }

        near.Close(0);
        far.Close(0);
        lock (_lock)
            _sockets.RemoveAll(s => s == near || s == far);
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            while (await from.ReceiveAsync(buffer, _closed.Token) is var read and > 0)
            {
                await _whole.Task.WaitAsync(_closed.Token);
                for (var sent = 0; sent < read;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _closed.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One end has gone.
        }
    }
}
