using Microsoft.EntityFrameworkCore;
using Portal.Reliability.World;

namespace Portal.Reliability.Judging;

/// <summary>Has the database itself write down who claims a row and who saves under which number, so that the portal's own care is not what it is judged by. PostgreSQL only.</summary>
internal static class FenceRecord
{
    private const string Install = """
        CREATE TABLE reliability_fences (place bigint GENERATED ALWAYS AS IDENTITY, assignment uuid NOT NULL, fence bigint NOT NULL, what text NOT NULL, by text NOT NULL);
        CREATE FUNCTION reliability_note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW."Fence" <> OLD."Fence" THEN
            INSERT INTO reliability_fences (assignment, fence, what, by) VALUES (NEW."Id", NEW."Fence", 'claim', current_setting('application_name'));
          ELSIF OLD."LeaseUntil" IS NOT NULL AND NEW."LeaseUntil" IS NULL THEN
            INSERT INTO reliability_fences (assignment, fence, what, by) VALUES (NEW."Id", NEW."Fence", 'outcome', current_setting('application_name'));
          ELSIF OLD."Intent" = 'None' AND NEW."Intent" <> 'None' THEN
            INSERT INTO reliability_fences (assignment, fence, what, by) VALUES (NEW."Id", NEW."Fence", 'announcement', current_setting('application_name'));
          END IF;
          RETURN NULL;
        END $$;
        CREATE TRIGGER reliability_note AFTER UPDATE ON "DesiredAssignments" FOR EACH ROW EXECUTE FUNCTION reliability_note();
        """;

    /// <summary>Begins to write down.</summary>
    public static async Task InstallAsync(Lane lane)
    {
        await using var db = lane.Database.Open();
        await db.Database.ExecuteSqlRawAsync(Install);
    }

    /// <summary>Everything that was saved, was saved by whoever had claimed the row under that number, and each outcome once.</summary>
    /// <returns>How many outcomes there were.</returns>
    public static async Task<int> JudgeAsync(Lane lane, Judgement judgement)
    {
        var entries = await lane.ReadAsync(db => db.Database.SqlQueryRaw<Entry>("SELECT place, assignment, fence, what, by FROM reliability_fences ORDER BY place").ToListAsync());
        lock (judgement)
        {
            foreach (var number in entries.GroupBy(e => (e.Assignment, e.Fence)))
            {
                var claims = number.Where(e => e.What == "claim").ToList();
                if (claims.Count != 1)
                    judgement.Fence($"lane {lane.Number}", $"row {number.Key.Assignment}: the number {number.Key.Fence} was given out {claims.Count} times");
                foreach (var save in number.Where(e => e.What != "claim" && (claims.Count == 0 || e.By != claims[0].By)))
                    judgement.Fence($"lane {lane.Number}", $"row {save.Assignment}: {save.What} saved by {save.By} under the number {save.Fence} of {claims.FirstOrDefault()?.By ?? "nobody"}");
                if (number.Count(e => e.What == "outcome") > 1)
                    judgement.Fence($"lane {lane.Number}", $"row {number.Key.Assignment}: more than one outcome under the number {number.Key.Fence}");
            }

            foreach (var row in entries.GroupBy(e => e.Assignment))
                foreach (var (one, next) in row.Zip(row.Skip(1)))
                    if (next.Fence < one.Fence)
                        judgement.Fence($"lane {lane.Number}", $"row {row.Key}: {next.What} under {next.Fence} after {one.What} under {one.Fence}");
        }

        return entries.Count(e => e.What == "outcome");
    }

    // A class for the query's rows, by the names of its columns.
    private sealed record Entry(long Place, Guid Assignment, long Fence, string What, string By);
}
