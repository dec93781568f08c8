using Microsoft.EntityFrameworkCore;
using Npgsql;
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

    // Not what is left to others: {6} are the rows, and {7} the instants at which they were to be due, a little early for what the database rounds.
    private const string NotLeft = """ AND NOT EXISTS (SELECT FROM unnest({6}, {7}) AS other("Id", "DueAt") WHERE other."Id" = "DesiredAssignments"."Id" AND "DesiredAssignments"."DueAt" >= other."DueAt")""";

    private const string Lanes = $"""SELECT "SubscriptionId", {ToEnd}, "PrivilegeRank", COUNT(*)::int, MIN("DueAt") """;
    private const string InOrder = " GROUP BY 1, 2, 3 ORDER BY 2 DESC, 3 DESC, 5";

    private const string OfLane = $$""" AND "SubscriptionId" = {2} AND "PrivilegeRank" = {5} AND {{ToEnd}} = {3}""";
    private const string Oldest = """ ORDER BY "DueAt" LIMIT {4}""";

    /// <summary>The lanes in which something is due; {0} is the database's time. Public so that a test can show its plan.</summary>
    public const string Find = Lanes + Due + InOrder;

    /// <summary>The rows of a lane that come next; {2} is its subscription, {5} its privilege rank, {3} whether they are to end, {4} how many at most. Public so that a test can show its plan.</summary>
    public const string Next = """SELECT "Id" """ + Due + OfLane + Oldest;

    private static readonly string Look = Named(Find);
    private static readonly string LookBesideLeft = Named(Lanes + Due + NotLeft + InOrder);
    private static readonly string Take = Taking(Next);
    private static readonly string TakeBesideLeft = Taking("""SELECT "Id" """ + Due + OfLane + NotLeft + Oldest);

    /// <inheritdoc />
    public bool ConnectionsMayDie => true;

    /// <inheritdoc />
    public async Task<DateTimeOffset> ReadAsync(PortalDb db, CancellationToken ct)
    {
        await using var open = await OpenConnection.OfAsync(db, ct);
        await using var command = open.Command("SELECT clock_timestamp()");
        return Utc((DateTime)(await command.ExecuteScalarAsync(ct))!);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<DueLane>> FindAsync(PortalDb db, DateTimeOffset now, IReadOnlyList<LeftRow> left, CancellationToken ct)
    {
        // Every second, and nearly always in vain: by hand, because the framework's share would be the largest.
        await using var open = await OpenConnection.OfAsync(db, ct);
        await using var command = left.Count == 0
            ? open.Command(Look, ("@now", now.UtcDateTime))
            : open.Command(LookBesideLeft, ("@now", now.UtcDateTime), ("@left", RowsOf(left)), ("@dues", DuesOf(left)));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var lanes = new List<DueLane>();
        while (await reader.ReadAsync(ct))
            lanes.Add(new DueLane(reader.GetString(0), reader.GetBoolean(1), reader.GetInt32(2), reader.GetInt32(3), Utc(reader.GetDateTime(4))));
        return lanes;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<AssignmentClaim>> ClaimAsync(PortalDb db, IReadOnlyList<LaneClaim> claims, IReadOnlyList<LeftRow> left, CancellationToken ct)
    {
        var taken = new List<AssignmentClaim>();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        foreach (var claim in claims)
            taken.AddRange(await ClaimAsync(db, claim, left, ct));
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

    /// <inheritdoc />
    public void ForsakeIdle(PortalDb db) => NpgsqlConnection.ClearPool((NpgsqlConnection)db.Database.GetDbConnection());

    private static async Task<IEnumerable<AssignmentClaim>> ClaimAsync(PortalDb db, LaneClaim claim, IReadOnlyList<LeftRow> left, CancellationToken ct)
    {
        object[] values = [claim.Now.UtcDateTime, claim.LeaseUntil.UtcDateTime, claim.SubscriptionId, claim.ToEnd, claim.Most, claim.PrivilegeRank];
        var taking = left.Count == 0
            ? db.Database.SqlQueryRaw<Taken>(Take, values)
            : db.Database.SqlQueryRaw<Taken>(TakeBesideLeft, [.. values, RowsOf(left), DuesOf(left)]);
        return (await taking.ToListAsync(ct)).OrderBy(t => t.DueAt).Select(t => new AssignmentClaim(t.Id, t.Fence, claim.SubscriptionId, claim.ToEnd));
    }

    private static string Taking(string next) => $$"""
        WITH picked AS MATERIALIZED (
            {{next}} FOR UPDATE SKIP LOCKED)
        UPDATE "DesiredAssignments" AS row SET "Fence" = row."Fence" + 1, "LeaseUntil" = {1}, "Revision" = row."Revision" + 1
        FROM picked WHERE row."Id" = picked."Id"
        RETURNING row."Id", row."Fence", row."DueAt"
        """;

    private static string Named(string statement) => statement.Replace("{0}", "@now", StringComparison.Ordinal).Replace("{6}", "@left", StringComparison.Ordinal).Replace("{7}", "@dues", StringComparison.Ordinal);

    private static Guid[] RowsOf(IReadOnlyList<LeftRow> left) => [.. left.Select(l => l.AssignmentId)];

    private static DateTime[] DuesOf(IReadOnlyList<LeftRow> left) => [.. left.Select(l => l.DueAt.UtcDateTime.AddMilliseconds(-1))];

    private static DateTimeOffset Utc(DateTime stored) => new(DateTime.SpecifyKind(stored, DateTimeKind.Utc));

    private sealed record Taken(Guid Id, long Fence, DateTime DueAt);
}
