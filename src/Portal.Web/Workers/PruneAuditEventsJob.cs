using Portal.Core.Audit.Retention;
using Portal.Core.Data;
using Portal.Core.Identity;
using Quartz;

namespace Portal.Web.Workers;

/// <summary>Prunes audit events whose time is over; does nothing unless a period is configured.</summary>
[DisallowConcurrentExecution]
public sealed partial class PruneAuditEventsJob(PruneAuditEvents prune, RetentionOptions options, ClockWatch clock, ILogger<PruneAuditEventsJob> logger) : IJob
{
    /// <inheritdoc />
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var pruned = (await prune.ExecuteAsync(Actor.System, cancellationToken)).Value;
        if (pruned > 0)
            LogPruned(pruned);
        else if (options.Period is not null && !clock.IsBorneOut())
            LogNotBorneOut();
    }

    [LoggerMessage(LogLevel.Warning, "Retention waits: Azure Resource Manager's clock was not heard within the hour, or another disagrees with it")]
    private partial void LogNotBorneOut();

    [LoggerMessage(LogLevel.Information, "Retention pruned {Count} audit events; their hashes are kept")]
    private partial void LogPruned(long count);
}
