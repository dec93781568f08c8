using Portal.Core.Policies;
using Portal.Web.Hosting;

namespace Portal.Web.Workers;

/// <summary>Loads the policies of the configuration as soon as the database takes them, where it did not at the start.</summary>
public sealed partial class PolicyWorker(PortalStart start, PoliciesInForce policies, TimeProvider clock, ILogger<PolicyWorker> logger) : BackgroundService
{
    private static readonly TimeSpan TryEvery = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (policies.Wait)
        {
            await Task.Delay(TryEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
                return;
            try
            {
                if (await start.TryLoadPoliciesAsync(stoppingToken))
                    LogLoaded();
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The database takes writes again: the policies of the configuration are in force")]
    private partial void LogLoaded();
}
