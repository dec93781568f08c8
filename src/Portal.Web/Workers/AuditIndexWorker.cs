using Portal.Core.Audit.Search;
using Portal.Core.Identity;

namespace Portal.Web.Workers;

/// <summary>Has the trail's search keep up while nobody searches. Whoever searches brings it up themselves: this only keeps what they wait for short.</summary>
public sealed partial class AuditIndexWorker(IndexAuditEvents index, TimeProvider clock, ILogger<AuditIndexWorker> logger) : BackgroundService
{
    /// <summary>How often. What comes meanwhile is what a search has to take in by itself.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    // A fault that stays is said once a minute.
    private const int SayEvery = 12;

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failed = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await index.ExecuteAsync(Actor.System, stoppingToken);
                failed = 0;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                if (failed++ % SayEvery == 0)
                    LogFailed(fault);
            }

            await Task.Delay(Every, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Error, "The search of the audit trail could not be brought up; trying again. Whoever searches tries too")]
    private partial void LogFailed(Exception fault);
}
