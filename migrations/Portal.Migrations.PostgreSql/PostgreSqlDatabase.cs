using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Portal.Core.Audit.Search;
using Portal.Core.Data;

namespace Portal.Migrations.PostgreSql;

/// <summary>PostgreSQL as the portal's database: any number of instances.</summary>
public static class PostgreSqlDatabase
{
    /// <summary>Uses PostgreSQL.</summary>
    public static DbContextOptionsBuilder UsePortalPostgreSql(this DbContextOptionsBuilder options, string connectionString) => options
        .UseNpgsql(Standstill.EndedBy(connectionString), npgsql => npgsql.MigrationsAssembly(typeof(PostgreSqlDatabase).Assembly.GetName().Name))
        .UseCompiledModel()
        .UseAuditSearch(new PostgreSqlAuditSearch());

    // Building the model anew takes as long as all else at a start; migrations/compile-models writes it, and that it is up to date is tested.
    private static DbContextOptionsBuilder UseCompiledModel(this DbContextOptionsBuilder options) =>
#if COMPILED_MODEL
        options.UseModel(Model.PortalDbModel.Instance);
#else
        options;
#endif
}

internal sealed class DesignTimeFactory : IDesignTimeDbContextFactory<PortalDb>
{
    public PortalDb CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<PortalDb>();
        options.UsePortalPostgreSql("Host=localhost;Database=design-time");
        return new PortalDb(options.Options);
    }
}
