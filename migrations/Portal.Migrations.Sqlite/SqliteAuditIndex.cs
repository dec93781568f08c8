using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Data;

namespace Portal.Migrations.Sqlite;

/// <summary>The full-text index of the trail on SQLite, and what keeps it.</summary>
/// <remarks>
/// New events are taken in piece by piece, by whoever is about to search and now and then by a worker: in a save of its own each one costs more than all other indexes together, and every so often
/// whoever saves would wait while FTS5 merges its lists. SQLite has one writer, so events are committed in the order of their numbers, and one number says how far the index is.
/// An event up to there that is changed or deleted is changed or deleted in the index by triggers, in the same transaction.
/// </remarks>
public static class SqliteAuditIndex
{
    /// <summary>Makes the index anew from all events that there are, in its own order: for whoever filled the table while the triggers were away.</summary>
    public const string Rebuild = $"""
        DELETE FROM "AuditSearch";
        INSERT INTO {Columns} SELECT {Row} FROM "AuditEvents" AS row ORDER BY row."At", row."Sequence";
        UPDATE "AuditSearchReach" SET "Through" = (SELECT coalesce(max("Sequence"), 0) FROM "AuditEvents");
        """;

    /// <summary>Makes the index of all events that there are, and the triggers that kept it with each event that was saved.</summary>
    /// <remarks>Part of a migration, as are the other three: never changed, but made anew by another one.</remarks>
    internal const string Up = $"""
        CREATE VIRTUAL TABLE "AuditSearch" USING fts5("Words", "Facets", "Sequence" UNINDEXED, content='', contentless_delete=1, contentless_unindexed=1, tokenize="unicode61 remove_diacritics 2");
        INSERT INTO {Columns} SELECT {Row} FROM "AuditEvents" AS row;
        {WithEachEvent}
        """;

    /// <summary>Takes the index away.</summary>
    internal const string Down = """
        DROP TRIGGER "AuditEvents_Search_Insert"; DROP TRIGGER "AuditEvents_Search_Forget"; DROP TRIGGER "AuditEvents_Search_Update"; DROP TRIGGER "AuditEvents_Search_Delete"; DROP TABLE "AuditSearch";
        """;

    /// <summary>Has the index follow what is saved.</summary>
    internal const string FollowUp = $"""
        DROP TRIGGER "AuditEvents_Search_Insert"; DROP TRIGGER "AuditEvents_Search_Forget"; DROP TRIGGER "AuditEvents_Search_Update"; DROP TRIGGER "AuditEvents_Search_Delete";
        CREATE TABLE "AuditSearchReach" ("Id" INTEGER NOT NULL PRIMARY KEY CHECK ("Id" = 1), "Through" INTEGER NOT NULL);
        INSERT INTO "AuditSearchReach"("Id", "Through") SELECT 1, coalesce(max("Sequence"), 0) FROM "AuditEvents";
        CREATE TRIGGER "AuditEvents_Search_Forget" BEFORE UPDATE ON "AuditEvents" WHEN OLD."Sequence" <= (SELECT "Through" FROM "AuditSearchReach") BEGIN
            {ForgetOld}
        END;
        CREATE TRIGGER "AuditEvents_Search_Update" AFTER UPDATE ON "AuditEvents" WHEN NEW."Sequence" <= (SELECT "Through" FROM "AuditSearchReach") BEGIN
            {EnterNew}
        END;
        CREATE TRIGGER "AuditEvents_Search_Delete" BEFORE DELETE ON "AuditEvents" WHEN OLD."Sequence" <= (SELECT "Through" FROM "AuditSearchReach") BEGIN
            {ForgetOld}
        END;
        """;

    /// <summary>Has each event enter the index as it is saved, as before.</summary>
    internal const string FollowDown = $"""
        DROP TRIGGER "AuditEvents_Search_Forget"; DROP TRIGGER "AuditEvents_Search_Update"; DROP TRIGGER "AuditEvents_Search_Delete";
        INSERT INTO {Columns} SELECT {Row} FROM "AuditEvents" AS row WHERE row."Sequence" > (SELECT "Through" FROM "AuditSearchReach");
        DROP TABLE "AuditSearchReach";
        {WithEachEvent}
        """;

    // So many events in one transaction: few enough that whoever saves meanwhile does not notice.
    private const string Piece = "500";

    private const string NextPiece = $"""
        INSERT INTO {Columns} SELECT {Row} FROM "AuditEvents" AS row WHERE row."Sequence" > (SELECT "Through" FROM "AuditSearchReach") ORDER BY row."Sequence" LIMIT {Piece};
        UPDATE "AuditSearchReach" SET "Through" = coalesce((SELECT max(piece."Sequence") FROM (SELECT row."Sequence" FROM "AuditEvents" AS row WHERE row."Sequence" > (SELECT "Through" FROM "AuditSearchReach") ORDER BY row."Sequence" LIMIT {Piece}) AS piece), "Through");
        """;

    private const string Columns = """
        "AuditSearch"(rowid, "Words", "Facets", "Sequence")
        """;

    private const string Row = $"""
        {RowId}, {Words}, {Facets}, row."Sequence"
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

    private const string EnterNew = $"""
        INSERT INTO {Columns} SELECT {Row} FROM "AuditEvents" AS row WHERE row."Sequence" = NEW."Sequence";
        """;

    private const string ForgetOld = $"""
        DELETE FROM "AuditSearch" WHERE rowid = (SELECT {RowId} FROM "AuditEvents" AS row WHERE row."Sequence" = OLD."Sequence");
        """;

    private const string WithEachEvent = $"""
        CREATE TRIGGER "AuditEvents_Search_Insert" AFTER INSERT ON "AuditEvents" BEGIN
            {EnterNew}
        END;
        CREATE TRIGGER "AuditEvents_Search_Forget" BEFORE UPDATE ON "AuditEvents" BEGIN
            {ForgetOld}
        END;
        CREATE TRIGGER "AuditEvents_Search_Update" AFTER UPDATE ON "AuditEvents" BEGIN
            {EnterNew}
        END;
        CREATE TRIGGER "AuditEvents_Search_Delete" BEFORE DELETE ON "AuditEvents" BEGIN
            {ForgetOld}
        END;
        """;

    /// <summary>Takes in all that was committed before. What comes meanwhile is for whoever searches next.</summary>
    internal static async Task CatchUpAsync(PortalDb db, CancellationToken ct)
    {
        var last = await db.AuditEvents.MaxAsync(e => (long?)e.Sequence, ct) ?? 0;
        var through = await ThroughAsync(db, ct);
        while (through < last)
        {
            var before = through;
            using var turn = await WriteTurn.TurnAsync(db, ct);
            await using var together = await db.Database.BeginTransactionAsync(ct);
            await db.Database.ExecuteSqlRawAsync(NextPiece, ct);
            through = await ThroughAsync(db, ct);
            await together.CommitAsync(ct);
            // All that was missing is gone meanwhile.
            if (through == before)
                return;
        }
    }

    private static Task<long> ThroughAsync(PortalDb db, CancellationToken ct) => db.Database.SqlQueryRaw<long>("""SELECT "Through" AS "Value" FROM "AuditSearchReach" """).SingleAsync(ct);
}
