using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Search;
using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>Full-text search on SQLite: an FTS5 index kept by triggers, in the order of the trail.</summary>
/// <remarks>
/// A row's id is the event's millisecond and, in its lowest 21 bits, the sequence number: the index itself is ordered as the trail is, and a page is read from where it starts. Names that are
/// filtered by exactly stand in a column of their own, each as one word that nobody can type, so that all filters meet in the index and nothing is fetched that is not shown.
/// </remarks>
public sealed class SqliteAuditSearch : IAuditSearch
{
    private const int SequenceBits = 21;
    private const long LatestMillisecond = (1L << 42) - 1;

    /// <summary>Makes the index of all events that there are, and the triggers that keep it.</summary>
    /// <remarks>Part of a migration: never changed, but made anew by another one.</remarks>
    internal const string Up = $"""
        CREATE VIRTUAL TABLE "AuditSearch" USING fts5("Words", "Facets", "Sequence" UNINDEXED, content='', contentless_delete=1, contentless_unindexed=1, tokenize="unicode61 remove_diacritics 2");
        INSERT INTO "AuditSearch"(rowid, "Words", "Facets", "Sequence") SELECT {RowId}, {Words}, {Facets}, row."Sequence" FROM "AuditEvents" AS row;
        CREATE TRIGGER "AuditEvents_Search_Insert" AFTER INSERT ON "AuditEvents" BEGIN
            INSERT INTO "AuditSearch"(rowid, "Words", "Facets", "Sequence") SELECT {RowId}, {Words}, {Facets}, row."Sequence" FROM "AuditEvents" AS row WHERE row."Sequence" = NEW."Sequence";
        END;
        CREATE TRIGGER "AuditEvents_Search_Forget" BEFORE UPDATE ON "AuditEvents" BEGIN
            DELETE FROM "AuditSearch" WHERE rowid = (SELECT {RowId} FROM "AuditEvents" AS row WHERE row."Sequence" = OLD."Sequence");
        END;
        CREATE TRIGGER "AuditEvents_Search_Update" AFTER UPDATE ON "AuditEvents" BEGIN
            INSERT INTO "AuditSearch"(rowid, "Words", "Facets", "Sequence") SELECT {RowId}, {Words}, {Facets}, row."Sequence" FROM "AuditEvents" AS row WHERE row."Sequence" = NEW."Sequence";
        END;
        CREATE TRIGGER "AuditEvents_Search_Delete" BEFORE DELETE ON "AuditEvents" BEGIN
            DELETE FROM "AuditSearch" WHERE rowid = (SELECT {RowId} FROM "AuditEvents" AS row WHERE row."Sequence" = OLD."Sequence");
        END;
        """;

    /// <summary>Takes the index away.</summary>
    internal const string Down = """
        DROP TRIGGER "AuditEvents_Search_Insert"; DROP TRIGGER "AuditEvents_Search_Forget"; DROP TRIGGER "AuditEvents_Search_Update"; DROP TRIGGER "AuditEvents_Search_Delete"; DROP TABLE "AuditSearch";
        """;

    // An instant beyond what fits stands at the end; it is still found.
    private const string RowId = """
        max(0, min(4398046511103, CAST(strftime('%s', substr(row."At", 1, 19)) AS INTEGER) * 1000 + CAST(substr(substr(row."At", 21) || '000', 1, 3) AS INTEGER))) * 2097152 + (row."Sequence" & 2097151)
        """;

    // Where a client sat and with what is for auditors alone, and so not among the words.
    private const string Words = """
        concat_ws(' ', row."Code", row."ActorName", row."SubjectName", row."VaultName", row."SecretName", row."RoleName", row."RequestReference", row."PolicyName", row."Reason", row."Comment", row."ProviderRequestId", row."CorrelationId")
        """;

    private const string Facets = $"""
        concat_ws(' ', 'c' || hex(row."Code"), 'v' || hex(row."VaultName"), 'n' || hex(row."SecretName"), 'r' || hex(row."RequestReference"), 'a' || replace(row."ActorObjectId", '-', ''), 's' || replace(row."SubjectObjectId", '-', ''),
            CASE WHEN row."Code" = 'identity.attempt_refused' AND row."Reason" = '{RefusalCode.NotFound}' THEN 'unknown' END)
        """;

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
