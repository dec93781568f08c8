using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Grants.Claims;

/// <summary>Asks the database for no longer than an answer can be expected, where a connection can die without a word: whoever waits in one that has, waits for as long as the database's client does. One per process; safe for several threads.</summary>
/// <remarks>Where none can (a file), whoever is slow is at work, and is waited for: to ask a second time beside it would only make it slower.</remarks>
public sealed class DatabaseInTime(IDbContextFactory<PortalDb> databases, IDueWork dueWork, GrantPace pace, TimeProvider timer)
{
    private long _limit = pace.LookLimit.Ticks;

    /// <summary>Whether what got no answer may get one by another connection.</summary>
    public bool MayDie => dueWork.ConnectionsMayDie;

    private TimeSpan Longest => pace.Lease > pace.LookLimit ? pace.Lease : pace.LookLimit;

    /// <summary>Asks for at most <see cref="GrantPace.LookLimit"/>, after each time without an answer for twice as long, up to a <see cref="GrantPace.Lease"/>.</summary>
    /// <param name="ask">Asks, in a unit of work of its own: it may still be at work when nobody waits for it any more, and what it saves may go through then.</param>
    /// <param name="ct">Cancels what is asked.</param>
    /// <exception cref="NoAnswerException">There was none in time. Whoever asks again does so by a new connection.</exception>
    public async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken ct)
    {
        if (!MayDie)
            return await ask(ct);
        var (limit, asked) = (new TimeSpan(Volatile.Read(ref _limit)), timer.GetTimestamp());
        try
        {
            var answer = await AnswerInTime.AskAsync(ask, limit, timer, late: null, ct);
            // A database that is only slow is waited for as long the next time.
            if (timer.GetElapsedTime(asked) < pace.LookLimit)
                Volatile.Write(ref _limit, pace.LookLimit.Ticks);
            return answer;
        }
        catch (NoAnswerException)
        {
            // Several that hang at once have met the same, and count once.
            var next = limit * 2 < Longest ? limit * 2 : Longest;
            if (next.Ticks > Volatile.Read(ref _limit))
                Volatile.Write(ref _limit, next.Ticks);
            await using var db = await databases.CreateDbContextAsync(CancellationToken.None);
            dueWork.ForsakeIdle(db);
            throw;
        }
    }
}
