using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core;
using Portal.Core.Policies;

namespace Portal.Web.Hosting;

/// <summary>Degraded while the policies of the configuration wait for a database that takes writes: nothing is given then, taking back goes on.</summary>
public sealed class PolicyHealth(PoliciesInForce policies) : IHealthCheck
{
    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(policies.Wait
        ? HealthCheckResult.Degraded($"{AttentionCode.PoliciesNotLoaded}: the database did not take the policies of the configuration; no access is given until it does.")
        : HealthCheckResult.Healthy());
}
