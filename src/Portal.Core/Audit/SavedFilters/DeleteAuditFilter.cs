using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.SavedFilters;

/// <summary>Forgets a filter that the actor keeps.</summary>
public sealed class DeleteAuditFilter(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Forgets it. One that is another's is not found, like one that is not there.</summary>
    public async Task<Result<Done>> ExecuteAsync(Guid filterId, Actor actor, CancellationToken ct)
    {
        if (actor.IsNobody() is { } refusal)
            return refusal;
        var owner = actor.Id!.Value;
        await using var db = await databases.CreateDbContextAsync(ct);
        var saved = await db.SavedAuditFilters.SingleOrDefaultAsync(f => f.Id == filterId && f.OwnerTenantId == owner.TenantId && f.OwnerObjectId == owner.ObjectId, ct);
        if (saved is null)
            return new Refusal(RefusalCode.NotFound);
        db.Remove(saved);
        await db.SaveChangesAsync(ct);
        return default(Done);
    }
}
