using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Search;

/// <summary>Has the search's index hold every event that is committed, so that whoever searches next need not wait for it.</summary>
public sealed class IndexAuditEvents(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Brings it up.</summary>
    public async Task<Result<Done>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNotSystem() is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Search().CatchUpAsync(db, ct);
        return default(Done);
    }
}
