using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core.Data;

namespace Portal.Web.Hosting;

/// <summary>Degraded while this machine's clock is too far from the database's or Resource Manager's: no access is given then, taking back goes on.</summary>
public sealed class ClockHealth(ClockWatch clocks) : IHealthCheck
{
    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(clocks.Skew() is { } skew
        ? HealthCheckResult.Degraded($"ClockSkew: {skew.Reference} is {skew.Offset.TotalSeconds:0.0} s away; no access is given.")
        : HealthCheckResult.Healthy());
}
