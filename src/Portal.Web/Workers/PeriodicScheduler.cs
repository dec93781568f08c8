using Quartz;

namespace Portal.Web.Workers;

/// <summary>Starts and stops Quartz with the portal. Quartz's own hosted service waits, at the end, until the database has heard what became of each job: with the database away it waits for ever, and the portal would never stop.</summary>
public sealed partial class PeriodicScheduler([FromKeyedServices(PeriodicJobs.Scheduler)] ISchedulerFactory schedulers, TimeProvider clock, ILogger<PeriodicScheduler> logger) : BackgroundService
{
    /// <summary>How long running jobs have to come to their end. What one has not saved by then, the next turn does.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait before the jobs are begun anew when the database was away.</summary>
    public static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(5);

    /// <summary>How often it is looked whether a job waits for a time that is too far ahead.</summary>
    public static readonly TimeSpan MendEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private IScheduler? _scheduler;
    private Task? _stopping;

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // A host may stop twice. Whoever comes second waits too, and does not go on to dispose of what running jobs still use.
        Task stopping;
        lock (_lock)
            stopping = _stopping ??= ShutDownAsync();
        await stopping.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stopping.IsCompleted)
            LogGaveUp(Patience);
        else
            await stopping;
    }

    private async Task ShutDownAsync()
    {
        if (Interlocked.Exchange(ref _scheduler, null) is not { } scheduler)
            return;
        try
        {
            await scheduler.Shutdown(waitForJobsToComplete: true, CancellationToken.None).AsTask().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            LogGaveUp(Patience);
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                _scheduler = await schedulers.GetScheduler(stoppingToken);
                await _scheduler.Start(stoppingToken);
                break;
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                // The database is away at this moment. That must not end the portal, which gives and takes back without these jobs too.
                LogNotStarted(fault, AfterFault);
                await GiveUpAsync();
            }

            await Task.Delay(AfterFault, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(MendEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested || _scheduler is not { } scheduler)
                return;
            try
            {
                await MendAsync(scheduler, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                LogNotMended(fault, MendEvery);
            }
        }
    }

    // Quartz keeps the instant of the next turn, by the machine's clock: after one that was ahead a job would stand still until that time comes round.
    private async Task MendAsync(IScheduler scheduler, CancellationToken ct)
    {
        foreach (var key in await scheduler.GetTriggerKeys(GroupMatcher<TriggerKey>.AnyGroup(), ct))
        {
            if (await scheduler.GetTrigger(key, ct) is not ISimpleTrigger { RepeatInterval: var every } trigger || trigger.NextFireTimeUtc is not { } next)
                continue;
            var latest = clock.GetUtcNow() + (every * 2 > MendEvery ? every * 2 : MendEvery);
            if (next <= latest)
                continue;
            LogMended(key.Name, next);
            await scheduler.RescheduleJob(key, trigger.GetTriggerBuilder().StartAt(clock.GetUtcNow()).Build(), ct);
        }
    }

    // One that failed to start takes itself for started: the next try needs a new one.
    private async Task GiveUpAsync()
    {
        if (Interlocked.Exchange(ref _scheduler, null) is not { } failed)
            return;
        try
        {
            await failed.Shutdown(waitForJobsToComplete: false, CancellationToken.None).AsTask().WaitAsync(Patience);
        }
        catch (Exception fault) when (fault is SchedulerException or TimeoutException)
        {
            LogNotShutDown(fault);
        }
    }

    [LoggerMessage(LogLevel.Error, "The periodic jobs could not be begun; trying again in {Wait}")]
    private partial void LogNotStarted(Exception fault, TimeSpan wait);

    [LoggerMessage(LogLevel.Warning, "The job {Job} waited for {Next}, by a clock that was ahead; it goes on now")]
    private partial void LogMended(string job, DateTimeOffset next);

    [LoggerMessage(LogLevel.Warning, "It could not be looked when the periodic jobs come next; looking again in {Wait}")]
    private partial void LogNotMended(Exception fault, TimeSpan wait);

    [LoggerMessage(LogLevel.Warning, "A scheduler that could not start did not shut down either; the next one takes its place")]
    private partial void LogNotShutDown(Exception fault);

    [LoggerMessage(LogLevel.Warning, "The periodic jobs did not come to their end within {Patience}; the portal stops without them")]
    private partial void LogGaveUp(TimeSpan patience);
}
