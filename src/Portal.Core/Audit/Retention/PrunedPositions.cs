using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Sealing;
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

    private PrunedPositions(IEnumerable<(long First, long Last)> ranges) => _ranges = [.. ranges.OrderBy(r => r.First)];

    /// <summary>How many places.</summary>
    public long Count => _ranges.Sum(r => r.Last - r.First + 1);

    /// <summary>How many places before another, each counted once.</summary>
    internal long CountBefore(long end)
    {
        var (count, next) = (0L, 0L);
        foreach (var (first, last) in _ranges)
        {
            count += Math.Max(Math.Min(last + 1, end) - Math.Max(first, next), 0);
            next = Math.Max(next, last + 1);
        }

        return count;
    }

    /// <summary>Whether a place is one of them.</summary>
    public bool Contains(long position) => RangeOf(position) is not null;

    private (long First, long Last)? RangeOf(long position)
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
                return _ranges[middle];
        }

        return null;
    }

    /// <summary>The places from one to another that are none of them, in ascending order.</summary>
    internal IEnumerable<long> Without(long first, long last)
    {
        for (var position = first; position <= last; position++)
            if (RangeOf(position) is { } range)
                position = range.Last;
            else
                yield return position;
    }

    /// <summary>Ranges without the places that are some of them.</summary>
    internal IReadOnlyList<(long First, long Last)> Without(IReadOnlyList<(long First, long Last)> ranges) => [.. RangesOf(ranges.SelectMany(range => Without(range.First, range.Last)))];

    /// <summary>These places.</summary>
    internal static PrunedPositions Of(IEnumerable<(long First, long Last)> ranges) => new(ranges);

    /// <summary>What a record names, as far as it may: a place that was sealed before it. Retention takes nothing that is not sealed yet.</summary>
    /// <param name="comment">The record's comment.</param>
    /// <param name="position">The record's own place.</param>
    internal static IEnumerable<(long First, long Last)> NamedBy(string? comment, long position) => Parse(comment).Where(range => range.Last < position);

    /// <summary>Reads the records of the database. Only those count that are the portal's own, sealed, and as they were sealed; and only for what was sealed before them.</summary>
    public static async Task<PrunedPositions> ReadAsync(PortalDb db, CancellationToken ct)
    {
        var records = Records(db.AuditEvents.AsNoTracking());
        var places = new Dictionary<long, long>();
        foreach (var place in await records.Join(db.AuditLeaves.Where(l => l.Position >= 0), e => e.EventId, l => l.EventId, (e, l) => new { e.Sequence, l.Position }).ToListAsync(ct))
            places[place.Sequence] = place.Position;
        // One that cannot be read is not as it was sealed.
        var events = (await ReadableEvents.ReadAsync(db, records, ct)).Events.Where(e => places.ContainsKey(e.Sequence));
        var ranges = new List<(long First, long Last)>();
        var canonical = new CanonicalEvent();
        foreach (var some in events.Chunk(TileId.Width))
        {
            var tiles = await LogTiles.LoadAsync(db, some.Select(e => TileOf(places[e.Sequence])).ToHashSet(), ct);
            foreach (var record in some)
            {
                var position = places[record.Sequence];
                var offset = (int)(position % TileId.Width) * MerkleTree.HashSize;
                if (tiles.TryGetValue(TileOf(position), out var hashes) && hashes.Length >= offset + MerkleTree.HashSize
                    && hashes.AsSpan(offset, MerkleTree.HashSize).SequenceEqual(canonical.Take(record).LeafHash()))
                    ranges.AddRange(NamedBy(record.Comment, position));
            }
        }

        return new(ranges);

        static TileId TileOf(long position) => new(0, position / TileId.Width);
    }

    /// <summary>Reads those records that wait for their place in the log: they count for nothing yet.</summary>
    public static async Task<PrunedPositions> ReadWaitingAsync(PortalDb db, CancellationToken ct) =>
        new((await Records(db.AuditEvents.AsNoTracking().Where(e => !db.AuditLeaves.Any(l => l.EventId == e.EventId) && db.PendingSeals.Any(p => p.EventId == e.EventId))).Select(e => e.Comment).ToListAsync(ct)).SelectMany(Parse));

    private static IQueryable<AuditEvent> Records(IQueryable<AuditEvent> events) => events.Where(e => e.Code == AuditCode.EventsPruned.Value && e.ActorKind == ActorKind.System);

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
