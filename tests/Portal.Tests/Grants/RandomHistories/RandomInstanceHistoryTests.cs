using CsCheck;
using Portal.Core.Catalog;
using Portal.Tests.World;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>Random histories of two portals on one PostgreSQL database. Either stands still in the middle of a turn for longer than its claim holds, is cut off from the cloud or from the database, dies and is started anew, while the other goes on.</summary>
public sealed class RandomInstanceHistoryTests
{
    /// <summary>How long a take-over may last.</summary>
    private static readonly TimeSpan TakeOver = TimeSpan.FromSeconds(45);

    private abstract record Move(int Which);

    private sealed record Acts(int Which, HistoryStep Step) : Move(Which);

    private sealed record Provides(int Which, ProviderStep Step) : Move(Which);

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

    private static readonly Gen<Move> AnyOfProvider = Gen.Frequency(
        (3, Gen.Select(Either, ProviderStep.Any).Select((w, s) => (Move)new Provides(w, s))),
        (1, Disturbance));

    // Nothing but what one of two can make up for.
    private static readonly Gen<Move> MadeUpFor = Gen.Frequency(
        (2, Gen.Select(Either, HistoryStep.Undisturbed).Select((w, s) => (Move)new Acts(w, s))),
        (1, Disturbance));

    [Fact]
    public Task Whatever_happens_to_either_assignments_settle_to_what_live_grants_need() => SampleAsync(AnyMove, 5, 25, LiveAsync, 10);

    [Fact]
    public Task While_one_of_two_gets_through_every_change_is_made_within_the_time_of_a_take_over() => SampleAsync(MadeUpFor, 4, 16, LiveOnOneOfTwoAsync, 5);

    [Fact]
    public Task Whatever_happens_to_either_everyone_is_in_the_group_exactly_while_a_live_grant_needs_it() =>
        SampleAsync(AnyOfProvider, 5, 25, moves => LiveAsync(moves, GrantProvider.GroupMembership), 5);

    [Fact]
    public Task Whatever_happens_to_either_everyone_has_a_schedule_exactly_while_a_live_grant_needs_it() =>
        SampleAsync(AnyOfProvider, 5, 25, moves => LiveAsync(moves, GrantProvider.PimSchedule), 5);

    private static async Task SampleAsync(Gen<Move> moves, int fewest, int most, Func<Move[], Task> live, int shortForm)
    {
        Assert.SkipWhen(PortalDatabase.WhyUnavailable(DatabaseKind.PostgreSql) is not null, PortalDatabase.WhyUnavailable(DatabaseKind.PostgreSql) ?? "");
        await moves.Array[fewest, most].SampleAsync(live, iter: Histories.Count(shortForm), threads: 2, print: Histories.Tell);
    }

    private static async Task LiveAsync(Move[] moves)
    {
        await using var world = await AssignmentHistory.OpenAsync(DatabaseKind.PostgreSql);
        var (history, pair) = (new AssignmentHistory(world), new InstancePair(world));
        foreach (var move in moves)
        {
            await DoAsync(history, pair, move);
            await pair.WorkAsync(move.Which);
            await history.EndsNeverMoveAsync();
        }

        pair.Heal(0);
        pair.Heal(1);
        await history.ComeToRestAsync(() => pair.WorkAsync());
    }

    private static async Task LiveAsync(Move[] moves, GrantProvider provider)
    {
        await using var world = await ProviderHistory.OpenAsync(provider, DatabaseKind.PostgreSql);
        var (history, pair) = (new ProviderHistory(world, provider), new InstancePair(world));
        pair.StandsStill += history.LoseSight;
        foreach (var move in moves)
        {
            await DoAsync(history, pair, move);
            await pair.WorkAsync(move.Which);
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
            await DoAsync(history, pair, move);
            await pair.PassAsync(TakeOver, TimeSpan.FromSeconds(1));
            await history.SettledAsync(within: TakeOver);
            await history.EndsNeverMoveAsync();
        }
    }

    private static Task DoAsync(ProviderHistory history, InstancePair pair, Move move)
    {
        pair.ActAs(move.Which);
        return move is Provides provides ? history.DoAsync(provides.Step, () => pair.OtherWorksAsync(move.Which)) : DisturbAsync(pair, move);
    }

    private static Task DoAsync(AssignmentHistory history, InstancePair pair, Move move)
    {
        pair.ActAs(move.Which);
        return move is Acts acts ? history.DoAsync(acts.Step, () => pair.OtherWorksAsync(move.Which)) : DisturbAsync(pair, move);
    }

    private static Task DisturbAsync(InstancePair pair, Move move)
    {
        switch (move)
        {
            case StandsStill still:
                pair.StandStillNext(still.Which, still.At, TimeSpan.FromSeconds(still.Seconds), still.IsTold);
                break;
            case IsCutOff cut:
                pair[cut.Which].Line.IsCut = cut.Cut;
                break;
        }

        return Task.CompletedTask;
    }
}
