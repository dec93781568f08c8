using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Grants.Claims;

/// <summary>Calls of this instance that were given up, or whose outcome could not be saved, and that nobody could be told of because the database was gone. Told beside the first look for work that it answers. Safe for several threads; a process that dies forgets them.</summary>
public sealed class UntoldCalls(IDbContextFactory<PortalDb> databases)
{
    /// <summary>How long the telling of each lasts at most, however many there are: none of them would be told by a database that needs longer for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // Beside each other, so that a few that hang hold up no other; and few beside what is due.
    private const int MostAtOnce = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<AssignmentClaim, DateTimeOffset?> _calls = [];
    private Task _telling = Task.CompletedTask;

    /// <summary>Nobody could be told.</summary>
    /// <param name="claim">The claim of the turn.</param>
    /// <param name="putAt">When the call was announced, if it may have given access; null when it has not.</param>
    public void Remember(AssignmentClaim claim, DateTimeOffset? putAt)
    {
        lock (_lock)
            _calls[claim] = putAt;
    }

    /// <summary>Tells whoever has the rows by now, and forgets what is told. What cannot be told within <see cref="Patience"/> stays for the next time, and is nobody's fault. One telling at a time: while one is under way, this is that one.</summary>
    /// <param name="now">The database's time.</param>
    public Task TellAsync(DateTimeOffset now)
    {
        lock (_lock)
            return _calls.Count == 0 ? Task.CompletedTask : _telling.IsCompleted ? _telling = TellAllAsync([.. _calls], now) : _telling;
    }

    private async Task TellAllAsync(IReadOnlyList<KeyValuePair<AssignmentClaim, DateTimeOffset?>> calls, DateTimeOffset now)
    {
        // Not within the lock, nor in whoever asks.
        await Task.Yield();
        await Parallel.ForEachAsync(calls, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce }, async (call, _) => await TellOneAsync(call.Key, call.Value, now));
    }

    private async Task TellOneAsync(AssignmentClaim claim, DateTimeOffset? putAt, DateTimeOffset now)
    {
        try
        {
            await AnswerInTime.AskAsync(ct => databases.RunAsync(db => TellAsync(db, claim, putAt, now, ct), ct), Patience, TimeProvider.System, late: _ => Forget(claim), CancellationToken.None);
        }
        catch (Exception)
        {
            // The database is still away, or this one row cannot be written now.
            return;
        }

        Forget(claim);
    }

    private void Forget(AssignmentClaim claim)
    {
        lock (_lock)
            _calls.Remove(claim);
    }

    private static async Task<bool> TellAsync(PortalDb db, AssignmentClaim claim, DateTimeOffset? putAt, DateTimeOffset now, CancellationToken ct)
    {
        // A claim that nobody has taken over says by itself, when it is, that its call was never answered.
        if (await db.DesiredAssignments.SingleOrDefaultAsync(a => a.Id == claim.AssignmentId, ct) is not { } row || row.Fence == claim.Fence)
            return false;
        row.Doubt(now, lateCall: true, putAt);
        await db.SaveChangesAsync(ct);
        return true;
    }
}
