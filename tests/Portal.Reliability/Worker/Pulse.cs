namespace Portal.Reliability.Worker;

/// <summary>Notices when the machine had no time for this process: a tick that comes late says that nothing else in it came in time either. What is promised in seconds is judged without those.</summary>
internal sealed class Pulse : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _beating;

    /// <param name="late">Told of each standstill: when a tick was due, and when it came.</param>
    public Pulse(Action<DateTimeOffset, DateTimeOffset> late) => _beating = Task.Factory.StartNew(() => Run(late), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beating;
        _stop.Dispose();
    }

    private void Run(Action<DateTimeOffset, DateTimeOffset> late)
    {
        var due = TimeProvider.System.GetUtcNow() + Beat;
        while (!_stop.Token.WaitHandle.WaitOne(Beat))
        {
            var now = TimeProvider.System.GetUtcNow();
            if (now - due > Beat)
                late(due, now);
            due = now + Beat;
        }
    }
}
