using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Web.Workers;

/// <summary>Seals the audit trail: woken by whatever is saved, and looking by itself every second for what nobody announced.</summary>
public sealed partial class SealWorker(SealEvents seal, ChangeFeed changes, ILogger<SealWorker> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // A fault that stays is said once a minute.
    private const int SayEvery = 60;

    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = changes.Subscribe(_ => Wake());
        var failed = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            var more = false;
            try
            {
                more = (await seal.ExecuteAsync(new SealOrder(), Actor.System, stoppingToken)).Value.MoreIsPending;
                if (failed > 0)
                    LogMended();
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

            if (more)
                continue;
            try
            {
                // A fault is not hurried by what is saved meanwhile.
                if (failed > 0)
                    await Task.Delay(LookEvery, stoppingToken);
                else
                    await _wake.WaitAsync(LookEvery, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Already awake.
        }
    }

    [LoggerMessage(LogLevel.Critical, "The audit trail could not be sealed; trying again. Nothing new is granted while it stays so")]
    private partial void LogFailed(Exception fault);

    [LoggerMessage(LogLevel.Information, "The audit trail is sealed again")]
    private partial void LogMended();
}
