using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Retention;
using Portal.Core.Data;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>Retention as a portal has it that hears Azure all the time.</summary>
internal static class Pruning
{
    /// <summary>Prunes what is older than a period; nothing when there is none.</summary>
    public static PruneAuditEvents Prune(this PortalWorld world, TimeSpan? period, int batch = 1000)
    {
        world.HearTheCloud();
        return new(world.Get<IDbContextFactory<PortalDb>>(), new RetentionOptions(period) { Batch = batch }, world.DatabaseClock, world.Get<ClockWatch>());
    }
}
