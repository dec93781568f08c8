using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Search;
using Portal.Core.Data;

namespace Portal.Migrations.PostgreSql;

/// <summary>Full-text search on PostgreSQL: a generated tsvector with a GIN index. The planner puts it together with the other filters' indexes.</summary>
public sealed class PostgreSqlAuditSearch : IAuditSearch
{
    /// <summary>Makes the column, for all events that there are, and its index. What people and clouds write is broken into words by this one function, on both sides of a search.</summary>
    /// <remarks>Part of a migration: never changed, but made anew by another one.</remarks>
    internal const string Up = $"""
        CREATE FUNCTION audit_words(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $words$
            SELECT regexp_replace(regexp_replace(lower(normalize($1, NFKD)), '[\u0300-\u036f]', '', 'g'), '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u20a0-\u20cf\u2190-\u23ff\u2500-\u27bf\u3000-\u3004\u3008-\u3020\ufe10-\ufe6f\uff00-\uff0f\uff1a-\uff20]+', ' ', 'g')
        $words$;
        ALTER TABLE "AuditEvents" ADD COLUMN "Search" tsvector GENERATED ALWAYS AS (to_tsvector('simple', audit_words({Words}))) STORED;
        CREATE INDEX "IX_AuditEvents_Search" ON "AuditEvents" USING gin ("Search");
        """;

    /// <summary>Takes them away.</summary>
    internal const string Down = """
        DROP INDEX "IX_AuditEvents_Search"; ALTER TABLE "AuditEvents" DROP COLUMN "Search"; DROP FUNCTION audit_words(text);
        """;

    // Where a client sat and with what is for auditors alone, and so not among the words.
    private const string Words = """
        "Code" || ' ' || "ActorName" || ' ' || coalesce("SubjectName", '') || ' ' || coalesce("VaultName", '') || ' ' || coalesce("SecretName", '') || ' ' || coalesce("RoleName", '')
        || ' ' || coalesce("RequestReference", '') || ' ' || coalesce("PolicyName", '') || ' ' || coalesce("Reason", '') || ' ' || coalesce("Comment", '')
        || ' ' || coalesce("ProviderRequestId", '') || ' ' || coalesce("CorrelationId", '')
        """;

    /// <inheritdoc />
    public Task CatchUpAsync(PortalDb db, CancellationToken ct) => Task.CompletedTask;

    /// <inheritdoc />
    public IQueryable<AuditEvent> Find(PortalDb db, AuditSearchTerms terms)
    {
        var words = string.Join(" && ", terms.Phrases.Select((_, at) => $$"""phraseto_tsquery('simple', audit_words({{{at}}}))"""));
        var found = $"""SELECT * FROM "AuditEvents" WHERE "Search" @@ ({words})""";
        return terms.Over(db, db.AuditEvents.FromSqlRaw(found, [.. terms.Phrases]).AsNoTracking());
    }
}
