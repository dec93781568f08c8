namespace Portal.Core.Grants;

/// <summary>A piece of work of one turn, for <see cref="SharedSaves"/>: what is to be done on its trio, and what became of the runs that it took. Safe for several threads.</summary>
/// <param name="claim">The turn's claim.</param>
/// <param name="known">The trio as the turn knows it; null to read it.</param>
/// <param name="left">Cancelled when the turn does not wait for it any more.</param>
internal abstract class SavePiece(AssignmentClaim claim, Trio? known, CancellationToken left)
{
    private readonly Lock _lock = new();
    private readonly List<(RowState Left, Action Succeed)> _runs = [];
    private Trio? _known = known;

    /// <summary>The turn's claim.</summary>
    public AssignmentClaim Claim => claim;

    /// <summary>Cancelled when whoever brought it does not wait for it any more.</summary>
    public CancellationToken Left => left;

    /// <summary>The trio as it is known without a read, once: the work changes it.</summary>
    public Trio? TakeKnown() => Interlocked.Exchange(ref _known, null);

    /// <summary>Whether a part that it was in got no answer.</summary>
    public bool HasHung { get; set; }

    /// <summary>Whether it was alone, its connection broke, and it got a second try.</summary>
    public bool IsTriedAgain { get; set; }

    /// <summary>Whether an earlier run that got no answer went through after all: its row stands as that run left it. To do it again would take a call that was announced a moment ago, and not made, for one that may arrive late, and an outcome for that of a claim that is over.</summary>
    /// <remarks>What can be read need not last: a commit that is cancelled while it waits for a replica ends as if it had gone through, and a failover takes it away. So whoever finds it has a commit of their own come after it, and waits for the answer to that one. A run that has not gone through when this one reads, and does later, finds another revision; or this one does, and is done again from what is there. What somebody has changed since is run again on top of it: what it then says is true too, only more cautious.</remarks>
    /// <returns>What tells the piece of that run's result; null when none did.</returns>
    public Action? AsSavedBefore(DesiredAssignment? row)
    {
        lock (_lock)
        {
            if (row is null || _runs.Count == 0 || _runs.Find(run => run.Left == RowState.Of(row)).Succeed is not { } succeed)
                return null;
            row.Confirm();
            // This commit may get no answer either, and is found by the next run then.
            _runs.Add((RowState.Of(row), succeed));
            return succeed;
        }
    }

    /// <summary>Does it, in a unit of work that is saved next.</summary>
    /// <returns>What tells the piece of its result, once it is saved.</returns>
    public async Task<Action> ApplyAsync(TrioAtWork at)
    {
        var before = at.Row?.Revision;
        var succeed = await RunAsync(at);
        if (at.Row is { } row && row.Revision != before)
            lock (_lock)
                _runs.Add((RowState.Of(row), succeed));
        return succeed;
    }

    /// <summary>Tells the turn that it could not be saved.</summary>
    public abstract void Fail(Exception fault);

    /// <summary>Does the work once.</summary>
    /// <returns>What tells the turn of this run's result.</returns>
    protected abstract Task<Action> RunAsync(TrioAtWork at);

    /// <summary>How a run of a piece would leave its row. The announcement and its instant, the release and the instant of a doubt are each written by one save under one number and by no other; the revision alone anybody may step.</summary>
    private readonly record struct RowState(int Revision, long Fence, AssignmentIntent Intent, DateTimeOffset? IntentAt, DateTimeOffset? LostCallAt, AssignmentObservation Observed, bool IsLeased)
    {
        public static RowState Of(DesiredAssignment row) => new(row.Revision, row.Fence, row.Intent, row.IntentAt, row.LostCallAt, row.Observed, row.LeaseUntil is not null);
    }
}

/// <summary>One with a result.</summary>
/// <param name="claim">The turn's claim.</param>
/// <param name="known">The trio as the turn knows it; null to read it.</param>
/// <param name="work">The work.</param>
/// <param name="left">Cancelled when the turn does not wait for it any more.</param>
internal sealed class SavePiece<T>(AssignmentClaim claim, Trio? known, Func<TrioAtWork, Task<T>> work, CancellationToken left) : SavePiece(claim, known, left)
{
    private readonly TaskCompletionSource<T> _saved = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the work returned, once it is saved.</summary>
    public Task<T> Saved => _saved.Task;

    public override void Fail(Exception fault)
    {
        _saved.TrySetException(fault);
        // Whoever has left does not look at it any more.
        _ = _saved.Task.Exception;
    }

    // Each run has a result of its own: one that was given up may still be at work beside the next.
    protected override async Task<Action> RunAsync(TrioAtWork at)
    {
        var result = await work(at);
        return () => _saved.TrySetResult(result);
    }
}
