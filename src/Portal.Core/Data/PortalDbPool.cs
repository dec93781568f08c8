using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Core.Data;

/// <summary>Where units of work come from.</summary>
public static class PortalDbPool
{
    // As many as may be at work at once: what comes beyond is made and thrown away. One that waits here has no connection.
    private const int Most = 128;

    /// <summary>Registers the factory of units of work. One that is disposed is set back and handed out again: to make it anew took a quarter of what an audited action costs.</summary>
    /// <param name="services">The services.</param>
    /// <param name="use">Chooses the database.</param>
    public static IServiceCollection AddPortalDb(this IServiceCollection services, Action<IServiceProvider, DbContextOptionsBuilder> use) => services.AddPooledDbContextFactory<PortalDb>(use, Most);
}
