using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Web.Hosting;

/// <summary>Degraded while the audit trail is not sealed: nothing new is granted then, taking back goes on. Degraded too, without that, while checkpoints are kept where somebody could change them. The operations page says why.</summary>
public sealed class SealingHealth(IDbContextFactory<PortalDb> databases, AuditHealth health, CheckpointProtection protection, ClockWatch clocks) : IHealthCheck
{
    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if ((await health.ReadAsync(db, clocks.Now(), cancellationToken))?.Hold is null)
            return (await protection.UnprotectedAsync(cancellationToken)).Count == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded("CheckpointsUnprotected: checkpoints are kept where somebody could change them. The operations page says where.");
        return HealthCheckResult.Degraded($"{AttentionCode.AuditNotSealed}{(health.Fault is { } fault ? $" ({fault.Problem})" : "")}: the audit trail is not sealed; nothing new is granted, taking back goes on. The operations page says why.");
    }
}
