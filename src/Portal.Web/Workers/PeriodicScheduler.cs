using Quartz;

namespace Portal.Web.Workers;

/// <summary>Starts and stops Quartz with the portal. Quartz's own hosted service waits, at the end, until the database has heard what became of each job: with the database away it waits for ever, and the portal would never stop.</summary>
public sealed partial class PeriodicScheduler([FromKeyedServices(PeriodicJobs.Scheduler)] ISchedulerFactory schedulers, ILogger<PeriodicScheduler> logger) : BackgroundService
{
    /// <summary>How long running jobs have to come to their end. What one has not saved by then, the next turn does.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private IScheduler? _scheduler;

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // A host may stop twice; a scheduler that is shut down cannot be asked for again.
        if (Interlocked.Exchange(ref _scheduler, null) is not { } scheduler)
            return;
        try
        {
            await scheduler.Shutdown(waitForJobsToComplete: true, CancellationToken.None).AsTask().WaitAsync(Patience, cancellationToken);
        }
        catch (Exception fault) when (fault is TimeoutException or OperationCanceledException)
        {
            LogGaveUp(Patience);
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _scheduler = await schedulers.GetScheduler(stoppingToken);
        await _scheduler.Start(stoppingToken);
    }

    [LoggerMessage(LogLevel.Warning, "The periodic jobs did not come to their end within {Patience}; the portal stops without them")]
    private partial void LogGaveUp(TimeSpan patience);
}
