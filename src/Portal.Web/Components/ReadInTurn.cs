namespace Portal.Web.Components;

/// <summary>Has a list read by one at a time, in the order in which that is asked for: whoever loads more of it, and whoever reads anew what is loaded, each build on what the other left. Used on a circuit's dispatcher.</summary>
public sealed class ReadInTurn
{
    private Task _last = Task.CompletedTask;
    private Task? _waiting;

    /// <summary>Reads once all that was asked for before is read, or has failed.</summary>
    public async Task RunAsync(Func<Task> read)
    {
        var before = _last;
        var done = new TaskCompletionSource();
        _last = done.Task;
        try
        {
            await before;
            await read();
        }
        finally
        {
            done.SetResult();
        }
    }

    /// <summary>The same for what reads the whole list, as it is asked for when its turn comes: as long as it has not come, whoever asks meanwhile waits for the same read.</summary>
    public Task RunOnceAsync(Func<Task> read)
    {
        if (_last.IsCompleted)
            return RunAsync(read);
        return _waiting ??= RunAsync(() =>
        {
            _waiting = null;
            return read();
        });
    }
}
