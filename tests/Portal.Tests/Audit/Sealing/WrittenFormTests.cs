using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Sealing;

/// <summary>An event is sealed as it lies in the database: so it has to be what the portal wrote, and comes to the same as the event that was written.</summary>
public sealed class WrittenFormTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The columns of SQLite, which takes anything anywhere.</summary>
    public static TheoryData<string, string> Columns => [.. AuditColumn.All.Where(column => column.Property != nameof(AuditEvent.EventId) && column.Property != nameof(AuditEvent.Sequence)).Select(column => (column.Name, column.Property))];

    [Theory, BothDatabases("2026-03-08T09:30:15.1200000Z", "2026-03-08T09:30:15.0000000Z")]
    public async Task What_is_sealed_is_the_event_that_was_written(DatabaseKind kind, string at)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        var time = DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);
        await using (var db = world.OpenDb())
        {
            var (actor, about, detail) = FullEvent.Parts(new Guid("0000abcd-0000-4000-8000-00000000beef"), "a \"line\"\r\n\tand \u0001 more: żółć 🔑", time);
            new AuditTrail(db, actor, time).Record(AuditCode.RequestApproved, about, detail);
            new AuditTrail(db, Actor.System, time).Record(AuditCode.RequestLapsed, AuditSubject.Nothing, AuditDetail.None);
            await db.SaveChangesAsync(Ct);
        }

        Assert.Equal(2, await world.SealAsync(checkpoint: true));
        var written = await world.ReadAsync(db => db.AuditEvents.AsNoTracking().OrderBy(e => e.Sequence).ToListAsync(Ct));
        var leaves = await world.ReadAsync(db => db.AuditLeaves.AsNoTracking().OrderBy(l => l.Position).ToListAsync(Ct));
        Assert.Equal(written.Select(e => e.EventId), leaves.Select(l => l.EventId));
        Assert.Equal(written.Select(e => new CanonicalEvent().Take(e).FieldDigests()), leaves.Select(l => l.FieldDigests));
        await WorldLog.AssertHoldsAsync(world);
    }

    [Theory, MemberData(nameof(Columns))]
    public async Task What_lies_there_in_a_form_that_the_portal_does_not_write_is_named_and_not_sealed(string name, string column)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await WorldLog.RecordAsync(world, 2);
        var id = await SetAsync(world, $"\"{column}\" = x'00FF'");
        await AssertNamedAsync(world, id, name);
    }

    [Theory]
    [InlineData("outcome", "\"Outcome\" = 'success'")]
    [InlineData("outcome", "\"Outcome\" = '1'")]
    [InlineData("outcome", "\"Outcome\" = ''")]
    [InlineData("actor_kind", "\"ActorKind\" = 'Ghost'")]
    [InlineData("code", "\"Code\" = ''")]
    [InlineData("at", "\"At\" = 'yesterday'")]
    [InlineData("at", "\"At\" = '2026-13-08 09:30:15'")]
    [InlineData("window_end", "\"WindowEnd\" = '9999-12-32 23:59:59'")]
    [InlineData("window_start", "\"WindowStart\" = '2026-03-08T09:30:15Z'")]
    [InlineData("actor_object_id", "\"ActorObjectId\" = 'nobody'")]
    [InlineData("grant_id", "\"GrantId\" = '0000abcd-0000-4000-8000-00000000beef'")]
    [InlineData("policy_version", "\"PolicyVersion\" = 99999999999")]
    [InlineData("policy_version", "\"PolicyVersion\" = 1.5")]
    [InlineData("comment", "\"Comment\" = CAST(x'C328' AS TEXT)")]
    [InlineData("comment", "\"Comment\" = CAST(x'0041' AS TEXT)")]
    [InlineData("comment", "\"Comment\" = CAST(x'410042' AS TEXT)")]
    public async Task A_value_that_only_looks_like_one_is_named_on_sqlite(string name, string change)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await WorldLog.RecordAsync(world, 2);
        await AssertNamedAsync(world, await SetAsync(world, change), name);
    }

    [Theory]
    [InlineData("outcome", "\"Outcome\" = 'success'")]
    [InlineData("actor_kind", "\"ActorKind\" = '1'")]
    [InlineData("code", "\"Code\" = ''")]
    [InlineData("at", "\"At\" = '0044-03-15 BC'")]
    [InlineData("at", "\"At\" = 'infinity'")]
    public async Task A_value_that_only_looks_like_one_is_named_on_postgresql(string name, string change)
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql, empty: true);
        await WorldLog.RecordAsync(world, 2);
        await AssertNamedAsync(world, await SetAsync(world, change), name);
    }

    [Fact]
    public async Task A_note_that_cannot_be_read_is_said()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true, sealing: true);
        await WorldLog.RecordAsync(world, 2);
        await world.ReadAsync(db => db.Database.ExecuteSqlAsync($"""UPDATE "PendingSeals" SET "Since" = 'yesterday'""", Ct));
        var fault = await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
        Assert.Equal(SealingProblem.EventUnreadable, fault.Problem);
        Assert.Contains("PendingSeals", fault.Message, StringComparison.Ordinal);
        // To who looks how the log is doing as well, also when that it waits is all that can be told.
        Assert.Equal(fault.Message, (await WorldLog.HealthAsync(world)).Hold);
    }

    [Theory]
    [InlineData("\"Since\" = \"Since\" || '.000'")]
    [InlineData("\"EventId\" = lower(\"EventId\")")]
    public async Task A_note_that_leads_nowhere_is_said_and_not_read_for_ever(string change)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        await WorldLog.RecordAsync(world, 1);
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("DELETE FROM \"AuditEvents\"", Ct));
        var sql = $"UPDATE \"PendingSeals\" SET {change}";
        Assert.Equal(1, await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(sql, Ct)));
        Assert.Equal(SealingProblem.EventUnreadable, (await Assert.ThrowsAsync<SealingException>(() => world.SealAsync())).Problem);
    }

    [Theory, BothDatabases]
    public async Task An_event_with_two_notes_is_sealed_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, 3);
        await AddNotesAsync(world, "2030-01-01 00:00:00");
        Assert.Equal(3, await world.SealAsync(checkpoint: true));
        await WorldLog.RecordAsync(world, 2);
        // Two notes more for each of those that have their place, and one for those that have not.
        await AddNotesAsync(world, "2031-01-01 00:00:00");
        await AddNotesAsync(world, "2032-01-01 00:00:00");
        Assert.Equal(2, await world.SealAsync(checkpoint: true));
        Assert.Equal(5, await world.ReadAsync(db => db.AuditLeaves.CountAsync(Ct)));
    }

    [Theory, BothDatabases]
    public async Task A_turn_that_met_events_with_a_place_says_that_more_wait(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await WorldLog.RecordAsync(world, 3);
        await world.SealAsync();
        await WorldLog.WaitAgainAsync(world);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await WorldLog.RecordAsync(world, 8);
        var options = world.Sealing with { Batch = 5 };
        var sealer = world.AnotherSealer(options, new AuditHealth(options));
        Assert.Equal((2, true), await TurnAsync(sealer));
        Assert.Equal((2, true), await TurnAsync(sealer));
    }

    private static Task<int> AddNotesAsync(PortalWorld world, string since)
    {
        var sql = $"INSERT INTO \"PendingSeals\" (\"Since\", \"EventId\") SELECT '{since}', \"EventId\" FROM \"AuditEvents\"";
        return world.ReadAsync(db => db.Database.ExecuteSqlRawAsync(sql, Ct));
    }

    private static async Task<(int Sealed, bool More)> TurnAsync(SealEvents sealer)
    {
        var turn = (await sealer.ExecuteAsync(new SealOrder(), Actor.System, Ct)).Value;
        return (turn.Sealed, turn.MoreIsPending);
    }

    private static async Task AssertNamedAsync(PortalWorld world, Guid id, string name)
    {
        var fault = await Assert.ThrowsAsync<SealingException>(() => world.SealAsync());
        Assert.Equal(SealingProblem.EventUnreadable, fault.Problem);
        Assert.Contains($"Event {id}", fault.Message, StringComparison.Ordinal);
        Assert.Contains($"'{name}'", fault.Message, StringComparison.Ordinal);
        Assert.Equal(0, await world.ReadAsync(db => db.AuditLeaves.CountAsync(Ct)));
    }

    /// <summary>Changes the second event by other means than the portal.</summary>
    private static Task<Guid> SetAsync(PortalWorld world, string change) => world.ReadAsync(async db =>
    {
        var id = await db.AuditEvents.OrderByDescending(e => e.Sequence).Select(e => e.EventId).FirstAsync(Ct);
        var sql = $"UPDATE \"AuditEvents\" SET {change} WHERE \"Sequence\" = (SELECT MAX(\"Sequence\") FROM \"AuditEvents\")";
        Assert.Equal(1, await db.Database.ExecuteSqlRawAsync(sql, Ct));
        return id;
    });
}
