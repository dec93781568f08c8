using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;
using Portal.Web.Hosting;

namespace Portal.Tests.Hosting;

/// <summary>Anyone may ask how the portal is, so asking must cost it nothing to speak of.</summary>
public sealed class ReadinessTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StandIn _checks = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_asks_while_it_is_looked_at_waits_for_the_same_look()
    {
        var readiness = new Readiness(_checks, _clock);
        var asked = Enumerable.Range(0, 50).Select(_ => readiness.ReadAsync(Ct)).ToList();
        using var gone = new CancellationTokenSource();
        var impatient = readiness.ReadAsync(gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        _checks.Answer.SetResult(HealthStatus.Degraded);
        Assert.All(await Task.WhenAll(asked), report => Assert.Equal(HealthStatus.Degraded, report.Status));
        Assert.Equal(1, _checks.Looks);
    }

    [Fact]
    public async Task A_report_is_told_on_for_a_second_and_not_longer()
    {
        var readiness = new Readiness(_checks, _clock);
        _checks.Answer.SetResult(HealthStatus.Healthy);
        await readiness.ReadAsync(Ct);
        _clock.Advance(Readiness.Kept - TimeSpan.FromMilliseconds(1));
        await readiness.ReadAsync(Ct);
        Assert.Equal(1, _checks.Looks);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await readiness.ReadAsync(Ct);
        Assert.Equal(2, _checks.Looks);
    }

    [Fact]
    public async Task A_look_that_is_stuck_ends_as_unhealthy_and_the_next_one_is_a_new_one()
    {
        var readiness = new Readiness(_checks, _clock);
        var asked = readiness.ReadAsync(Ct);
        await _checks.Begun.Task.WaitAsync(Ct);
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(HealthStatus.Unhealthy, (await asked).Status);
        _checks.Answer.SetResult(HealthStatus.Healthy);
        _clock.Advance(Readiness.Kept);
        Assert.Equal(HealthStatus.Healthy, (await readiness.ReadAsync(Ct)).Status);
    }

    [Fact]
    public async Task A_look_that_does_not_even_hear_that_it_is_given_up_keeps_nobody_waiting_either()
    {
        // As the database's client, which asks a server that stands still to cancel and waits there.
        _checks.IsDeaf = true;
        var readiness = new Readiness(_checks, _clock);
        var asked = readiness.ReadAsync(Ct);
        await _checks.Begun.Task.WaitAsync(Ct);
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(HealthStatus.Unhealthy, (await asked.WaitAsync(TimeSpan.FromSeconds(30), Ct)).Status);

        // The next look is a new one, by a connection that may be better.
        _checks.Answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _checks.Answer.SetResult(HealthStatus.Healthy);
        _clock.Advance(Readiness.Kept);
        Assert.Equal(HealthStatus.Healthy, (await readiness.ReadAsync(Ct)).Status);
        Assert.Equal(2, _checks.Looks);
    }

    private sealed class StandIn : HealthCheckService
    {
        private int _looks;

        public int Looks => _looks;

        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsDeaf { get; set; }

        public TaskCompletionSource<HealthStatus> Answer { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task<HealthReport> CheckHealthAsync(Func<HealthCheckRegistration, bool>? predicate, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _looks);
            Begun.TrySetResult();
            return new HealthReport(new Dictionary<string, HealthReportEntry>(), await Answer.Task.WaitAsync(IsDeaf ? CancellationToken.None : cancellationToken), TimeSpan.Zero);
        }
    }
}
