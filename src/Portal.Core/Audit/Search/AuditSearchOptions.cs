using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Portal.Core.Data;

namespace Portal.Core.Audit.Search;

/// <summary>Makes a context search the audit trail as its kind of database does.</summary>
public static class AuditSearchOptions
{
    /// <summary>Chooses the search, where the database is chosen.</summary>
    public static DbContextOptionsBuilder UseAuditSearch(this DbContextOptionsBuilder options, IAuditSearch search)
    {
        ContextOption<IAuditSearch>.Set(options, search);
        return options;
    }

    /// <summary>The search of a context.</summary>
    /// <exception cref="InvalidOperationException">None was chosen.</exception>
    internal static IAuditSearch Search(this PortalDb db) =>
        ContextOption<IAuditSearch>.Of(db.GetService<IDbContextOptions>()) ?? throw new InvalidOperationException("No search was chosen for this database.");
}
