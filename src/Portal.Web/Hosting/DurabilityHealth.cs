using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core.Data;

namespace Portal.Web.Hosting;

/// <summary>Unhealthy, and says so, from the moment at which the disk failed to take what was written: a database whose disk has failed can still be read. It stays so until the portal is started again.</summary>
public sealed class DurabilityHealth(IDbContextFactory<PortalDb> databases) : IHealthCheck
{
    /// <summary>What it says first.</summary>
    public const string Lost = "DurabilityLost";

    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        try
        {
            await WriteTurn.SettleAsync(db, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (DurabilityLostException)
        {
            return HealthCheckResult.Unhealthy($"{Lost}: the disk did not take what was written to the database. Nothing new is written, only taking back goes on; look at the disk, and start the portal again.");
        }
    }
}
