using Microsoft.EntityFrameworkCore;
using Portal.Core.Grants;
using Portal.Reliability.Worker;
using Portal.Reliability.World;

namespace Portal.Reliability.Judging;

/// <summary>A call that the portal announced, written down by the database itself when it was saved.</summary>
/// <param name="Name">The assignment.</param>
/// <param name="Call">What was announced.</param>
/// <param name="From">The earlier of the instant by which it was decided and the one at which it was saved.</param>
/// <param name="To">The later one. An approval that was answered after it cannot have been known.</param>
internal sealed record Announcement(Guid Name, AssignmentIntent Call, DateTimeOffset From, DateTimeOffset To)
{
    private const string Sqlite = """
        CREATE TABLE reliability_calls (place INTEGER PRIMARY KEY AUTOINCREMENT, assignment TEXT NOT NULL, call TEXT NOT NULL, decided TEXT NOT NULL, saved TEXT NOT NULL);
        CREATE TRIGGER reliability_call AFTER UPDATE ON "DesiredAssignments" WHEN NEW."Intent" <> 'None' AND NEW."IntentAt" IS NOT OLD."IntentAt" BEGIN
          INSERT INTO reliability_calls (assignment, call, decided, saved) VALUES (NEW."Id", NEW."Intent", NEW."IntentAt", strftime('%Y-%m-%d %H:%M:%f', 'now'));
        END;
        """;

    private const string PostgreSql = """
        CREATE TABLE reliability_calls (place bigint GENERATED ALWAYS AS IDENTITY, assignment uuid NOT NULL, call text NOT NULL, decided timestamptz NOT NULL, saved timestamptz NOT NULL);
        CREATE FUNCTION reliability_call() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW."Intent" <> 'None' AND NEW."IntentAt" IS DISTINCT FROM OLD."IntentAt" THEN
            INSERT INTO reliability_calls (assignment, call, decided, saved) VALUES (NEW."Id", NEW."Intent", NEW."IntentAt", clock_timestamp());
          END IF;
          RETURN NULL;
        END $$;
        CREATE TRIGGER reliability_call AFTER UPDATE ON "DesiredAssignments" FOR EACH ROW EXECUTE FUNCTION reliability_call();
        """;

    /// <summary>Has the lane's database begin to write down.</summary>
    public static async Task InstallAsync(LaneDatabase database)
    {
        await using var db = database.Open();
        await db.Database.ExecuteSqlRawAsync(database.Kind == WorkerSettings.Sqlite ? Sqlite : PostgreSql);
    }

    /// <summary>All that were announced in a lane, in order.</summary>
    public static async Task<ILookup<Guid, Announcement>> AllOfAsync(Lane lane)
    {
        var rows = await lane.ReadAsync(db => db.Database.SqlQueryRaw<Row>("SELECT place, assignment, call, decided, saved FROM reliability_calls ORDER BY place").ToListAsync());
        return rows.ToLookup(row => row.Assignment, row =>
        {
            var (decided, saved) = (Utc(row.Decided), Utc(row.Saved));
            return new Announcement(row.Assignment, Enum.Parse<AssignmentIntent>(row.Call), decided < saved ? decided : saved, decided < saved ? saved : decided);
        });
    }

    private static DateTimeOffset Utc(DateTime stored) => new(DateTime.SpecifyKind(stored, DateTimeKind.Utc));

    // For the query's rows, by the names of its columns.
    private sealed record Row(long Place, Guid Assignment, string Call, DateTime Decided, DateTime Saved);
}
