namespace Portal.Core.Data;

/// <summary>Asks the database for so long and no longer.</summary>
public static class AnswerInTime
{
    /// <summary>To be cancelled is not enough for that: to cancel a statement the client asks the same server, by a connection of its own, and may wait there for as long.</summary>
    /// <param name="ask">Asks.</param>
    /// <param name="limit">How long the answer is waited for.</param>
    /// <param name="clock">Counts it.</param>
    /// <param name="late">Told an answer that comes after all, when nobody waits for it any more; null where nothing has to be done about one.</param>
    /// <param name="ct">Cancels what is asked.</param>
    /// <exception cref="NoAnswerException">There was no answer in time.</exception>
    public static async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, TimeSpan limit, TimeProvider clock, Action<T>? late, CancellationToken ct)
    {
        var ends = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var cancelled = Task.CompletedTask;
        var answer = ask(ends.Token);
        try
        {
            // A portal that stops waits too: it hears of it by itself, and what was claimed by then is done.
            return await answer.WaitAsync(limit, clock, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            // In the same moment, or its own.
            if (answer.IsCompleted)
                return await answer;
            cancelled = ends.CancelAsync();
            _ = TellAsync(answer, late);
            throw new NoAnswerException();
        }
        finally
        {
            _ = DisposeAfterAsync(ends, answer, cancelled);
        }
    }

    private static async Task TellAsync<T>(Task<T> answer, Action<T>? late)
    {
        await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (answer.IsCompletedSuccessfully)
            late?.Invoke(await answer);
    }

    private static async Task DisposeAfterAsync(CancellationTokenSource ends, Task answer, Task cancelled)
    {
        await Task.WhenAll(answer, cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ends.Dispose();
    }
}

/// <summary>The database did not answer in time.</summary>
public sealed class NoAnswerException() : Exception("The database did not answer in time.");
