using System.Collections.Concurrent;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;

namespace Portal.Web.Workers;

/// <summary>Gives and takes back what is due: woken by every change of a grant, and looking by itself every second (<see cref="GrantPace.LookEvery"/>) in case nobody woke it.</summary>
public sealed partial class GrantWorker(ClaimDueAssignments claimDue, DriveAssignment drive, GrantPace pace, ChangeFeed changes, TimeProvider clock, ILogger<GrantWorker> logger) : BackgroundService
{
    private const int MostAtOnce = 16;

    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly ConcurrentDictionary<Guid, Task> _underWay = new();

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = changes.Subscribe(change =>
        {
            if (change.Kind == ChangeKind.Grant)
                Wake();
        });
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ClaimAsync(stoppingToken);
                await WaitAsync(stoppingToken);
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

        await Task.WhenAll(_underWay.Values);
    }

    private async Task ClaimAsync(CancellationToken ct)
    {
        var free = MostAtOnce - _underWay.Count;
        if (free <= 0)
            return;
        foreach (var claim in (await claimDue.ExecuteAsync(free, Actor.System, ct)).Value)
        {
            var work = Task.Run(() => DriveAsync(claim, ct), CancellationToken.None);
            _underWay[claim.AssignmentId] = work;
            _ = work.ContinueWith(_ =>
            {
                _underWay.TryRemove(claim.AssignmentId, out var _);
                Wake();
            }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task DriveAsync(AssignmentClaim claim, CancellationToken ct)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var renewing = RenewAsync(claim, lost);
        try
        {
            await drive.ExecuteAsync(claim, Actor.System, lost.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping, or the claim was lost: the row stays as it was announced, and whoever claims it next goes on from there.
        }
        catch (Exception fault)
        {
            LogDriveFailed(fault, claim.AssignmentId);
        }
        finally
        {
            await lost.CancelAsync();
            await renewing;
        }
    }

    private async Task RenewAsync(AssignmentClaim claim, CancellationTokenSource lost)
    {
        try
        {
            while (true)
            {
                await Task.Delay(pace.Lease / 3, clock, lost.Token);
                if (!await claimDue.RenewAsync(claim, lost.Token))
                    await lost.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The work is done or lost.
        }
        catch (Exception fault)
        {
            LogRenewFailed(fault, claim.AssignmentId);
            await lost.CancelAsync();
        }
    }

    private Task WaitAsync(CancellationToken ct) => _wake.WaitAsync(pace.LookEvery, ct);

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

    [LoggerMessage(LogLevel.Error, "Work on assignment {AssignmentId} broke off; it is claimed again when its lease ends")]
    private partial void LogDriveFailed(Exception fault, Guid assignmentId);

    [LoggerMessage(LogLevel.Warning, "The claim on assignment {AssignmentId} could not be renewed; its work is given up")]
    private partial void LogRenewFailed(Exception fault, Guid assignmentId);
}
