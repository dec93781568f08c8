using System.Collections.Concurrent;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Identity;

namespace Portal.Web.Workers;

/// <summary>Gives and takes back what is due: woken by every change of a grant, and looking by itself every second (<see cref="GrantPace.LookEvery"/>) in case nobody woke it. How many rows it works on at once, in all and in each subscription, <see cref="WorkUnderWay"/> says.</summary>
public sealed partial class GrantWorker(ClaimDueAssignments claimDue, DriveAssignment drive, WorkUnderWay underWay, GrantPace pace, ChangeFeed changes, TimeProvider clock, ILogger<GrantWorker> logger) : BackgroundService
{
    // A token comes back every tenth of a second.
    private static readonly TimeSpan LookEveryWhileMoreIsDue = TimeSpan.FromMilliseconds(100);

    // Long enough for a usual call and its record; what takes longer is left announced, and goes on elsewhere when its lease ends.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly ConcurrentDictionary<Guid, Turn> _turns = new();
    private volatile int _wakeAt = int.MaxValue;
    private long _lookedAt;
    private int _givenUp;

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var halt = new CancellationTokenSource();
        using var subscription = changes.Subscribe(change =>
        {
            // With more waiting it looks again soon anyway, and a storm's own records must not make it look for each of them.
            if (change.Kind == ChangeKind.Grant && _wakeAt == int.MaxValue)
                Wake();
        });
        var renewing = RenewAsync(halt.Token);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(await ClaimAsync(halt.Token, stoppingToken) ? LookEveryWhileMoreIsDue : pace.LookEvery, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception fault)
            {
                // The database is away: nothing can be claimed, nothing is lost. Look again.
                LogLookFailed(fault);
                await Task.Delay(pace.LookEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        var work = Task.WhenAll(_turns.Values.Select(turn => turn.Work));
        await Task.WhenAny(work, Task.Delay(Grace, clock, CancellationToken.None));
        await halt.CancelAsync();
        await work;
        await renewing;
    }

    /// <returns>True when more is due than could be taken.</returns>
    private async Task<bool> ClaimAsync(CancellationToken halt, CancellationToken ct)
    {
        var free = WorkUnderWay.Most - underWay.Total;
        // A look goes through all that is due: with more of it than places, it is worth its while when half of them are free, or after as long as ever.
        if (free <= 0 || (_wakeAt != int.MaxValue && free < WorkUnderWay.Most / 2 && clock.GetElapsedTime(_lookedAt) < pace.LookEvery))
            return true;
        var asked = _lookedAt = clock.GetTimestamp();
        if (await LookAsync(free, ct) is not { } claimed)
            return true;
        foreach (var claim in claimed.Claims)
        {
            var turn = new Turn(claim, CancellationTokenSource.CreateLinkedTokenSource(halt)) { HeldSince = asked };
            // This process stood still for longer than a lease: its own earlier turn must not call any more.
            if (_turns.TryGetValue(claim.AssignmentId, out var earlier))
                await GiveUpAsync(earlier);
            underWay.Begin(claim);
            _turns[claim.AssignmentId] = turn;
            turn.Work = Task.Run(() => DriveAsync(turn), CancellationToken.None);
        }

        // With more waiting, the next claim is worth its while when half of the work is done; otherwise whatever a turn leaves is looked at right away.
        _wakeAt = claimed.MoreIsDue ? underWay.Total / 2 : int.MaxValue;
        return claimed.MoreIsDue;
    }

    /// <summary>Looks for no longer than <see cref="GrantPace.LookLimit"/>: a connection that has died without a word would be waited for as long as the database's client does.</summary>
    /// <returns>What was claimed; null when the look was given up, and is to be made again by another connection.</returns>
    private async Task<ClaimedWork?> LookAsync(int most, CancellationToken ct)
    {
        var limit = pace.LookLimit * Math.Pow(2, _givenUp);
        if (_givenUp > 0 && limit > pace.Lease)
            limit = pace.Lease;
        try
        {
            var claimed = (await AskAsync(token => claimDue.ExecuteAsync(most, Actor.System, token), limit, ct)).Value;
            _givenUp = 0;
            return claimed;
        }
        catch (NoAnswerException)
        {
            // Far from where doubling would overflow. What the look claims at the last moment is free again when its lease ends.
            _givenUp = Math.Min(_givenUp + 1, 10);
            LogLookGivenUp(limit);
            claimDue.ForsakeIdleConnections();
            return null;
        }
    }

    /// <summary>Asks the database for so long and no longer. To be cancelled is not enough for that: to cancel a statement the client asks the same server, by a connection of its own, and may wait there for as long.</summary>
    /// <exception cref="NoAnswerException">There was no answer in time; nobody waits for it any more.</exception>
    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, TimeSpan limit, CancellationToken ct)
    {
        var ends = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var cancelled = Task.CompletedTask;
        var answer = ask(ends.Token);
        try
        {
            // A portal that stops waits too: it hears of it by itself, and what was claimed by then is done.
            return await answer.WaitAsync(limit, clock, CancellationToken.None);
        }
        catch (TimeoutException) when (!answer.IsCompleted)
        {
            cancelled = ends.CancelAsync();
            throw new NoAnswerException();
        }
        finally
        {
            _ = DisposeAfterAsync(ends, answer, cancelled);
        }
    }

    private static async Task DisposeAfterAsync(CancellationTokenSource ends, Task answer, Task cancelled)
    {
        await Task.WhenAll(answer, cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ends.Dispose();
    }

    private async Task DriveAsync(Turn turn)
    {
        try
        {
            await drive.ExecuteAsync(turn.Claim, Actor.System, turn.Lost);
        }
        catch (OperationCanceledException) when (turn.Lost.IsCancellationRequested)
        {
            // Stopping, or the claim was lost: the row stays as it was announced, and whoever claims it next goes on from there.
        }
        catch (Exception fault)
        {
            LogDriveFailed(fault, turn.Claim.AssignmentId);
        }
        finally
        {
            underWay.End(turn.Claim);
            _turns.TryRemove(KeyValuePair.Create(turn.Claim.AssignmentId, turn));
            turn.Finish();
            if (underWay.Total <= _wakeAt)
                Wake();
        }
    }

    /// <summary>Holds all claims together, three times per lease. What can no longer be held is given up.</summary>
    private async Task RenewAsync(CancellationToken halt)
    {
        while (true)
        {
            await Task.Delay(pace.Lease / 3, clock, halt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (halt.IsCancellationRequested)
                return;
            // One that was given up, and has not come to its end yet, holds nothing.
            var held = _turns.Values.Where(turn => !turn.IsGivenUp).ToList();
            if (held.Count == 0)
                continue;
            var asked = clock.GetTimestamp();
            // An answer that comes when the leases are over holds nothing: what is under way is given up before.
            var left = (pace.Lease * 0.9) - held.Max(turn => clock.GetElapsedTime(turn.HeldSince));
            try
            {
                var kept = await AskAsync(token => claimDue.RenewAsync([.. held.Select(turn => turn.Claim)], token), left > ShortestPatience ? left : ShortestPatience, halt);
                foreach (var turn in held)
                    if (kept.Contains(turn.Claim.AssignmentId))
                        turn.HeldSince = asked;
                    else
                        await GiveUpAsync(turn);
            }
            catch (OperationCanceledException) when (halt.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                LogRenewFailed(fault, held.Count);
                // The next try comes after a third of a lease: what cannot wait for it would outlive its lease.
                foreach (var turn in held.Where(turn => clock.GetElapsedTime(turn.HeldSince) >= pace.Lease * 2 / 3))
                    await GiveUpAsync(turn);
            }
        }
    }

    private Task GiveUpAsync(Turn turn)
    {
        // One that has just ended is held by nobody, and nothing of it is under way.
        if (!_turns.TryGetValue(turn.Claim.AssignmentId, out var current) || current != turn)
            return Task.CompletedTask;
        LogClaimLost(turn.Claim.AssignmentId);
        return turn.GiveUpAsync();
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Already awake.
        }
    }

    /// <summary>The database did not answer in time.</summary>
    private sealed class NoAnswerException() : Exception("The database did not answer in time.");

    /// <summary>Work on one claim.</summary>
    private sealed class Turn(AssignmentClaim claim, CancellationTokenSource lost)
    {
        private readonly Lock _lock = new();
        private bool _finished;

        public AssignmentClaim Claim => claim;

        /// <summary>Cancelled when the claim is lost, or the worker halts.</summary>
        public CancellationToken Lost { get; } = lost.Token;

        /// <summary>Whether the claim was lost, or the worker halts.</summary>
        public bool IsGivenUp
        {
            get
            {
                lock (_lock)
                    return _finished || Lost.IsCancellationRequested;
            }
        }

        /// <summary>The timestamp at which the claim was last asked for, or for more time, and was given: its lease counts from no later.</summary>
        public long HeldSince { get; set; }

        public Task Work { get; set; } = Task.CompletedTask;

        public Task GiveUpAsync()
        {
            lock (_lock)
                return _finished ? Task.CompletedTask : lost.CancelAsync();
        }

        public void Finish()
        {
            lock (_lock)
                _finished = true;
            lost.Dispose();
        }
    }

    [LoggerMessage(LogLevel.Error, "Due work could not be looked for; trying again")]
    private partial void LogLookFailed(Exception fault);

    [LoggerMessage(LogLevel.Warning, "A look for due work had no answer from the database within {Limit}; it is made again by another connection")]
    private partial void LogLookGivenUp(TimeSpan limit);

    [LoggerMessage(LogLevel.Error, "Work on assignment {AssignmentId} broke off; it is claimed again when its lease ends")]
    private partial void LogDriveFailed(Exception fault, Guid assignmentId);

    [LoggerMessage(LogLevel.Warning, "{Count} claims could not be renewed; what would outlive its lease is given up")]
    private partial void LogRenewFailed(Exception fault, int count);

    [LoggerMessage(LogLevel.Warning, "The claim on assignment {AssignmentId} is lost; its work is given up")]
    private partial void LogClaimLost(Guid assignmentId);
}
