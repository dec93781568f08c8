using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;

namespace Portal.Web.Hosting;

/// <summary>Degraded while the audit trail is not sealed: nothing new is granted then, taking back goes on. Degraded too, without that, on an instance that could not seal if it had to, and while checkpoints are kept where somebody could change them. The operations page says why.</summary>
public sealed class SealingHealth(IDbContextFactory<PortalDb> databases, AuditHealth health, CheckpointProtection protection, ClockWatch clocks) : IHealthCheck
{
    /// <summary>Begins the line that says that this instance cannot seal, and that all rests on another one.</summary>
    public const string Alone = "AuditSealerAlone";

    /// <summary>Begins the line that says that checkpoints prove less than they could.</summary>
    public const string Unprotected = "CheckpointsUnprotected";

    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var reading = await health.ReadAsync(db, clocks.Now(), cancellationToken);
        if (reading?.CouldNotTakeOver is { } alone)
            return HealthCheckResult.Degraded($"{Alone} ({alone.Problem}): {(reading.SealedElsewhere ? "another instance seals the audit trail, and this one could not go on when it stops" : "this instance cannot seal the audit trail; unless another one does, nothing new will be granted")}. Lay the log's signing key where this instance looks for it (Audit:SigningKeyFile).");
        if (reading?.Hold is null)
            return (await protection.UnprotectedAsync(cancellationToken)).Count == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded($"{Unprotected}: checkpoints are kept where somebody could change them. The operations page says where.");
        return HealthCheckResult.Degraded($"{AttentionCode.AuditNotSealed}{(reading.Fault is { } fault ? $" ({fault.Problem})" : "")}: the audit trail is not sealed; nothing new is granted, taking back goes on. The operations page says why.");
    }
}
