using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;

namespace Portal.Core.Audit.Search;

/// <summary>Makes a context search the audit trail as its kind of database does.</summary>
public static class AuditSearchOptions
{
    /// <summary>Chooses the search, where the database is chosen.</summary>
    public static DbContextOptionsBuilder UseAuditSearch(this DbContextOptionsBuilder options, IAuditSearch search)
    {
        ((IDbContextOptionsBuilderInfrastructure)options).AddOrUpdateExtension(new Extension(search));
        return options;
    }

    /// <summary>The search of a context.</summary>
    /// <exception cref="InvalidOperationException">None was chosen.</exception>
    internal static IAuditSearch Search(this PortalDb db) =>
        db.GetService<IDbContextOptions>().FindExtension<Extension>()?.Search ?? throw new InvalidOperationException("No search was chosen for this database.");

    private sealed class Extension(IAuditSearch search) : IDbContextOptionsExtension
    {
        public IAuditSearch Search { get; } = search;

        public DbContextOptionsExtensionInfo Info => new Explained(this);

        public void ApplyServices(IServiceCollection services)
        {
        }

        public void Validate(IDbContextOptions options)
        {
        }
    }

    // It changes nothing of what Entity Framework keeps for all contexts of a kind.
    private sealed class Explained(IDbContextOptionsExtension extension) : DbContextOptionsExtensionInfo(extension)
    {
        public override bool IsDatabaseProvider => false;

        public override string LogFragment => "";

        public override int GetServiceProviderHashCode() => 0;

        public override bool ShouldUseSameServiceProvider(DbContextOptionsExtensionInfo other) => other is Explained;

        public override void PopulateDebugInfo(IDictionary<string, string> debugInfo)
        {
        }
    }
}
