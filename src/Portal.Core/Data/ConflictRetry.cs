using Microsoft.EntityFrameworkCore;

namespace Portal.Core.Data;

/// <summary>Runs a unit of work again when somebody else changed the same rows meanwhile. Each run starts from a fresh read, so each decision is made on what is there.</summary>
internal static class ConflictRetry
{
    private const int MostRuns = 8;

    /// <summary>Runs <paramref name="work"/>, which reads, decides and saves.</summary>
    /// <exception cref="DbUpdateException">It still clashed at the last run.</exception>
    public static async Task<T> RunAsync<T>(this IDbContextFactory<PortalDb> databases, Func<PortalDb, Task<T>> work, CancellationToken ct)
    {
        for (var run = 1; ; run++)
        {
            try
            {
                await using var db = await databases.CreateDbContextAsync(ct);
                return await work(db);
            }
            catch (DbUpdateException) when (run < MostRuns)
            {
                // A row was changed, or the same unique row added, between the read and the save: read again.
            }
        }
    }
}
