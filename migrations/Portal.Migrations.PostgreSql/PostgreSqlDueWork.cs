using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;

namespace Portal.Migrations.PostgreSql;

/// <summary>Due work on PostgreSQL: any number of instances take rows at once, each passing over those that another is taking.</summary>
public sealed class PostgreSqlDueWork : IDueWork, IDatabaseClock
{
    // What is due and held by nobody; {0} is the database's time.
    private const string Due = """FROM "DesiredAssignments" WHERE "DueAt" <= {0} AND ("LeaseUntil" IS NULL OR "LeaseUntil" <= {0})""";

    // An end that comes while a give still waits for its turn makes the row one to end.
    private const string ToEnd = """("DueToEnd" OR COALESCE("WantedUntil" <= {0}, FALSE))""";

    /// <summary>The lanes in which something is due; {0} is the database's time. Public so that a test can show its plan.</summary>
    public const string Find = $$"""
        SELECT "SubscriptionId", {{ToEnd}}, "PrivilegeRank", COUNT(*)::int, MIN("DueAt")
        {{Due}}
        GROUP BY 1, 2, 3 ORDER BY 2 DESC, 3 DESC, 5
        """;

    /// <summary>The rows of a lane that come next; {2} is its subscription, {5} its privilege rank, {3} whether they are to end, {4} how many at most. Public so that a test can show its plan.</summary>
    public const string Next = $$"""
        SELECT "Id" {{Due}} AND "SubscriptionId" = {2} AND "PrivilegeRank" = {5} AND {{ToEnd}} = {3} ORDER BY "DueAt" LIMIT {4}
        """;

    private static readonly string Look = Find.Replace("{0}", "@now", StringComparison.Ordinal);

    /// <inheritdoc />
    public async Task<DateTimeOffset> ReadAsync(PortalDb db, CancellationToken ct)
    {
        await using var open = await OpenConnection.OfAsync(db, ct);
        await using var command = open.Command("SELECT clock_timestamp()");
        return Utc((DateTime)(await command.ExecuteScalarAsync(ct))!);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<DueLane>> FindAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        // Every second, and nearly always in vain: by hand, because the framework's share would be the largest.
        await using var open = await OpenConnection.OfAsync(db, ct);
        await using var command = open.Command(Look, ("@now", now.UtcDateTime));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var lanes = new List<DueLane>();
        while (await reader.ReadAsync(ct))
            lanes.Add(new DueLane(reader.GetString(0), reader.GetBoolean(1), reader.GetInt32(2), reader.GetInt32(3), Utc(reader.GetDateTime(4))));
        return lanes;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<AssignmentClaim>> ClaimAsync(PortalDb db, IReadOnlyList<LaneClaim> claims, CancellationToken ct)
    {
        var taken = new List<AssignmentClaim>();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        foreach (var claim in claims)
            taken.AddRange(await ClaimAsync(db, claim, ct));
        await transaction.CommitAsync(ct);
        return taken;
    }

    /// <inheritdoc />
    public async Task<IReadOnlySet<Guid>> RenewAsync(PortalDb db, IReadOnlyCollection<AssignmentClaim> claims, DateTimeOffset until, CancellationToken ct)
    {
        // In the order in which saves of many rows go through them, so that no two wait for each other.
        var kept = await db.Database.SqlQueryRaw<Guid>("""
            WITH held AS MATERIALIZED (
                SELECT row."Id" FROM "DesiredAssignments" AS row JOIN unnest({1}, {2}) AS claim("Id", "Fence") ON row."Id" = claim."Id" AND row."Fence" = claim."Fence"
                WHERE row."LeaseUntil" IS NOT NULL ORDER BY row."Id" FOR UPDATE OF row)
            UPDATE "DesiredAssignments" AS row SET "LeaseUntil" = {0} FROM held WHERE row."Id" = held."Id"
            RETURNING row."Id" AS "Value"
            """, until.UtcDateTime, claims.Select(c => c.AssignmentId).ToArray(), claims.Select(c => c.Fence).ToArray()).ToListAsync(ct);
        return kept.ToHashSet();
    }

    private static async Task<IEnumerable<AssignmentClaim>> ClaimAsync(PortalDb db, LaneClaim claim, CancellationToken ct)
    {
        var taken = await db.Database.SqlQueryRaw<Taken>($$"""
            WITH picked AS MATERIALIZED (
                {{Next}} FOR UPDATE SKIP LOCKED)
            UPDATE "DesiredAssignments" AS row SET "Fence" = row."Fence" + 1, "LeaseUntil" = {1}, "Revision" = row."Revision" + 1
            FROM picked WHERE row."Id" = picked."Id"
            RETURNING row."Id", row."Fence", row."DueAt"
            """, claim.Now.UtcDateTime, claim.LeaseUntil.UtcDateTime, claim.SubscriptionId, claim.ToEnd, claim.Most, claim.PrivilegeRank).ToListAsync(ct);
        return taken.OrderBy(t => t.DueAt).Select(t => new AssignmentClaim(t.Id, t.Fence, claim.SubscriptionId, claim.ToEnd));
    }

    private static DateTimeOffset Utc(DateTime stored) => new(DateTime.SpecifyKind(stored, DateTimeKind.Utc));

    private sealed record Taken(Guid Id, long Fence, DateTime DueAt);
}
