using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Grants.Claims;

/// <summary>Asks the database for no longer than an answer can be expected, where a connection can die without a word: whoever waits in one that has, waits for as long as the database's client does. One per process; safe for several threads.</summary>
/// <remarks>Where none can (a file), whoever is slow is at work, and is waited for: to ask a second time beside it would only make it slower.</remarks>
public sealed class DatabaseInTime(IDbContextFactory<PortalDb> databases, IDueWork dueWork, GrantPace pace, TimeProvider timer)
{
    // No longer than from one renewal of claims to the next: a try that hangs holds rows, and each renewal has to find a gap between two tries.
    private readonly GrowingLimit _saves = new(pace.LookLimit, pace.Lease / 3);
    private readonly GrowingLimit _reads = new(pace.LookLimit, pace.Lease);

    /// <summary>Whether what got no answer may get one by another connection.</summary>
    public bool MayDie => dueWork.ConnectionsMayDie;

    /// <summary>Saves, for at most <see cref="GrantPace.LookLimit"/>, after each time without an answer for twice as long, up to a third of a <see cref="GrantPace.Lease"/>.</summary>
    /// <param name="save">Saves, in a unit of work of its own: it may still be at work when nobody waits for it any more, and what it saves may go through then.</param>
    /// <param name="ct">Cancels what is asked.</param>
    /// <exception cref="NoAnswerException">There was none in time. Whoever asks again does so by a new connection.</exception>
    public Task<T> SaveAsync<T>(Func<CancellationToken, Task<T>> save, CancellationToken ct) => AskAsync(save, _saves, ct);

    /// <summary>Reads, for as long as that, up to a <see cref="GrantPace.Lease"/>; how long saves take is another matter.</summary>
    /// <param name="read">Reads, in a unit of work of its own.</param>
    /// <param name="ct">Cancels what is asked.</param>
    /// <exception cref="NoAnswerException">There was no answer in time.</exception>
    public Task<T> ReadAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken ct) => AskAsync(read, _reads, ct);

    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, GrowingLimit limits, CancellationToken ct)
    {
        if (!MayDie)
            return await ask(ct);
        var (limit, asked) = (limits.Now, timer.GetTimestamp());
        try
        {
            var answer = await AnswerInTime.AskAsync(ask, limit, timer, late: null, ct);
            limits.Answered(timer.GetElapsedTime(asked));
            return answer;
        }
        catch (NoAnswerException)
        {
            limits.Unanswered(limit);
            await using var db = await databases.CreateDbContextAsync(CancellationToken.None);
            dueWork.ForsakeIdle(db);
            throw;
        }
    }
}
