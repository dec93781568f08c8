using Portal.Core.Audit.Streaming;
using Portal.Core.Identity;

namespace Portal.Web.Workers;

/// <summary>Sends the audit trail out: one loop for each destination, so that none waits for another, and one that measures them.</summary>
public sealed partial class AuditStreamWorker(OpenStreams open, DeliverStream deliver, MeasureStreams measure, StreamMeter meter, StreamOptions options, TimeProvider clock, ILogger<AuditStreamWorker> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Destinations.Count == 0)
            return;
        await UntilAsync(async () => await open.ExecuteAsync(Actor.System, stoppingToken) is { Succeeded: true }, stoppingToken);
        await Task.WhenAll(options.Destinations.Select(d => SendAsync(d, stoppingToken)).Append(MeasureAsync(stoppingToken)));
    }

    private async Task SendAsync(StreamDestination destination, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var turn = StreamTurn.Idle;
            await UntilAsync(async () =>
            {
                turn = (await deliver.ExecuteAsync(destination, Actor.System, ct)).Value;
                return true;
            }, ct);
            if (turn == StreamTurn.Failed)
                LogNotDelivered(destination.Name);
            else if (turn == StreamTurn.Paused)
                LogPaused(destination.Name);
            if (turn != StreamTurn.Delivered)
                await DelayAsync(LookEvery, ct);
        }
    }

    private async Task MeasureAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await measure.ExecuteAsync(Actor.System, ct);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                meter.Forget();
                LogFailed(fault);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }

            await DelayAsync(WorkGauges.CountEvery, ct);
        }
    }

    /// <summary>Does something again until it does not throw; ends when the portal stops.</summary>
    private async Task UntilAsync(Func<Task<bool>> work, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                if (await work())
                    return;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                LogFailed(fault);
            }

            await DelayAsync(AfterFault, ct);
        }
    }

    private async Task DelayAsync(TimeSpan time, CancellationToken ct) => await Task.Delay(time, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    [LoggerMessage(LogLevel.Warning, "Stream {Stream} of the audit trail was not delivered at this try; the page Operations says why, and it is tried again")]
    private partial void LogNotDelivered(string stream);

    [LoggerMessage(LogLevel.Error, "The destination of stream {Stream} takes no more of the audit trail, and the page Operations says why; it waits until somebody has it go on ('dotnet Portal.Web.dll audit replay')")]
    private partial void LogPaused(string stream);

    [LoggerMessage(LogLevel.Error, "A stream of the audit trail could not be worked on; trying again")]
    private partial void LogFailed(Exception fault);
}
