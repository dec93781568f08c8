using Portal.Core.Grants.Operations;
using Portal.Core.Identity;

namespace Portal.Web.Workers;

/// <summary>Keeps the gauges of the work fresh. Each instance counts for itself, so that one that hangs is seen to.</summary>
public sealed partial class WorkGauges(MeasureWork measure, WorkMeter meter, TimeProvider clock, ILogger<WorkGauges> logger) : BackgroundService
{
    /// <summary>How old a gauge can be.</summary>
    public static readonly TimeSpan CountEvery = TimeSpan.FromSeconds(15);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(CountEvery, clock);
        try
        {
            do
            {
                await CountAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The portal stops.
        }
    }

    private async Task CountAsync(CancellationToken ct)
    {
        try
        {
            await measure.ExecuteAsync(Actor.System, ct);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            meter.Forget();
            LogNotCounted(fault);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The work could not be counted; the gauges show nothing until it can")]
    private partial void LogNotCounted(Exception fault);
}
