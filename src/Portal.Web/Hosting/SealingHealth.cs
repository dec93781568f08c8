using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Web.Hosting;

/// <summary>Degraded while the audit trail is not sealed: nothing new is granted then, taking back goes on. The operations page says why.</summary>
public sealed class SealingHealth(IDbContextFactory<PortalDb> databases, AuditHealth health, ClockWatch clocks) : IHealthCheck
{
    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return (await health.ReadAsync(db, clocks.Now(), cancellationToken))?.Hold is null
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"{AttentionCode.AuditNotSealed}{(health.Fault is { } fault ? $" ({fault.Problem})" : "")}: the audit trail is not sealed; nothing new is granted, taking back goes on. The operations page says why.");
    }
}
