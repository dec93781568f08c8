using Portal.Core.Grants;
using Portal.Core.Identity;

namespace Portal.Web.Workers;

/// <summary>Sees to it that what is due to end ends also while the database takes no writes, and that it is recorded there afterwards.</summary>
public sealed partial class OutageWorker(RevokeInOutage revoke, EnterSpooledRevocations enter, RevocationSpool spool, TimeProvider clock, ILogger<OutageWorker> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EnterEvery = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Open();
        while (!stoppingToken.IsCancellationRequested)
        {
            await TryAsync(async () =>
            {
                var entered = (await enter.ExecuteAsync(Actor.System, stoppingToken)).Value;
                if (entered > 0)
                    LogEntered(entered);
            }, "entered", stoppingToken);
            await TryAsync(() => revoke.ExecuteAsync(Actor.System, stoppingToken), "sent", stoppingToken);
            await Task.Delay(spool.HasOwn ? EnterEvery : LookEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Open()
    {
        try
        {
            spool.Open();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogNoSpool(fault);
        }
    }

    private async Task TryAsync(Func<Task> work, string what, CancellationToken ct)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stopping: the spool keeps what is not entered yet.
        }
        catch (Exception fault)
        {
            LogFailed(fault, what);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Count} revocations of an outage are entered into the database")]
    private partial void LogEntered(int count);

    [LoggerMessage(LogLevel.Critical, "The spool cannot be written: in an outage of the database no revocation could go out")]
    private partial void LogNoSpool(Exception fault);

    [LoggerMessage(LogLevel.Error, "Revocations of an outage could not be {What}; trying again")]
    private partial void LogFailed(Exception fault, string what);
}
