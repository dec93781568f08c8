using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core.Data;

namespace Portal.Web.Hosting;

/// <summary>How ready the portal is, looked at once for everyone who asks within a second: <c>/health</c> is for anyone and stands before all limits, and each look asks the database.</summary>
public sealed class Readiness(HealthCheckService checks, TimeProvider clock)
{
    /// <summary>How long a report is told on.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);

    // Nobody is to wait for ever for a look that has got stuck: the next may be luckier.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private Task<HealthReport>? _look;
    private HealthReport? _last;
    private DateTimeOffset _lastAt;

    /// <summary>The last report, or a new one when that is older than <see cref="Kept"/>. Whoever comes while it is made waits for the same.</summary>
    /// <param name="ct">Gives up waiting; the look goes on for the others.</param>
    public Task<HealthReport> ReadAsync(CancellationToken ct)
    {
        lock (_lock)
        {
            // A clock that was set back must not keep an old report alive.
            if (_last is { } last && clock.GetUtcNow() - _lastAt is var age && age >= TimeSpan.Zero && age < Kept)
                return Task.FromResult(last);
            if (_look is null or { IsCompleted: true })
                _look = Task.Run(LookAsync, CancellationToken.None);
            return _look.WaitAsync(ct);
        }
    }

    private async Task<HealthReport> LookAsync()
    {
        var report = await CheckAsync();
        lock (_lock)
            (_last, _lastAt) = (report, clock.GetUtcNow());
        return report;
    }

    private async Task<HealthReport> CheckAsync()
    {
        try
        {
            // Not only cancelled: a look that hangs in the database's client may not hear of it.
            return await AnswerInTime.AskAsync(ct => checks.CheckHealthAsync(check => check.Tags.Contains(Operations.ReadyTag), ct), Patience, clock, null, CancellationToken.None);
        }
        catch (NoAnswerException)
        {
            return new HealthReport(new Dictionary<string, HealthReportEntry>(), HealthStatus.Unhealthy, Patience);
        }
    }
}
