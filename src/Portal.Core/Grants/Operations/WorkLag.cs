using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Grants.Operations;

/// <summary>How long something took.</summary>
/// <param name="Count">Of how many this is.</param>
/// <param name="Median">Half were no slower; null when there were none.</param>
/// <param name="P95">Nineteen of twenty were no slower; null when there were none.</param>
/// <param name="Longest">The slowest; null when there were none.</param>
public sealed record Lag(int Count, TimeSpan? Median, TimeSpan? P95, TimeSpan? Longest)
{
    /// <summary>Sums durations up, by nearest rank.</summary>
    public static Lag Of(IEnumerable<TimeSpan> durations)
    {
        var sorted = durations.Select(d => d < TimeSpan.Zero ? TimeSpan.Zero : d).Order().ToList();
        return sorted.Count == 0 ? new Lag(0, null, null, null) : new Lag(sorted.Count, At(sorted, 0.5), At(sorted, 0.95), sorted[^1]);
    }

    private static TimeSpan At(List<TimeSpan> sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)];
}

/// <summary>How promptly the portal did what it promised, over the last day.</summary>
/// <param name="Giving">From when a role was due (approved, or its start) to when it was given. Time under a pause counts.</param>
/// <param name="Ending">From when a grant was to end (its end, or somebody's wish) to when the role was gone.</param>
/// <param name="IsSample">True when there were more than <see cref="Most"/> of a kind: then these are the latest.</param>
public sealed record WorkLag(Lag Giving, Lag Ending, bool IsSample)
{
    /// <summary>How many of a kind are looked at.</summary>
    public const int Most = 10_000;

    internal static async Task<WorkLag> ReadAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var from = now - TimeSpan.FromDays(1);
        var given = await db.Grants.Where(g => g.ActivatedAt >= from).OrderByDescending(g => g.ActivatedAt).Take(Most)
            .Select(g => new { From = g.StartsAt, To = g.ActivatedAt!.Value }).ToListAsync(ct);
        // What never had a role has none to lose.
        var ended = await db.Grants.Where(g => g.EndedAt >= from && g.ActivatedAt != null).OrderByDescending(g => g.EndedAt).Take(Most)
            .Select(g => new { From = g.EndRequestedAt ?? g.EndsAt, To = g.EndedAt!.Value }).ToListAsync(ct);
        return new WorkLag(Lag.Of(given.Select(g => g.To - g.From)), Lag.Of(ended.Select(g => g.To - g.From)), given.Count == Most || ended.Count == Most);
    }
}
