using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit.Sealing;
using Portal.Core.Audit.Streaming;
using Portal.Core.Data;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Audit.Streaming;

/// <summary>What a destination gets of the log, whatever it answers and whoever sends.</summary>
public sealed class DeliverStreamTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task Events_arrive_in_the_logs_order_each_with_its_place_and_the_hash_that_is_sealed(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await TestLog.WriteAsync(world, 119);
        while (await TurnAsync(world) == StreamTurn.Delivered)
        {
        }

        Assert.Equal([50, 50, 20], world.Streams.Tried.Select(m => m.Events.Count));
        var events = world.Streams.Tried.SelectMany(m => Parsed(m).GetProperty("data").GetProperty("events").EnumerateArray()).ToList();
        Assert.Equal(Enumerable.Range(0, 120), events.Select(e => e.GetProperty("position").GetInt32()));
        Assert.Equal("audit.stream_opened", events[0].GetProperty("event").GetProperty("code").GetString());
        Assert.Equal("event 118 “ü”", events[^1].GetProperty("event").GetProperty("comment").GetString());
        // Whoever receives it can hash what was sent: the bytes of the event are those that were sealed.
        foreach (var sent in world.Streams.Tried.SelectMany(m => m.Events))
            Assert.Equal(sent.LeafHash, MerkleTree.Leaf(sent.Canonical));
        Assert.Equal(MerkleTree.Leaf(System.Text.Encoding.UTF8.GetBytes(events[7].GetProperty("event").GetRawText())), Convert.FromHexString(events[7].GetProperty("leaf_hash").GetString()!));
        Assert.Equal(120, (await RowAsync(world)).Next);
        Assert.Equal(StreamTurn.Idle, await TurnAsync(world));
    }

    [Theory, BothDatabases]
    public async Task What_is_not_sealed_is_not_sent_and_what_was_there_before_the_stream_only_when_replayed(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind, empty: true);
        await TestLog.WriteAsync(world, 3);
        Assert.Equal(1, (await world.Get<OpenStreams>().ExecuteAsync(Actor.System, Ct)).Value);
        Assert.Equal(0, (await world.Get<OpenStreams>().ExecuteAsync(Actor.System, Ct)).Value);
        Assert.Equal(StreamTurn.Idle, await TurnAsync(world));
        await TestLog.SealAsync(world);
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        Assert.Equal([3L], world.Streams.Tried.Single().Events.Select(e => e.Position));

        Assert.Equal(0, (await ReplayAsync(world, 0)).Value);
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        Assert.Equal([0L, 1, 2, 3], world.Streams.Tried[^1].Events.Select(e => e.Position));
        Assert.Equal(["audit.stream_opened", "audit.stream_replayed"], (await world.CodesAsync()).Skip(3));
    }

    [Theory, BothDatabases]
    public async Task An_event_that_cannot_be_read_any_more_is_said_at_the_stream_what_comes_before_it_is_sent_and_nothing_overtakes_it(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await TestLog.WriteAsync(world, 5);
        await using (var db = world.OpenDb())
        {
            await db.Database.ExecuteSqlRawAsync("UPDATE \"AuditEvents\" SET \"Outcome\" = 'Nonsense' WHERE \"EventId\" = (SELECT \"EventId\" FROM \"AuditLeaves\" WHERE \"Position\" = 3)", Ct);
        }

        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        Assert.Equal([0L, 1, 2], Assert.Single(world.Streams.Tried).Events.Select(e => e.Position));
        Assert.Equal(StreamTurn.Failed, await TurnAsync(world));
        var row = await RowAsync(world);
        Assert.StartsWith("LogUnreadable: the log cannot be read at position 3;", row.LastFault, StringComparison.Ordinal);
        Assert.Equal(world.Clock.GetUtcNow(), row.FailingSince);
        // Not again and again.
        Assert.Equal(StreamTurn.Idle, await TurnAsync(world));
        Assert.Single(world.Streams.Tried);
    }

    [Theory, BothDatabases]
    public async Task An_event_of_a_message_that_is_tried_again_and_cannot_be_read_any_more_holds_up_none_of_those_before_it(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await TestLog.WriteAsync(world, 5);
        world.Streams.Answer = new StreamAnswer(StreamFate.Failed, "Http503");
        Assert.Equal(StreamTurn.Failed, await TurnAsync(world));
        await world.ReadAsync(db => db.Database.ExecuteSqlRawAsync("UPDATE \"AuditEvents\" SET \"ActorKind\" = 'Ghost' WHERE \"EventId\" = (SELECT \"EventId\" FROM \"AuditLeaves\" WHERE \"Position\" = 4)", Ct));
        world.Clock.Advance(TimeSpan.FromMinutes(20));
        world.Streams.Answer = StreamAnswer.Delivered;
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        Assert.Equal([0L, 1, 2, 3], world.Streams.Tried[^1].Events.Select(e => e.Position));
        Assert.Equal(4, (await RowAsync(world)).Next);
    }

    [Theory, BothDatabases]
    public async Task What_comes_before_a_place_or_a_hash_that_somebody_took_away_is_sent_and_nothing_behind_it(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await TestLog.WriteAsync(world, 5);
        await world.ReadAsync(db => db.AuditLeaves.Where(l => l.Position == 4).ExecuteDeleteAsync(Ct));
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        Assert.Equal(StreamTurn.Failed, await TurnAsync(world));
        Assert.Equal([0L, 1, 2, 3], Assert.Single(world.Streams.Tried).Events.Select(e => e.Position));
        Assert.Contains("at position 4;", (await RowAsync(world)).LastFault, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task Places_that_somebody_took_away_are_not_gone_past(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await TestLog.WriteAsync(world, 5);
        await using (var db = world.OpenDb())
        {
            await db.AuditLeaves.Where(l => l.Position == 0 || l.Position == 1).ExecuteDeleteAsync(Ct);
        }

        Assert.Equal(StreamTurn.Failed, await TurnAsync(world));
        Assert.Empty(world.Streams.Tried);
        Assert.StartsWith("LogUnreadable", (await RowAsync(world)).LastFault, StringComparison.Ordinal);
    }

    [Theory, BothDatabases]
    public async Task What_is_not_taken_comes_again_as_the_same_message_when_the_receiver_asked_for_it(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        world.Streams.Answer = new StreamAnswer(StreamFate.Failed, "Http503", TimeSpan.FromSeconds(90));
        Assert.Equal(StreamTurn.Failed, await TurnAsync(world));
        await TestLog.WriteAsync(world, 5);
        world.Streams.Answer = StreamAnswer.Delivered;
        world.Clock.Advance(TimeSpan.FromSeconds(89));
        Assert.Equal(StreamTurn.Idle, await TurnAsync(world));
        var failing = await RowAsync(world);
        Assert.Equal(("Http503", 1), (failing.LastFault, failing.Attempts));

        world.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        var (first, second) = (world.Streams.Tried[0], world.Streams.Tried[1]);
        Assert.Equal(first.Id(), second.Id());
        Assert.Equal(first.ToJson(), second.ToJson());
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        Assert.Equal([1L, 2, 3, 4, 5], world.Streams.Tried[2].Events.Select(e => e.Position));
        Assert.Null((await RowAsync(world)).FailingSince);
    }

    [Fact]
    public async Task A_receiver_that_is_away_for_days_is_tried_for_ever_and_never_less_than_every_quarter_of_an_hour()
    {
        await using var world = await OpenAsync(DatabaseKind.Sqlite);
        world.Streams.Answer = new StreamAnswer(StreamFate.Failed, "ConnectionError");
        for (var i = 0; i < 400; i++)
        {
            Assert.Equal(StreamTurn.Failed, await TurnAsync(world));
            var wait = (await RowAsync(world)).NextTryAt!.Value - world.Clock.GetUtcNow();
            Assert.InRange(wait, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(15));
            world.Clock.Advance(wait + TimeSpan.FromMilliseconds(1));
        }

        world.Streams.Answer = StreamAnswer.Delivered;
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        Assert.Single(world.Streams.Tried.Select(m => m.Id()).Distinct());
    }

    [Theory, BothDatabases(true, false)]
    public async Task What_was_put_off_or_taken_up_by_a_clock_that_was_a_day_ahead_goes_on_when_it_is_right(DatabaseKind kind, bool died)
    {
        await using var world = await OpenAsync(kind);
        world.DatabaseClock.Ahead = TimeSpan.FromDays(1);
        world.Streams.Answer = new StreamAnswer(StreamFate.Failed, "ConnectionError");
        world.Streams.Meanwhile = () => died ? throw new OperationCanceledException() : Task.CompletedTask;
        if (died)
            await Assert.ThrowsAsync<OperationCanceledException>(() => TurnAsync(world));
        else
            Assert.Equal(StreamTurn.Failed, await TurnAsync(world));

        // Set right, and the portal is started anew.
        world.DatabaseClock.Ahead = TimeSpan.Zero;
        await world.RestartAsync();
        (world.Streams.Answer, world.Streams.Meanwhile) = (StreamAnswer.Delivered, () => Task.CompletedTask);
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
    }

    [Theory, BothDatabases]
    public async Task While_one_instance_sends_another_does_not_and_takes_over_when_the_first_is_gone(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        var other = Another(world);
        world.Streams.Meanwhile = async () =>
        {
            Assert.Equal(StreamTurn.Idle, await TurnAsync(world, other));
            throw new OperationCanceledException();
        };
        await Assert.ThrowsAsync<OperationCanceledException>(() => TurnAsync(world));
        Assert.Equal(StreamTurn.Idle, await TurnAsync(world, other));
        world.Clock.Advance(StreamOptions.Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world, other));
        // At least once: nobody knows whether the first had arrived, so it came again, and as the same message.
        Assert.Equal(world.Streams.Tried[0].Id(), world.Streams.Tried[1].Id());
    }

    [Theory, BothDatabases]
    public async Task An_outcome_that_comes_after_another_instance_took_over_moves_nothing(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await TestLog.WriteAsync(world, 99);
        var other = Another(world);
        world.Streams.Meanwhile = async () =>
        {
            world.Clock.Advance(StreamOptions.Lease + TimeSpan.FromSeconds(1));
            Assert.Equal(StreamTurn.Delivered, await TurnAsync(world, other));
        };
        Assert.Equal(StreamTurn.Idle, await TurnAsync(world));
        Assert.Equal(50, (await RowAsync(world)).Next);
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        Assert.Equal(100, (await RowAsync(world)).Next);
        Assert.Equal(50, world.Streams.Tried[^1].Events[0].Position);
    }

    [Theory, BothDatabases]
    public async Task A_receiver_that_is_gone_gets_nothing_more_until_somebody_has_the_stream_go_on(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        world.Streams.Answer = new StreamAnswer(StreamFate.Gone, "Http410");
        Assert.Equal(StreamTurn.Paused, await TurnAsync(world));
        world.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(StreamTurn.Idle, await TurnAsync(world));
        Assert.Single(world.Streams.Tried);
        var shown = Assert.Single((await world.Get<ListStreams>().ExecuteAsync(await world.IdentifyAsync(Company.Ingrid), Ct)).Value);
        Assert.Equal(("siem", "siem.fenwick.example", 0L, 1L, "Http410"), (shown.Name, shown.Host, shown.Next, shown.Behind, shown.LastFault));
        Assert.NotNull(shown.PausedAt);
        Assert.Equal("audit.stream_paused", (await world.CodesAsync())[^1]);
        Assert.Single((await world.Get<MeasureStreams>().ExecuteAsync(Actor.System, Ct)).Value);

        world.Streams.Answer = StreamAnswer.Delivered;
        Assert.Equal(0, (await ReplayAsync(world, null)).Value);
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
    }

    [Fact]
    public async Task A_receiver_that_took_only_a_part_is_sent_nothing_by_itself_and_the_position_stays_until_somebody_decides()
    {
        await using var world = await OpenAsync(DatabaseKind.Sqlite);
        await TestLog.WriteAsync(world, 2);
        world.Streams.Answer = new StreamAnswer(StreamFate.Rejected, "PartialSuccess: 1 log records rejected");
        Assert.Equal(StreamTurn.Paused, await TurnAsync(world));
        world.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(StreamTurn.Idle, await TurnAsync(world));
        var row = await RowAsync(world);
        Assert.Equal((0L, "PartialSuccess: 1 log records rejected"), (row.Next, row.LastFault));
        await TestLog.SealAsync(world);
        var paused = await world.ReadAsync(db => db.AuditEvents.AsNoTracking().SingleAsync(e => e.Code == "audit.stream_paused", Ct));
        Assert.Equal(("siem", "at position 0: PartialSuccess: 1 log records rejected"), (paused.Reason, paused.Comment));

        // Past what the receiver will not have, or once more: whoever decides says so.
        world.Streams.Answer = StreamAnswer.Delivered;
        Assert.Equal(3, (await ReplayAsync(world, 3)).Value);
        Assert.Equal(StreamTurn.Delivered, await TurnAsync(world));
        Assert.Equal(3, world.Streams.Tried[^1].Events[0].Position);
    }

    [Theory, BothDatabases]
    public async Task A_replay_while_a_message_is_under_way_is_what_counts_and_its_messages_are_new_ones(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await TurnAsync(world);
        await TestLog.WriteAsync(world, 4);
        world.Streams.Meanwhile = async () => Assert.Empty((await ReplayAsync(world, 0)).Refusals);
        Assert.Equal(StreamTurn.Idle, await TurnAsync(world));
        Assert.Equal(0, (await RowAsync(world)).Next);
        await TurnAsync(world);
        Assert.Equal([0L, 1, 2, 3, 4], world.Streams.Tried[^1].Events.Select(e => e.Position));
        Assert.Equal(0, (await ReplayAsync(world, 0)).Value);
        await TurnAsync(world);
        Assert.NotEqual(world.Streams.Tried[^1].Id(), world.Streams.Tried[^2].Id());

        Assert.Equal(RefusalCode.StreamUnknown, (await world.Get<ReplayStream>().ExecuteAsync(new StreamReplay("other", 0), Actor.System, Ct)).Refusals.Single().Code);
        Assert.Equal(RefusalCode.StreamPositionUnknown, (await ReplayAsync(world, 6)).Refusals.Single().Code);
        Assert.Equal(RefusalCode.StreamPositionUnknown, (await ReplayAsync(world, -1)).Refusals.Single().Code);
    }

    [Theory, BothDatabases]
    public async Task What_retention_took_is_sent_as_a_hash_and_says_so(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind);
        await TestLog.WriteAsync(world, 2);
        await using (var db = world.OpenDb())
            await db.AuditEvents.Where(e => e.Comment == "event 0 “ü”").ExecuteDeleteAsync(Ct);
        await TurnAsync(world);
        var events = Parsed(world.Streams.Tried.Single()).GetProperty("data").GetProperty("events");
        Assert.True(events[1].GetProperty("pruned").GetBoolean());
        Assert.False(events[1].TryGetProperty("event", out _));
        Assert.Equal(64, events[1].GetProperty("leaf_hash").GetString()!.Length);
        Assert.True(events[2].TryGetProperty("event", out _));
    }

    [Fact]
    public async Task A_stream_that_lags_for_five_minutes_needs_somebody()
    {
        await using var world = await OpenAsync(DatabaseKind.Sqlite);
        world.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Empty((await world.Get<MeasureStreams>().ExecuteAsync(Actor.System, Ct)).Value);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(301), Assert.Single((await world.Get<MeasureStreams>().ExecuteAsync(Actor.System, Ct)).Value).Lag(world.Clock.GetUtcNow()));
        await TurnAsync(world);
        Assert.Empty((await world.Get<MeasureStreams>().ExecuteAsync(Actor.System, Ct)).Value);
    }

    /// <summary>A stream whose opening is the one event of the log.</summary>
    private static async Task<PortalWorld> OpenAsync(DatabaseKind kind)
    {
        var world = await PortalWorld.OpenAsync(kind, empty: true);
        await world.Get<OpenStreams>().ExecuteAsync(Actor.System, Ct);
        await TestLog.SealAsync(world);
        return world;
    }

    private static async Task<StreamTurn> TurnAsync(PortalWorld world, DeliverStream? deliver = null) =>
        (await (deliver ?? world.Get<DeliverStream>()).ExecuteAsync(FakeStreamSender.Siem, Actor.System, Ct)).Value;

    private static DeliverStream Another(PortalWorld world) => new(
        world.Get<IDbContextFactory<PortalDb>>(), world.Streams, new StreamOptions([FakeStreamSender.Siem]) { Holder = "another" }, world.Get<StreamMeter>(), world.DatabaseClock, world.Get<ClockWatch>(), new Random(2));

    private static Task<Result<long>> ReplayAsync(PortalWorld world, long? from) => world.Get<ReplayStream>().ExecuteAsync(new StreamReplay("siem", from), Actor.System, Ct);

    private static Task<AuditStream> RowAsync(PortalWorld world) => world.ReadAsync(db => db.AuditStreams.AsNoTracking().SingleAsync(Ct));

    private static JsonElement Parsed(StreamMessage message) => JsonDocument.Parse(message.ToJson()).RootElement;
}
