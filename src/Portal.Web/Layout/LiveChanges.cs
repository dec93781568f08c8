using Portal.Core.Data;

namespace Portal.Web.Layout;

/// <summary>Keeps what is on screen up with what is saved: pages say what concerns them and are told, not more often than they can be drawn.</summary>
public sealed partial class LiveChanges(ChangeFeed feed, TimeProvider clock, ILogger<LiveChanges> logger)
{
    /// <summary>A page is told at most once in this time; a burst of changes is one redraw.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(250);

    /// <summary>Calls <paramref name="refresh"/> after changes that concern the page, until disposed. The first change is passed on at once.</summary>
    /// <param name="concerns">Whether a change concerns the page; must be quick.</param>
    /// <param name="refresh">Reads and draws anew; brings itself onto the circuit's dispatcher.</param>
    public IDisposable Subscribe(Func<PortalChange, bool> concerns, Func<Task> refresh) => new Subscription(this, feed, clock, concerns, refresh);

    /// <summary>Calls <paramref name="refresh"/> once, later, unless the page is gone by then.</summary>
    /// <param name="wait">How much later.</param>
    /// <param name="refresh">Reads and draws anew; brings itself onto the circuit's dispatcher.</param>
    /// <param name="gone">Cancelled when the page leaves the screen.</param>
    public async Task LaterAsync(TimeSpan wait, Func<Task> refresh, CancellationToken gone)
    {
        try
        {
            await Task.Delay(wait, clock, gone);
            await refresh();
        }
        catch (Exception fault) when (fault is ObjectDisposedException || (fault is OperationCanceledException && gone.IsCancellationRequested))
        {
            // The page is gone.
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // As after a change: nobody awaits this.
            NoteFailure(fault);
        }
    }

    private sealed class Subscription : IDisposable
    {
        private readonly LiveChanges _owner;
        private readonly TimeProvider _clock;
        private readonly Func<Task> _refresh;
        private readonly IDisposable _feed;
        private readonly CancellationTokenSource _end = new();
        private int _state; // 0 idle, 1 refreshing or resting, 2 the same and another change has come

        public Subscription(LiveChanges owner, ChangeFeed feed, TimeProvider clock, Func<PortalChange, bool> concerns, Func<Task> refresh)
        {
            _owner = owner;
            _clock = clock;
            _refresh = refresh;
            _feed = feed.Subscribe(change =>
            {
                if (concerns(change) && Interlocked.Exchange(ref _state, 2) == 0)
                    _ = RunAsync();
            });
        }

        public void Dispose()
        {
            _feed.Dispose();
            _end.Cancel();
        }

        private async Task RunAsync()
        {
            try
            {
                do
                {
                    Interlocked.Exchange(ref _state, 1);
                    await RefreshAsync();
                    await Task.Delay(Quiet, _clock, _end.Token);
                }
                while (Interlocked.CompareExchange(ref _state, 0, 1) != 1);
            }
            catch (OperationCanceledException)
            {
                // The page is gone.
            }
            catch (ObjectDisposedException)
            {
                // The circuit is gone.
            }
        }

        private async Task RefreshAsync()
        {
            try
            {
                await _refresh();
            }
            catch (Exception fault) when (fault is not (OutOfMemoryException or ObjectDisposedException) && !(fault is OperationCanceledException && _end.IsCancellationRequested))
            {
                // Nobody awaits this task: unlogged, a failing redraw would vanish. The page keeps what it shows and hears of the next change, one that has come meanwhile included.
                _owner.NoteFailure(fault);
            }
        }
    }

    /// <summary>Logs that a page could not be brought up to date, where nobody awaits that.</summary>
    public void NoteFailure(Exception fault) => LogRefreshFailed(fault);

    [LoggerMessage(LogLevel.Error, "A page could not be brought up to date")]
    private partial void LogRefreshFailed(Exception fault);
}
