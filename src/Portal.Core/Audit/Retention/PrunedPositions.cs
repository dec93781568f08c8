using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Retention;

/// <summary>The places of the log whose events retention has pruned, as the log's own records of it (<c>audit.pruned</c>) name them. A place without an event that none of them names was emptied by something else.</summary>
public sealed class PrunedPositions
{
    private const string Lead = "positions ";

    // As many as a comment can hold and a person can still read.
    internal const int MostRanges = 100;

    private readonly List<(long First, long Last)> _ranges;

    private PrunedPositions(IEnumerable<(long First, long Last)> ranges)
    {
        _ranges = [.. ranges.OrderBy(r => r.First)];
        Count = _ranges.Sum(r => r.Last - r.First + 1);
    }

    /// <summary>How many places.</summary>
    public long Count { get; }

    /// <summary>Whether a place is one of them.</summary>
    public bool Contains(long position)
    {
        var (low, high) = (0, _ranges.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (position < _ranges[middle].First)
                high = middle - 1;
            else if (position > _ranges[middle].Last)
                low = middle + 1;
            else
                return true;
        }

        return false;
    }

    /// <summary>Reads the records of the database. Only those count that are the portal's own, and sealed.</summary>
    public static async Task<PrunedPositions> ReadAsync(PortalDb db, CancellationToken ct) =>
        await OfAsync(db.AuditEvents.Where(e => db.AuditLeaves.Any(l => l.EventId == e.EventId)), ct);

    /// <summary>Reads those records that wait for their place in the log: they count for nothing yet.</summary>
    public static async Task<PrunedPositions> ReadWaitingAsync(PortalDb db, CancellationToken ct) =>
        await OfAsync(db.AuditEvents.Where(e => !db.AuditLeaves.Any(l => l.EventId == e.EventId) && db.PendingSeals.Any(p => p.EventId == e.EventId)), ct);

    private static async Task<PrunedPositions> OfAsync(IQueryable<AuditEvent> events, CancellationToken ct) =>
        new((await events.AsNoTracking().Where(e => e.Code == AuditCode.EventsPruned.Value && e.ActorKind == ActorKind.System).Select(e => e.Comment).ToListAsync(ct)).SelectMany(Parse));

    /// <summary>Writes positions as the record has them: <c>positions 0-998, 1001</c>.</summary>
    /// <param name="positions">In ascending order.</param>
    public static string Format(IEnumerable<long> positions)
    {
        var ranges = new List<string>();
        foreach (var (first, last) in RangesOf(positions))
            ranges.Add(first == last ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}-{last}"));
        return Lead + string.Join(", ", ranges);
    }

    /// <summary>Reads what <see cref="Format"/> wrote; nothing of what it did not.</summary>
    /// <param name="comment">The record's comment; null for none.</param>
    public static IEnumerable<(long First, long Last)> Parse(string? comment)
    {
        if (comment?.StartsWith(Lead, StringComparison.Ordinal) != true)
            yield break;
        foreach (var range in comment[Lead.Length..].Split(", "))
        {
            var parts = range.Split('-');
            if (parts.Length <= 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) && long.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) && first <= last)
                yield return (first, last);
        }
    }

    /// <summary>Positions in ascending order as ranges.</summary>
    internal static IEnumerable<(long First, long Last)> RangesOf(IEnumerable<long> positions)
    {
        (long First, long Last)? range = null;
        foreach (var position in positions)
        {
            if (range is { } open && position == open.Last + 1)
            {
                range = (open.First, position);
                continue;
            }

            if (range is { } done)
                yield return done;
            range = (position, position);
        }

        if (range is { } end)
            yield return end;
    }
}
