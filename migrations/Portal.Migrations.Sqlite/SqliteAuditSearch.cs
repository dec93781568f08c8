using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Search;
using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>Full-text search on SQLite: an FTS5 index in the order of the trail (<see cref="SqliteAuditIndex"/>).</summary>
/// <remarks>
/// A row's id is the event's millisecond and, in its lowest 21 bits, the sequence number: the index itself is ordered as the trail is, and a page is read from where it starts. Names that are
/// filtered by exactly stand in a column of their own, each as one word that nobody can type, so that all filters meet in the index and nothing is fetched that is not shown.
/// </remarks>
public sealed class SqliteAuditSearch : IAuditSearch
{
    private const int SequenceBits = 21;
    private const long LatestMillisecond = (1L << 42) - 1;

    /// <inheritdoc />
    public Task CatchUpAsync(PortalDb db, CancellationToken ct) => SqliteAuditIndex.CatchUpAsync(db, ct);

    /// <inheritdoc />
    public IQueryable<AuditEvent> Find(PortalDb db, AuditSearchTerms terms)
    {
        var (first, last) = Range(terms);
        // Where an event stands whose time is none, only the index knows.
        var beyond = terms.Beyond is not { At: null, Sequence: var number } ? "" : FormattableString.Invariant($"""AND rowid {(terms.LatestFirst ? '<' : '>')} (SELECT rowid FROM "AuditSearch" WHERE "Sequence" = {number})""");
        var matching = $$"""SELECT rowid AS "Place", "Sequence" FROM "AuditSearch" WHERE "AuditSearch" MATCH {0} AND rowid >= {1} AND rowid <= {2} AND "Sequence" <= {3} {{beyond}}""";
        var hits = db.Database.SqlQueryRaw<Hit>(matching, Expression(terms), first, last, terms.Last ?? long.MaxValue);
        // Nothing is asked of the events themselves: a condition could lead SQLite to start there.
        var found = hits.Join(db.AuditEvents.AsNoTracking(), hit => hit.Sequence, happened => happened.Sequence, (hit, happened) => new { hit.Place, Event = happened });
        return (terms.LatestFirst ? found.OrderByDescending(f => f.Place) : found.OrderBy(f => f.Place)).Select(f => f.Event);
    }

    private static string Expression(AuditSearchTerms terms)
    {
        var filter = terms.Filter;
        var all = new StringBuilder("Words : (").AppendJoin(" AND ", terms.Phrases.Select(phrase => $"\"{phrase.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")).Append(')');
        if (terms.LeavesReadsOut)
            all.Append(" NOT ").Append(Facet('c', NameOf(AuditCode.AuditRead.Value)));
        foreach (var (mark, name) in ((char, string?)[])[('c', filter.Code), ('v', filter.VaultName), ('n', filter.SecretName), ('r', filter.RequestReference)])
            if (!string.IsNullOrEmpty(name))
                all.Append(" AND ").Append(Facet(mark, NameOf(name)));
        if (filter.PersonObjectId is { } person)
            all.Append($" AND ({Facet('a', person.ToString("N"))} OR {Facet('s', person.ToString("N"))})");
        if (terms.Reader is { } reader)
            all.Append($" AND ({Facet('s', reader.ToString("N"))} OR ({Facet('a', reader.ToString("N"))} NOT Facets : unknown))");
        return all.ToString();
    }

    private static string NameOf(string exactly) => Convert.ToHexString(Encoding.UTF8.GetBytes(exactly));

    private static string Facet(char mark, string name) => $"Facets : {mark}{name}";

    /// <summary>The first and the last row id that can be shown. Times count in whole milliseconds.</summary>
    private static (long First, long Last) Range(AuditSearchTerms terms)
    {
        var first = terms.Filter.From is { } from ? Millisecond(from, up: true) << SequenceBits : 0;
        var last = terms.Filter.To is { } to ? (Millisecond(to, up: true) << SequenceBits) - 1 : long.MaxValue;
        if (terms.Beyond is not { At: { } at, Sequence: var sequence })
            return (first, last);
        var place = Millisecond(at, up: false) << SequenceBits | sequence & ((1 << SequenceBits) - 1);
        return terms.LatestFirst ? (first, Math.Min(last, place - 1)) : (Math.Max(first, place + 1), last);
    }

    private static long Millisecond(DateTimeOffset instant, bool up)
    {
        var ticks = instant.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
        return Math.Clamp((ticks + (up ? TimeSpan.TicksPerMillisecond - 1 : 0)) / TimeSpan.TicksPerMillisecond, 0, LatestMillisecond);
    }

    private sealed record Hit(long Place, long Sequence);
}
