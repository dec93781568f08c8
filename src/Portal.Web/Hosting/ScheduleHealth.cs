using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core;
using Portal.Core.Data;
using Portal.Core.Grants;

namespace Portal.Web.Hosting;

/// <summary>Degraded while access stands that Azure was to end by itself and will not end any more: the licence for Privileged Identity Management has lapsed. The portal still serves, and still takes it back.</summary>
public sealed class ScheduleHealth(IDbContextFactory<PortalDb> databases) : IHealthCheck
{
    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var permanent = await db.Grants.CountAsync(g => g.State != GrantState.Ended && g.AttentionCode == AttentionCode.ScheduleTurnedPermanent, cancellationToken);
        return permanent == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded($"{permanent} schedules have lost their end.");
    }
}
