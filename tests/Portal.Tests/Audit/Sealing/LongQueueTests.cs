using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>A queue of events that wait for their place, beside a long log.</summary>
public sealed class LongQueueTests
{
    [Theory, BothDatabases]
    public async Task A_turn_looks_at_the_first_that_wait_and_not_at_all_that_have_a_place(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, 600);
        await world.ReadAsync(db => MakeALongLogAsync(db, kind));
        var steps = await QueryPlans.OnAsync("PendingSeals", world, () => world.SealAsync());
        Assert.NotEmpty(steps);
        Assert.DoesNotContain(steps, step => step.Contains("Scan on \"AuditLeaves\"", StringComparison.Ordinal) || step.Contains("Seq Scan on \"PendingSeals\"", StringComparison.Ordinal) || step.Contains("SCAN a", StringComparison.Ordinal));
    }

    [Theory, BothDatabases]
    public async Task Those_that_have_their_place_already_hold_up_nobody_who_comes_after_them(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, 1100);
        Assert.Equal(1100, await world.SealAsync());
        // Somebody has them wait again, by other means than the portal: more than a turn takes.
        await WorldLog.WaitAgainAsync(world);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await WorldLog.RecordAsync(world, 3);
        Assert.Equal(3, await world.SealAsync());
    }

    /// <summary>A hundred thousand places, before the first, and twenty thousand that wait, behind the last, of events that are not there: enough for PostgreSQL to go through all of them if it believes that nearly all that wait have a place.</summary>
    private static async Task<int> MakeALongLogAsync(PortalDb db, DatabaseKind kind)
    {
        await db.Database.ExecuteSqlRawAsync(kind == DatabaseKind.PostgreSql
            ? """
              INSERT INTO "AuditLeaves" ("Position", "EventId", "FieldDigests") SELECT n, gen_random_uuid(), '\\x00' FROM generate_series(-100000, -1) AS n;
              INSERT INTO "PendingSeals" ("Since", "EventId") SELECT '2099-01-01', gen_random_uuid() FROM generate_series(1, 20000);
              ANALYZE
              """
            : """
              INSERT INTO "AuditLeaves" ("Position", "EventId", "FieldDigests") WITH RECURSIVE s(n) AS (SELECT -100000 UNION ALL SELECT n + 1 FROM s WHERE n < -1) SELECT n, hex(randomblob(16)), x'00' FROM s;
              INSERT INTO "PendingSeals" ("Since", "EventId") WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 20000) SELECT '2099-01-01 00:00:00', 'FFFFFFFF-0000-4000-8000-0000000' || (10000 + n) FROM s
              """);
        return 0;
    }
}
