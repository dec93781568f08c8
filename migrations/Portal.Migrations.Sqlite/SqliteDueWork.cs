using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;

namespace Portal.Migrations.Sqlite;

/// <summary>Due work on SQLite: one writer, so an update that takes rows is alone while it runs. One instance, so nothing is left to others.</summary>
public sealed class SqliteDueWork : IDueWork, IDatabaseClock
{
    // What is due and held by nobody; {0} is the database's time.
    private const string Due = """WHERE "DueAt" <= {0} AND ("LeaseUntil" IS NULL OR "LeaseUntil" <= {0})""";

    // An end that comes while a give still waits for its turn makes the row one to end.
    private const string ToEnd = """("DueToEnd" OR COALESCE("WantedUntil" <= {0}, 0))""";

    /// <summary>The lanes in which something is due; {0} is the database's time. Public so that a test can show its plan.</summary>
    /// <remarks>The index is named because the lanes' own would be taken for the order of the groups, and all that is not due gone through with it.</remarks>
    public const string Find = $$"""
        SELECT "SubscriptionId", {{ToEnd}}, "PrivilegeRank", COUNT(*), MIN("DueAt")
        FROM "DesiredAssignments" INDEXED BY "IX_DesiredAssignments_Due" {{Due}}
        GROUP BY 1, 2, 3 ORDER BY 2 DESC, 3 DESC, 5
        """;

    /// <summary>The rows of a lane that come next; {2} is its subscription, {5} its privilege rank, {3} whether they are to end, {4} how many at most. Public so that a test can show its plan.</summary>
    public const string Next = $$"""
        SELECT "Id" FROM "DesiredAssignments" {{Due}} AND "SubscriptionId" = {2} AND "PrivilegeRank" = {5} AND {{ToEnd}} = {3} ORDER BY "DueAt" LIMIT {4}
        """;

    private static readonly string Look = Find.Replace("{0}", "$now", StringComparison.Ordinal);

    /// <inheritdoc />
    public bool ConnectionsMayDie => false;

    /// <inheritdoc />
    public async Task<DateTimeOffset> ReadAsync(PortalDb db, CancellationToken ct)
    {
        await using var open = await OpenConnection.OfAsync(db, ct);
        await using var command = open.Command("SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)");
        return DateTimeOffset.FromUnixTimeMilliseconds((long)(await command.ExecuteScalarAsync(ct))!);
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<DueLane>> FindAsync(PortalDb db, DateTimeOffset now, IReadOnlyList<LeftRow> left, CancellationToken ct)
    {
        // Every second, and nearly always in vain: by hand, because the framework's share would be ten times the statement's.
        await using var open = await OpenConnection.OfAsync(db, ct);
        await using var command = open.Command(Look, ("$now", now.UtcDateTime));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var lanes = new List<DueLane>();
        while (await reader.ReadAsync(ct))
            lanes.Add(new DueLane(reader.GetString(0), reader.GetBoolean(1), reader.GetInt32(2), reader.GetInt32(3), Utc(reader.GetDateTime(4))));
        return lanes;
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<AssignmentClaim>> ClaimAsync(PortalDb db, IReadOnlyList<LaneClaim> claims, IReadOnlyList<LeftRow> left, CancellationToken ct) => WriteAsync<IReadOnlyList<AssignmentClaim>>(db, async () =>
    {
        var taken = new List<AssignmentClaim>();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        foreach (var claim in claims)
            taken.AddRange(await ClaimAsync(db, claim, ct));
        await transaction.CommitAsync(ct);
        return taken;
    }, ct);

    /// <inheritdoc />
    public async Task<IReadOnlySet<Guid>> RenewAsync(PortalDb db, IReadOnlyCollection<AssignmentClaim> claims, DateTimeOffset until, CancellationToken ct)
    {
        var held = JsonSerializer.Serialize(claims.Select(c => new object[] { c.AssignmentId.ToString().ToUpperInvariant(), c.Fence }));
        var kept = await WriteAsync(db, () => db.Database.SqlQueryRaw<Guid>("""
            UPDATE "DesiredAssignments" SET "LeaseUntil" = {0}
            WHERE "LeaseUntil" IS NOT NULL AND ("Id", "Fence") IN (SELECT value ->> 0, value ->> 1 FROM json_each({1}))
            RETURNING "Id" AS "Value"
            """, until.UtcDateTime, held).ToListAsync(ct), ct);
        return kept.ToHashSet();
    }

    /// <inheritdoc />
    public void ForsakeIdle(PortalDb db)
    {
        // A file does not die without a word.
    }

    private static async Task<T> WriteAsync<T>(PortalDb db, Func<Task<T>> write, CancellationToken ct)
    {
        using var turn = await WriteTurn.TurnAsync(db, ct);
        return await write();
    }

    private static async Task<IEnumerable<AssignmentClaim>> ClaimAsync(PortalDb db, LaneClaim claim, CancellationToken ct)
    {
        var taken = await db.Database.SqlQueryRaw<Taken>($$"""
            UPDATE "DesiredAssignments" SET "Fence" = "Fence" + 1, "LeaseUntil" = {1}, "Revision" = "Revision" + 1
            WHERE "Id" IN ({{Next}})
            RETURNING "Id", "Fence", "DueAt"
            """, claim.Now.UtcDateTime, claim.LeaseUntil.UtcDateTime, claim.SubscriptionId, claim.ToEnd, claim.Most, claim.PrivilegeRank).ToListAsync(ct);
        return taken.OrderBy(t => t.DueAt).Select(t => new AssignmentClaim(t.Id, t.Fence, claim.SubscriptionId, claim.ToEnd));
    }

    private static DateTimeOffset Utc(DateTime stored) => new(DateTime.SpecifyKind(stored, DateTimeKind.Utc));

    private sealed record Taken(Guid Id, long Fence, DateTime DueAt);
}
