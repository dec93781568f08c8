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
        .UseNpgsql(connectionString, npgsql => npgsql.MigrationsAssembly(typeof(PostgreSqlDatabase).Assembly.GetName().Name))
        .UseAuditSearch(new PostgreSqlAuditSearch());
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
