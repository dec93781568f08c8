using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.SavedFilters;

/// <summary>What to keep.</summary>
/// <param name="Name">What to call it; a name that the person uses already gets the new filter.</param>
/// <param name="Filter">The filter; anything but an empty one.</param>
public sealed record FilterToSave(string? Name, AuditFilter Filter);

/// <summary>Keeps a filter of the audit page for the one who made it.</summary>
public sealed class SaveAuditFilter(IDbContextFactory<PortalDb> databases, TimeProvider clock)
{
    /// <summary>Keeps it.</summary>
    public Task<Result<SavedFilter>> ExecuteAsync(FilterToSave input, Actor actor, CancellationToken ct) => databases.RunAsync(async db =>
    {
        if ((actor.IsNobody() ?? PersonText.CheckRequired(input.Name, "name", SavedAuditFilter.LongestName) ?? input.Filter.Fault()) is { } refusal)
            return refusal;
        if (input.Filter == new AuditFilter())
            return new Refusal(RefusalCode.FilterEmpty);
        var (owner, name) = (actor.Id!.Value, input.Name!.Trim());
        var own = db.SavedAuditFilters.Where(f => f.OwnerTenantId == owner.TenantId && f.OwnerObjectId == owner.ObjectId);
        var saved = await own.SingleOrDefaultAsync(f => f.Name == name, ct);
        if (saved is not null)
        {
            saved.Replace(input.Filter, clock.Now());
        }
        else
        {
            if (await own.CountAsync(ct) >= SavedAuditFilter.MostPerPerson)
                return new Refusal(RefusalCode.TooManyFilters, null, SavedAuditFilter.MostPerPerson);
            saved = new SavedAuditFilter(owner, name, input.Filter, clock.Now());
            db.Add(saved);
        }

        await db.SaveChangesAsync(ct);
        return (Result<SavedFilter>)new SavedFilter(saved.Id, saved.Name, saved.Filter);
    }, ct);
}
