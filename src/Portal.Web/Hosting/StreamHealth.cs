using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core.Audit.Streaming;
using Portal.Core.Identity;

namespace Portal.Web.Hosting;

/// <summary>Degraded while a stream of the audit trail lags, or its destination takes nothing more. The portal still serves; nothing is lost.</summary>
public sealed class StreamHealth(MeasureStreams measure) : IHealthCheck
{
    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var late = (await measure.ExecuteAsync(Actor.System, cancellationToken)).Value;
        return late.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded($"AuditStreamLags: {string.Join(", ", late.Select(s => s.Name))}.");
    }
}
