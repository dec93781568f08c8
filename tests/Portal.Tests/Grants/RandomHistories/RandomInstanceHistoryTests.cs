using CsCheck;
using Portal.Tests.World;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>Random histories of two portals on one PostgreSQL database. Either stands still in the middle of a turn for longer than its claim holds, is cut off from the cloud or from the database, dies and is started anew, while the other goes on.</summary>
public sealed class RandomInstanceHistoryTests
{
    /// <summary>How long a take-over may last.</summary>
    private static readonly TimeSpan TakeOver = TimeSpan.FromSeconds(45);

    private abstract record Move(int Which);

    private sealed record Acts(int Which, HistoryStep Step) : Move(Which);

    private sealed record StandsStill(int Which, Standstill At, int Seconds, bool IsTold) : Move(Which);

    private sealed record IsCutOff(int Which, bool Cut) : Move(Which);

    private static readonly Gen<int> Either = Gen.Int[0, 1];

    private static readonly Gen<Move> Disturbance = Gen.Frequency(
        (3, Gen.Select(Either, Gen.Enum<Standstill>(), Gen.Int[5, 3000], Gen.Bool).Select((w, a, s, t) => (Move)new StandsStill(w, a, s, t))),
        (2, Gen.Select(Either, Gen.Bool.Select(c => c ? Standstill.CallGoing : Standstill.AnswerComing), Gen.Int[30, 3000], Gen.Bool).Select((w, a, s, t) => (Move)new StandsStill(w, a, s, t))),
        (1, Gen.Select(Either, Gen.Bool).Select((w, c) => (Move)new IsCutOff(w, c))));

    private static readonly Gen<Move> AnyMove = Gen.Frequency(
        (3, Gen.Select(Either, HistoryStep.Any).Select((w, s) => (Move)new Acts(w, s))),
        (1, Disturbance));

    // Nothing but what one of two can make up for.
    private static readonly Gen<Move> MadeUpFor = Gen.Frequency(
        (2, Gen.Select(Either, HistoryStep.Undisturbed).Select((w, s) => (Move)new Acts(w, s))),
        (1, Disturbance));

    [Fact]
    public Task Whatever_happens_to_either_assignments_settle_to_what_live_grants_need() => SampleAsync(AnyMove, 5, 25, LiveAsync, 10);

    [Fact]
    public Task While_one_of_two_gets_through_every_change_is_made_within_the_time_of_a_take_over() => SampleAsync(MadeUpFor, 4, 16, LiveOnOneOfTwoAsync, 5);

    private static async Task SampleAsync(Gen<Move> moves, int fewest, int most, Func<Move[], Task> live, int shortForm)
    {
        Assert.SkipWhen(PortalDatabase.WhyUnavailable(DatabaseKind.PostgreSql) is not null, PortalDatabase.WhyUnavailable(DatabaseKind.PostgreSql) ?? "");
        await moves.Array[fewest, most].SampleAsync(live, iter: Histories.Count(shortForm), threads: 2);
    }

    private static async Task LiveAsync(Move[] moves)
    {
        await using var world = await AssignmentHistory.OpenAsync(DatabaseKind.PostgreSql);
        var (history, pair) = (new AssignmentHistory(world), new InstancePair(world));
        foreach (var move in moves)
        {
            await DoAsync(world, history, pair, move);
            await pair.WorkAsync(move.Which);
            await history.EndsNeverMoveAsync();
        }

        pair.Heal(0);
        pair.Heal(1);
        await history.ComeToRestAsync(() => pair.WorkAsync());
    }

    private static async Task LiveOnOneOfTwoAsync(Move[] moves)
    {
        await using var world = await AssignmentHistory.OpenAsync(DatabaseKind.PostgreSql);
        var (history, pair) = (new AssignmentHistory(world), new InstancePair(world));
        foreach (var move in moves)
        {
            // One of them gets through.
            if (move is StandsStill or IsCutOff)
                pair.Heal(1 - move.Which);
            await DoAsync(world, history, pair, move);
            await pair.PassAsync(TakeOver, TimeSpan.FromSeconds(1));
            await history.SettledAsync(within: TakeOver);
            await history.EndsNeverMoveAsync();
        }
    }

    private static async Task DoAsync(PortalWorld world, AssignmentHistory history, InstancePair pair, Move move)
    {
        pair.ActAs(move.Which);
        switch (move)
        {
            case Acts { Step: HistoryStep.Outage outage }:
                await world.EndureOutageAsync(TimeSpan.FromSeconds(outage.Seconds), outage.AuditOnly, () => pair.OtherWorksAsync(move.Which));
                break;
            case Acts acts:
                await history.DoAsync(acts.Step);
                break;
            case StandsStill still:
                pair.StandStillNext(still.Which, still.At, TimeSpan.FromSeconds(still.Seconds), still.IsTold);
                break;
            case IsCutOff cut:
                pair[cut.Which].Line.IsCut = cut.Cut;
                break;
        }
    }
}
