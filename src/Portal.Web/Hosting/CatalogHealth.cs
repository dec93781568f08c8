using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core.Catalog;

namespace Portal.Web.Hosting;

/// <summary>Degraded while the portal cannot list the vaults that exist: no way to Azure, no rights there, or no vault in sight. The portal still serves what it knew; strangers are not told which subscriptions.</summary>
public sealed class CatalogHealth(CatalogReach reach) : IHealthCheck
{
    /// <summary>The word that it begins with, and the runbook's entry.</summary>
    public const string NotRead = "CatalogNotRead";

    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(reach.Problem switch
    {
        null => HealthCheckResult.Healthy(),
        { Kind: CatalogProblemKind.Unreachable } problem => HealthCheckResult.Degraded($"{NotRead}: the subscriptions could not be listed ({problem.Code}); the catalog stays as it was known."),
        { Kind: CatalogProblemKind.Partly } problem => HealthCheckResult.Degraded($"{NotRead}: subscriptions whose vaults could not be listed: {problem.Subscriptions} ({problem.Code}); they stay as they were known."),
        { Kind: CatalogProblemKind.Empty } => HealthCheckResult.Degraded($"{NotRead}: the portal's identity sees no vault, so there is nothing to ask for."),
    });
}
