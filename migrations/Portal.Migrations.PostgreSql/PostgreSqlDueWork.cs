using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;

namespace Portal.Migrations.PostgreSql;

/// <summary>Due work on PostgreSQL: any number of instances take rows at once, each passing over those that another is taking.</summary>
public sealed class PostgreSqlDueWork : IDueWork, IDatabaseClock
{
    /// <summary>What is due and held by nobody; {0} is the database's time. Public so that a test can show its plan.</summary>
    public const string Due = """
        FROM "DesiredAssignments" WHERE "DueAt" <= {0} AND ("LeaseUntil" IS NULL OR "LeaseUntil" <= {0})
        """;

    // An end that comes while a give still waits for its turn makes the row one to end.
    private const string ToEnd = """("DueToEnd" OR COALESCE("WantedUntil" <= {0}, FALSE))""";

    /// <inheritdoc />
    public async Task<DateTimeOffset> ReadAsync(PortalDb db, CancellationToken ct) =>
        Utc((await db.Database.SqlQueryRaw<DateTime>("""SELECT clock_timestamp() AS "Value" """).ToListAsync(ct))[0]);

    /// <inheritdoc />
    public async Task<IReadOnlyList<DueLane>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var lanes = await db.Database.SqlQueryRaw<Lane>($"""
            SELECT "SubscriptionId", {ToEnd} AS "ToEnd", COUNT(*)::int AS "Rows", MAX("PrivilegeRank") AS "MostPrivileged", MIN("DueAt") AS "Oldest"
            {Due}
            GROUP BY 1, 2 ORDER BY 2 DESC, 4 DESC, 5
            """, now.UtcDateTime).ToListAsync(ct);
        return [.. lanes.Select(l => new DueLane(l.SubscriptionId, l.ToEnd, l.Rows, l.MostPrivileged, Utc(l.Oldest)))];
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<AssignmentClaim>> ClaimAsync(PortalDb db, LaneClaim claim, CancellationToken ct)
    {
        var taken = await db.Database.SqlQueryRaw<Taken>($$"""
            WITH picked AS MATERIALIZED (
                SELECT "Id" {{Due}} AND "SubscriptionId" = {2} AND {{ToEnd}} = {3}
                ORDER BY "PrivilegeRank" DESC, "DueAt" LIMIT {4} FOR UPDATE SKIP LOCKED)
            UPDATE "DesiredAssignments" AS row SET "Fence" = row."Fence" + 1, "LeaseUntil" = {1}, "Revision" = row."Revision" + 1
            FROM picked WHERE row."Id" = picked."Id"
            RETURNING row."Id", row."Fence", row."PrivilegeRank", row."DueAt"
            """, claim.Now.UtcDateTime, claim.LeaseUntil.UtcDateTime, claim.SubscriptionId, claim.ToEnd, claim.Most).ToListAsync(ct);
        return [.. taken.OrderByDescending(t => t.PrivilegeRank).ThenBy(t => t.DueAt).Select(t => new AssignmentClaim(t.Id, t.Fence, claim.SubscriptionId, claim.ToEnd))];
    }

    /// <inheritdoc />
    public async Task<IReadOnlySet<Guid>> RenewAsync(PortalDb db, IReadOnlyCollection<AssignmentClaim> claims, DateTimeOffset until, CancellationToken ct)
    {
        var kept = await db.Database.SqlQueryRaw<Guid>("""
            UPDATE "DesiredAssignments" AS row SET "LeaseUntil" = {0}
            FROM unnest({1}, {2}) AS held("Id", "Fence")
            WHERE row."LeaseUntil" IS NOT NULL AND row."Id" = held."Id" AND row."Fence" = held."Fence"
            RETURNING row."Id" AS "Value"
            """, until.UtcDateTime, claims.Select(c => c.AssignmentId).ToArray(), claims.Select(c => c.Fence).ToArray()).ToListAsync(ct);
        return kept.ToHashSet();
    }

    private static DateTimeOffset Utc(DateTime stored) => new(DateTime.SpecifyKind(stored, DateTimeKind.Utc));

    private sealed record Lane(string SubscriptionId, bool ToEnd, int Rows, int MostPrivileged, DateTime Oldest);

    private sealed record Taken(Guid Id, long Fence, int PrivilegeRank, DateTime DueAt);
}
