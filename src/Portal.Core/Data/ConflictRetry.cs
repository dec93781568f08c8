using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Portal.Core.Data;

/// <summary>Runs a unit of work again when somebody else changed the same rows meanwhile. Each run starts from a fresh read, so each decision is made on what is there.</summary>
internal static class ConflictRetry
{
    private const int MostRuns = 8;

    // Of SQL's own codes: two statements over many rows each waited for a row of the other's, and this one gave way.
    private const string Deadlock = "40P01";

    /// <summary>Runs <paramref name="work"/>, which reads, decides and saves.</summary>
    /// <returns>What the work returned, once what it saved, or what it read where it saved nothing, outlasts a power cut.</returns>
    /// <exception cref="DbUpdateException">It still clashed at the last run.</exception>
    public static async Task<T> RunAsync<T>(this IDbContextFactory<PortalDb> databases, Func<PortalDb, Task<T>> work, CancellationToken ct)
    {
        for (var run = 1; ; run++)
        {
            try
            {
                await using var db = await databases.CreateDbContextAsync(ct);
                var result = await work(db);
                // What it answers then rests on what others saved, such as the other half of a double click, and whoever made that is not answered before it is durable either.
                if (!db.HasSaved)
                    await WriteTurn.SettleAsync(db, ct);
                return result;
            }
            catch (Exception e) when (run < MostRuns && e is DbUpdateException or DbException { SqlState: Deadlock })
            {
                // A row was changed, or the same unique row added, between the read and the save, or two saves waited for each other: read again.
            }
        }
    }
}
