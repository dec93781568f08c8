using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
using Portal.Tests.World;

namespace Portal.Tests.Audit;

/// <summary>A world's log as its auditor knows it: its public key, and the private one for those who would forge.</summary>
internal sealed class SealedLog(PortalWorld world)
{
    /// <summary>The log's key; there is one once something was sealed.</summary>
    public SigningKey Key => SigningKey.Parse(File.ReadAllText(world.Sealing.SigningKeyFile)) ?? throw new InvalidOperationException("There is no key yet.");

    /// <summary>Gives every event that waits its place and signs a checkpoint.</summary>
    /// <returns>How many events the log has then.</returns>
    public async Task<long> SealAsync()
    {
        await world.SealAsync(checkpoint: true);
        return await world.ReadAsync(db => db.AuditLeaves.LongCountAsync());
    }
}
