using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>Where a portal stands still in its next turn.</summary>
internal enum Standstill
{
    Claimed,
    Checked,
    Announced,
    CallGoing,
    AnswerComing,
    ReadBack,
    Settling,
}

/// <summary>Two portals on one database, which take turns; and one that stands still in the middle of its own, while the other goes on.</summary>
internal sealed class InstancePair
{
    private const int LooksMeanwhile = 30;

    private readonly PortalWorld _world;
    private readonly Half[] _halves;

    public InstancePair(PortalWorld world)
    {
        _world = world;
        _halves = [new(world.Acting), new(world.AddInstance())];
        foreach (var half in _halves)
        {
            half.Instance.Line.Going = () => StandStillAsync(half, Standstill.CallGoing);
            half.Instance.Line.Coming = () => StandStillAsync(half, Standstill.AnswerComing);
            half.Instance.Started += () => Listen(half);
            Listen(half);
        }
    }

    /// <summary>Heard when one of them begins to stand still with a call that it has announced: the row, and the call.</summary>
    public event Action<Guid, AssignmentIntent>? StandsStill;

    /// <summary>One of them.</summary>
    public PortalInstance this[int which] => _halves[which].Instance;

    /// <summary>Has one of them act from now on.</summary>
    public void ActAs(int which) => _world.ActAs(_halves[which].Instance);

    /// <summary>In its next turn that comes to this point it stands still for a while, in which the other goes on.</summary>
    /// <param name="which">Which.</param>
    /// <param name="at">At which point.</param>
    /// <param name="time">For how long.</param>
    /// <param name="isTold">Whether it is told that it has lost its claim before it goes on; otherwise it goes on and finds out.</param>
    public void StandStillNext(int which, Standstill at, TimeSpan time, bool isTold) => _halves[which].Next = new Plan(at, time, isTold);

    /// <summary>Nothing disturbs it any more.</summary>
    public void Heal(int which) => (_halves[which].Next, _halves[which].Instance.Line.IsCut) = (null, false);

    /// <summary>Both work until nothing is due, this one first.</summary>
    public async Task WorkAsync(int first = 0)
    {
        // What one puts off the other may take up.
        for (var rounds = 0; await WorkAsync(_halves[first]) | await WorkAsync(_halves[1 - first]); rounds++)
            Assert.True(rounds < 100, "The two go round in circles.");
    }

    /// <summary>Time passes for both, who look at what is due in turn.</summary>
    public async Task PassAsync(TimeSpan time, TimeSpan step)
    {
        for (var (passed, first) = (TimeSpan.Zero, 0); passed < time; passed += step, first = 1 - first)
        {
            _world.Clock.Advance(step);
            await WorkAsync(first);
        }
    }

    /// <summary>What the other does while this one cannot.</summary>
    public Task OtherWorksAsync(int which) => WorkAsync(_halves[1 - which]);

    /// <returns>True when it found anything to do.</returns>
    private async Task<bool> WorkAsync(Half half)
    {
        if (half.StandsStill)
            return false;
        var before = _world.Acting;
        _world.ActAs(half.Instance);
        _world.HearTheCloud();
        var found = false;
        await _world.BearAsync(async () =>
        {
            for (var round = 0; round < 20 && await _world.ClaimAsync() is { Count: > 0 } claims; round++)
            {
                found = true;
                foreach (var claim in claims)
                    await DriveAsync(half, claim);
            }
        });
        _world.ActAs(before);
        return found;
    }

    private async Task DriveAsync(Half half, AssignmentClaim claim)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        half.Lost = lost;
        try
        {
            await half.Instance.Get<DriveAssignment>().ExecuteAsync(claim, Core.Identity.Actor.System, lost.Token);
        }
        catch (Exception fault) when (fault is Histories.ProcessGoneException or OperationCanceledException)
        {
            // As the worker: whoever claims it next goes on from there.
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            half.Lost = null;
        }
    }

    private void Listen(Half half)
    {
        half.Next = null;
        half.Instance.Get<DriveSteps>().Reached += reached => Reach(half, reached);
    }

    private void Reach(Half half, DriveStepReached reached)
    {
        half.Announced = (reached.AssignmentId, reached.Call);
        var point = reached.Step switch
        {
            DriveStep.Claimed => Standstill.Claimed,
            DriveStep.Checked => Standstill.Checked,
            DriveStep.Announced => Standstill.Announced,
            DriveStep.ReadBack => Standstill.ReadBack,
            DriveStep.Settling => Standstill.Settling,
            _ => (Standstill?)null,
        };
        // The turn goes on when this returns.
        if (point is { } at && (half.StandsStill || half.Next?.At == at))
            Task.Run(() => StandStillAsync(half, at)).GetAwaiter().GetResult();
    }

    private async Task StandStillAsync(Half half, Standstill at)
    {
        if (half.StandsStill)
        {
            // So does everything else in it.
            await half.Thawed.Task;
            return;
        }

        if (half.Take(at) is not { } plan)
            return;
        if (half.Announced.Call != AssignmentIntent.None)
            StandsStill?.Invoke(half.Announced.Row, half.Announced.Call);
        var other = _halves.Single(h => h != half);
        try
        {
            for (var look = 0; look < LooksMeanwhile; look++)
            {
                _world.Clock.Advance(plan.Time / LooksMeanwhile);
                await WorkAsync(other);
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // Not one that whoever stands still has to bear.
            throw new Xunit.Sdk.XunitException($"The other portal failed meanwhile: {fault}");
        }
        finally
        {
            half.Thaw();
            _world.ActAs(half.Instance);
        }

        if (plan.IsTold)
            half.Lost?.Cancel();
    }

    private sealed record Plan(Standstill At, TimeSpan Time, bool IsTold);

    private sealed class Half(PortalInstance instance)
    {
        private readonly Lock _lock = new();

        public PortalInstance Instance => instance;

        public Plan? Next { get; set; }

        public bool StandsStill { get; private set; }

        /// <summary>Completed when it goes on.</summary>
        public TaskCompletionSource Thawed { get; private set; } = new();

        /// <summary>The last step that it came to.</summary>
        public (Guid Row, AssignmentIntent Call) Announced { get; set; }

        /// <summary>Cancelled when the turn under way has lost its claim.</summary>
        public CancellationTokenSource? Lost { get; set; }

        /// <summary>Begins to stand still, if that is what comes at this point.</summary>
        public Plan? Take(Standstill at)
        {
            lock (_lock)
            {
                if (StandsStill || Next is not { } plan || plan.At != at)
                    return null;
                (Next, StandsStill, Thawed) = (null, true, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                return plan;
            }
        }

        public void Thaw()
        {
            StandsStill = false;
            Thawed.SetResult();
        }
    }
}
