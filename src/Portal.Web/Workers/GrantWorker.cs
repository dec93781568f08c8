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

    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly HeldClaims _held = new(pace, clock, logger);
    // What is claimed at the end of a look is to have time left.
    private readonly GrowingLimit _limit = new(pace.LookLimit, pace.Lease / 2);
    private readonly Lock _beginning = new();
    private bool _stopped;
    private volatile int _wakeAt = int.MaxValue;
    private long _lookedAt;

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

        // A look that was given up may be answered at this moment.
        lock (_beginning)
            _stopped = true;
        var work = Task.WhenAll(_held.All.Select(held => held.Work));
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
        if (await LookAsync(free, asked, halt, ct) is not { } claimed)
            return true;
        TakeUp(claimed, asked, halt);
        // With more waiting, the next claim is worth its while when half of the work is done; otherwise whatever a turn leaves is looked at right away.
        _wakeAt = claimed.MoreIsDue ? underWay.Total / 2 : int.MaxValue;
        return claimed.MoreIsDue;
    }

    private void TakeUp(ClaimedWork claimed, long asked, CancellationToken halt)
    {
        foreach (var claim in claimed.Claims)
        {
            var held = _held.Begin(claim, asked, halt);
            underWay.Begin(claim);
            _ = Task.Run(() => DriveAsync(held), CancellationToken.None);
        }
    }

    // Claimed by a look that was given up, and held by nobody else: what has most of its lease before it, and finds room by now, is worked on all the same; the rest is free again when it ends.
    private void TakeUpLate(ClaimedWork claimed, long asked, CancellationToken halt, CancellationToken stopping)
    {
        lock (_beginning)
        {
            // Whoever stops has counted by then what it waits for.
            if (_stopped || stopping.IsCancellationRequested || clock.GetElapsedTime(asked) >= pace.Lease / 2)
                return;
            foreach (var claim in claimed.Claims)
                if (underWay.Room(claim.SubscriptionId, claim.ToEnd, silent: false) > 0)
                    TakeUp(claimed with { Claims = [claim] }, asked, halt);
        }
    }

    /// <summary>Looks for no longer than <see cref="GrantPace.LookLimit"/>: a connection that has died without a word would be waited for as long as the database's client does.</summary>
    /// <returns>What was claimed; null when the look was given up, and is to be made again by another connection.</returns>
    private async Task<ClaimedWork?> LookAsync(int most, long asked, CancellationToken halt, CancellationToken ct)
    {
        var limit = _limit.Now;
        try
        {
            var claimed = (await AnswerInTime.AskAsync(token => claimDue.ExecuteAsync(most, Actor.System, token), limit, clock, late => TakeUpLate(late.Value, asked, halt, ct), ct)).Value;
            _limit.Answered(clock.GetElapsedTime(asked));
            return claimed;
        }
        catch (NoAnswerException)
        {
            _limit.Unanswered(limit);
            LogLookGivenUp(limit);
            claimDue.ForsakeIdleConnections();
            return null;
        }
    }

    private async Task DriveAsync(HeldClaim held)
    {
        try
        {
            await drive.ExecuteAsync(held.Claim, Actor.System, held.Lost);
        }
        catch (OperationCanceledException) when (held.Lost.IsCancellationRequested)
        {
            // Stopping, or the claim was lost: the row stays as it was announced, and whoever claims it next goes on from there.
        }
        catch (Exception fault)
        {
            LogDriveFailed(fault, held.Claim.AssignmentId);
        }
        finally
        {
            underWay.End(held.Claim);
            _held.End(held);
            if (underWay.Total <= _wakeAt)
                Wake();
        }
    }

    private async Task RenewAsync(CancellationToken halt)
    {
        while (true)
        {
            await Task.Delay(_held.RenewEvery, clock, halt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (halt.IsCancellationRequested)
                return;
            await _held.RenewAsync(claimDue.RenewAsync, halt);
        }
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

    [LoggerMessage(LogLevel.Error, "Due work could not be looked for; trying again")]
    private partial void LogLookFailed(Exception fault);

    [LoggerMessage(LogLevel.Warning, "A look for due work had no answer from the database within {Limit}; it is made again by another connection")]
    private partial void LogLookGivenUp(TimeSpan limit);

    [LoggerMessage(LogLevel.Error, "Work on assignment {AssignmentId} broke off; it is claimed again when its lease ends")]
    private partial void LogDriveFailed(Exception fault, Guid assignmentId);
}
