using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.SavedFilters;

/// <summary>A filter that was kept.</summary>
/// <param name="Id">Its key.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Filter">What it leaves.</param>
public sealed record SavedFilter(Guid Id, string Name, AuditFilter Filter);

/// <summary>Lists the filters that the actor keeps, by name. Nobody lists another's.</summary>
public sealed class ListAuditFilters(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Lists them.</summary>
    public async Task<Result<IReadOnlyList<SavedFilter>>> ExecuteAsync(Actor actor, CancellationToken ct)
    {
        if (actor.IsNobody() is { } refusal)
            return refusal;
        var owner = actor.Id!.Value;
        await using var db = await databases.CreateDbContextAsync(ct);
        var saved = await db.SavedAuditFilters.AsNoTracking().Where(f => f.OwnerTenantId == owner.TenantId && f.OwnerObjectId == owner.ObjectId).ToListAsync(ct);
        return Result.Of<IReadOnlyList<SavedFilter>>([.. saved.OrderBy(f => f.Name, StringComparer.CurrentCultureIgnoreCase).Select(f => new SavedFilter(f.Id, f.Name, f.Filter))]);
    }
}
