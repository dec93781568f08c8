using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Web.Commands;

/// <summary>The portal's database, for commands that cannot do without.</summary>
internal static class CommandDatabase
{
    /// <summary>Makes sure that there is a portal's database. One that is not there, or is another one, must not be taken for an empty one.</summary>
    /// <param name="services">Where the database is registered.</param>
    /// <param name="otherwise">What else can be done, as the end of a sentence that begins with "Mend ConnectionStrings:Portal".</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="CommandLineException">There is none.</exception>
    public static async Task DemandAsync(IServiceProvider services, string otherwise, CancellationToken ct)
    {
        try
        {
            await using var db = await services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync(ct);
            if (await db.Database.CanConnectAsync(ct) && (await db.Database.GetAppliedMigrationsAsync(ct)).Any())
                return;
        }
        catch (Exception fault) when (fault is System.Data.Common.DbException or InvalidOperationException or IOException)
        {
            throw new CommandLineException($"The portal's database cannot be read: {fault.Message} Mend ConnectionStrings:Portal{otherwise}.");
        }

        throw new CommandLineException($"The portal's database cannot be reached, or there is no portal in it. Mend ConnectionStrings:Portal{otherwise}.");
    }
}
