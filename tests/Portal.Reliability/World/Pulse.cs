using Portal.Reliability.Judging;

namespace Portal.Reliability.World;

/// <summary>Notes when the machine had no time for this process: a tick that comes late says that nobody else's came in time either. What is promised in seconds is judged without those.</summary>
internal sealed class Pulse : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Span> _stalls = [];
    private readonly Task _beating;

    public Pulse() => _beating = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>How much of a span was lost.</summary>
    public TimeSpan LostIn(Span span)
    {
        lock (_stalls)
            return _stalls.Select(stall => stall.And(span)).Where(lost => !lost.IsEmpty).Aggregate(TimeSpan.Zero, (sum, lost) => sum + (lost.To - lost.From));
    }

    /// <summary>How much was lost in all.</summary>
    public TimeSpan Lost => LostIn(new Span(DateTimeOffset.MinValue, DateTimeOffset.MaxValue));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beating;
        _stop.Dispose();
    }

    private void Run()
    {
        var due = TimeProvider.System.GetUtcNow() + Beat;
        while (!_stop.Token.WaitHandle.WaitOne(Beat))
        {
            var now = TimeProvider.System.GetUtcNow();
            if (now - due > Beat)
                lock (_stalls)
                    _stalls.Add(new Span(due, now));
            due = now + Beat;
        }
    }
}
