using System.Collections.Concurrent;
using Portal.Core.Data;
using Portal.Core.Grants;

namespace Portal.Web.Workers;

/// <summary>The claims that this process works on: held together, and what can no longer be held is given up before its lease is over.</summary>
public sealed partial class HeldClaims(GrantPace pace, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<Guid, HeldClaim> _held = new();
    private readonly ConcurrentDictionary<HeldClaim, byte> _underWay = new();

    /// <summary>All whose work has not come to its end yet, also where a later claim on the same row has taken its place.</summary>
    public IReadOnlyCollection<HeldClaim> All => [.. _underWay.Keys];

    /// <summary>How long after one <see cref="RenewAsync"/> the next is due: three times per lease.</summary>
    public TimeSpan RenewEvery => pace.Lease / 3;

    /// <summary>Takes up a claim.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="asked">The timestamp at which it was asked for.</param>
    /// <param name="halt">Cancels what is under way.</param>
    public HeldClaim Begin(AssignmentClaim claim, long asked, CancellationToken halt)
    {
        var held = new HeldClaim(claim, CancellationTokenSource.CreateLinkedTokenSource(halt)) { HeldSince = asked };
        // This process stood still for longer than a lease: its own earlier turn must not call any more.
        if (_held.TryGetValue(claim.AssignmentId, out var earlier))
            GiveUp(earlier);
        _held[claim.AssignmentId] = held;
        _underWay[held] = 0;
        return held;
    }

    /// <summary>The work on a claim has come to its end.</summary>
    public void End(HeldClaim held)
    {
        _held.TryRemove(KeyValuePair.Create(held.Claim.AssignmentId, held));
        _underWay.TryRemove(held, out _);
        held.Finish();
    }

    /// <summary>Asks for more time for all of them, and gives up what did not get it.</summary>
    /// <param name="renew">Asks the database.</param>
    /// <param name="halt">Cancels.</param>
    public async Task RenewAsync(Func<IReadOnlyCollection<AssignmentClaim>, CancellationToken, Task<RenewedClaims>> renew, CancellationToken halt)
    {
        // One that was given up, and has not come to its end yet, holds nothing.
        var asking = _held.Values.Where(held => !held.IsGivenUp).ToList();
        if (asking.Count == 0)
            return;
        var asked = clock.GetTimestamp();
        // An answer that comes when the leases are over holds nothing: what is under way is given up before. And what is claimed meanwhile waits for the next renewal.
        var left = (pace.Lease * 0.9) - asking.Max(Age);
        left = left < RenewEvery ? left : RenewEvery;
        try
        {
            var renewed = await AnswerInTime.AskAsync(limit => renew([.. asking.Select(held => held.Claim)], limit), left > ShortestPatience ? left : ShortestPatience, clock, late: null, halt);
            foreach (var held in asking)
                if (renewed.Held.Contains(held.Claim.AssignmentId))
                    held.HeldSince = asked;
                // What is saved is not under way any more: its turn has only to hear of it, and to tell its screens.
                else if (!renewed.Settled.Contains(held.Claim.AssignmentId))
                    GiveUp(held);
        }
        catch (OperationCanceledException) when (halt.IsCancellationRequested)
        {
            // All that is under way is given up with the worker.
        }
        catch (Exception fault)
        {
            LogRenewFailed(fault, asking.Count);
        }

        // The next try comes after a third of a lease: what cannot wait for it would outlive its lease, whether this one asked for it or not.
        foreach (var held in _held.Values.Where(held => !held.IsGivenUp && Age(held) >= pace.Lease * 2 / 3))
            GiveUp(held);
    }

    private TimeSpan Age(HeldClaim held) => clock.GetElapsedTime(held.HeldSince);

    private void GiveUp(HeldClaim held)
    {
        // One that has just ended is held by nobody, and nothing of it is under way.
        if (!_held.TryGetValue(held.Claim.AssignmentId, out var current) || current != held)
            return;
        LogClaimLost(held.Claim.AssignmentId);
        held.GiveUp();
    }

    [LoggerMessage(LogLevel.Warning, "{Count} claims could not be renewed; what would outlive its lease is given up")]
    private partial void LogRenewFailed(Exception fault, int count);

    [LoggerMessage(LogLevel.Warning, "The claim on assignment {AssignmentId} is lost; its work is given up")]
    private partial void LogClaimLost(Guid assignmentId);
}

/// <summary>A claim that this process works on.</summary>
public sealed class HeldClaim
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _lost;
    private readonly TaskCompletionSource _work = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _finished;
    private Task _givenUp = Task.CompletedTask;

    internal HeldClaim(AssignmentClaim claim, CancellationTokenSource lost) => (Claim, _lost, Lost) = (claim, lost, lost.Token);

    /// <summary>The claim.</summary>
    public AssignmentClaim Claim { get; }

    /// <summary>Cancelled when the claim is lost, or the worker halts.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Whether the claim was lost, or the worker halts.</summary>
    public bool IsGivenUp
    {
        get
        {
            lock (_lock)
                return _finished || Lost.IsCancellationRequested;
        }
    }

    /// <summary>The work on it, whether it has begun or not: completes when it has come to its end.</summary>
    public Task Work => _work.Task;

    /// <summary>The timestamp at which the claim was last asked for, or for more time, and was given: its lease counts from no later.</summary>
    internal long HeldSince { get; set; }

    /// <summary>Its work is told at once. What the work then does about it is waited for by nobody: to cancel a statement the database's client may ask a server that does not answer, and the next claim's lease goes on meanwhile.</summary>
    internal void GiveUp()
    {
        lock (_lock)
            if (!_finished)
                _givenUp = _lost.CancelAsync();
    }

    internal void Finish()
    {
        lock (_lock)
            _finished = true;
        _ = DisposeAfterAsync(_givenUp);
        _work.SetResult();
    }

    private async Task DisposeAfterAsync(Task givenUp)
    {
        await givenUp.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _lost.Dispose();
    }
}
