using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Streaming;

/// <summary>Enters the configured destinations. A new one begins with what is sealed from now on; that the trail goes there, or to another host than before, is recorded.</summary>
public sealed class OpenStreams(IDbContextFactory<PortalDb> databases, StreamOptions options, IDatabaseClock databaseClock, ClockWatch clock)
{
    /// <summary>Enters them. Several instances may do so at once.</summary>
    /// <returns>How many were new or moved.</returns>
    public async Task<Result<int>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        var opened = 0;
        foreach (var destination in options.Destinations)
            opened += await databases.RunAsync(async db =>
            {
                var stream = await db.AuditStreams.SingleOrDefaultAsync(s => s.Name == destination.Name, ct);
                if (stream?.Host == destination.Address.Authority)
                    return 0;
                if (stream is null)
                    db.AuditStreams.Add(stream = new AuditStream(destination.Name, await StreamReading.SizeAsync(db, ct)));
                stream.Host = destination.Address.Authority;
                new AuditTrail(db, actor, await clock.AskAsync(databaseClock, db, ct)).StreamOpened(stream);
                await db.SaveChangesAsync(ct);
                return 1;
            }, ct);
        return opened;
    }
}
