using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>One sync of the disk for all who wait for one: whoever comes while a sync is under way is served by the next, since that one may have begun before they had written.</summary>
/// <param name="sync">Makes durable all that has been written before it begins, blocking; throws when it did not.</param>
/// <remarks>There is no delay to gather company: alone, a waiter syncs at once and by itself. After a sync that failed nothing is called durable any more: the system may have dropped what it could not write and say nothing of it at the next one.</remarks>
public sealed class SharedSync(Action sync)
{
    private readonly Lock _lock = new();
    private bool _writing;
    private long _written;
    private long _synced;
    private bool _running;
    private TaskCompletionSource? _next;
    private DurabilityLostException? _lost;

    /// <summary>Somebody begins to write what is synced afterwards. One at a time.</summary>
    /// <exception cref="DurabilityLostException">Nothing may be written any more.</exception>
    public void Begin()
    {
        lock (_lock)
        {
            ThrowIfLost();
            _writing = true;
        }
    }

    /// <summary>It has written, or failed to.</summary>
    public void End()
    {
        lock (_lock)
        {
            _writing = false;
            _written++;
        }
    }

    /// <summary>Refuses when a sync has failed.</summary>
    /// <exception cref="DurabilityLostException">One has.</exception>
    public void ThrowIfLost()
    {
        // A new one each time: it is thrown in many places at once.
        if (Volatile.Read(ref _lost) is { } lost)
            throw new DurabilityLostException(lost.Message, lost.InnerException);
    }

    /// <summary>Gives up for good.</summary>
    /// <param name="fault">Why.</param>
    public void Lose(Exception fault)
    {
        TaskCompletionSource? next;
        lock (_lock)
        {
            _lost ??= new DurabilityLostException("The disk did not take what was written to the database's write-ahead log. The portal writes nothing more to it; look at the disk, and start the portal again.", fault);
            (next, _next) = (_next, null);
        }

        next?.TrySetException(_lost);
        // Nobody need wait any more.
        _ = next?.Task.Exception;
    }

    /// <summary>Waits until all that has been written by now is durable. Whoever finds the disk idle syncs it right here.</summary>
    /// <exception cref="DurabilityLostException">It may not be.</exception>
    public Task WaitAsync()
    {
        Task waiting;
        lock (_lock)
        {
            ThrowIfLost();
            // What is being written may be readable already.
            if (!_writing && _synced == _written)
                return Task.CompletedTask;
            _next ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting = _next.Task;
            if (_running)
                return waiting;
            _running = true;
        }

        Once();
        return waiting;
    }

    private void Once()
    {
        TaskCompletionSource served;
        long written;
        lock (_lock)
        {
            // Given up meanwhile (Lose), and whoever waited has been told.
            if (_next is null)
            {
                _running = false;
                return;
            }

            (served, _next) = (_next, null);
            written = _written;
        }

        try
        {
            sync();
        }
        catch (Exception fault)
        {
            Lose(fault);
            lock (_lock)
                _running = false;
            served.SetException(_lost!);
            return;
        }

        bool more;
        lock (_lock)
        {
            _synced = written;
            more = _running = _next is not null;
        }

        served.SetResult();
        // Whoever came first has been served, and does not serve the others.
        if (more)
            ThreadPool.UnsafeQueueUserWorkItem(static shared => shared.Once(), this, preferLocal: false);
    }
}
