using Portal.Core.Audit.Retention;
using Portal.Core.Identity;
using Quartz;

namespace Portal.Web.Workers;

/// <summary>Prunes audit events whose time is over; does nothing unless a period is configured.</summary>
[DisallowConcurrentExecution]
public sealed partial class PruneAuditEventsJob(PruneAuditEvents prune, ILogger<PruneAuditEventsJob> logger) : IJob
{
    /// <inheritdoc />
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var pruned = (await prune.ExecuteAsync(Actor.System, cancellationToken)).Value;
        if (pruned > 0)
            LogPruned(pruned);
    }

    [LoggerMessage(LogLevel.Information, "Retention pruned {Count} audit events; their hashes are kept")]
    private partial void LogPruned(long count);
}
