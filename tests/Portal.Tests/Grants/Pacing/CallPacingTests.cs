using Microsoft.Extensions.Time.Testing;
using Portal.Core;
using Portal.Core.Grants.Pacing;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Pacing;

/// <summary>How fast Resource Manager is called, with a clock that stands until it is moved.</summary>
public sealed class CallPacingTests
{
    private const string Sub = "11111111-0000-4000-8000-000000000001";

    private readonly FakeTimeProvider _clock = new();

    [Theory]
    [InlineData(CallKind.Read, 250, 25)]
    [InlineData(CallKind.Write, 200, 10)]
    [InlineData(CallKind.Delete, 200, 10)]
    public async Task A_bucket_starts_full_and_refills_at_the_published_rate(CallKind kind, int capacity, int perSecond)
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, kind, capacity);
        Assert.Equal(0, pacing.Room(Sub, kind));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(perSecond, pacing.Room(Sub, kind));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(capacity, pacing.Room(Sub, kind));
    }

    [Fact]
    public async Task Kinds_and_subscriptions_are_counted_apart()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Write, 200);
        Assert.Equal((0, 200, 250), (pacing.Room(Sub, CallKind.Write), pacing.Room(Sub, CallKind.Delete), pacing.Room(Sub, CallKind.Read)));
        Assert.Equal(200, pacing.Room("another", CallKind.Write));
        Assert.Equal(0, pacing.Room(Sub.ToUpperInvariant(), CallKind.Write));
    }

    [Fact]
    public async Task What_the_provider_says_is_left_counts_less_what_is_on_its_way()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Delete, 5);
        pacing.Answered(Fine(CallKind.Delete, remaining: 40));
        Assert.Equal(36, pacing.Room(Sub, CallKind.Delete));
        for (var call = 0; call < 4; call++)
            pacing.Answered(Fine(CallKind.Delete, remaining: 36));
        Assert.Equal(36, pacing.Room(Sub, CallKind.Delete));
    }

    [Fact]
    public async Task An_answer_that_was_overtaken_does_not_bring_back_what_was_taken_since()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Delete, 150);
        var slow = await pacing.EnterAsync(Sub, CallKind.Delete, Ct);
        for (var call = 0; call < 150; call++)
            pacing.Answered(Fine(CallKind.Delete, remaining: 100));
        var last = 0L;
        for (var call = 0; call < 40; call++)
            last = await pacing.EnterAsync(Sub, CallKind.Delete, Ct);
        for (var call = 0; call < 40; call++)
            pacing.Answered(Fine(CallKind.Delete, remaining: 9) with { Place = last });
        Assert.Equal(8, pacing.Room(Sub, CallKind.Delete));
        // It was the first to be carried out, and its answer is the last to come.
        pacing.Answered(Fine(CallKind.Delete, remaining: 49) with { Place = slow });
        Assert.Equal(8, pacing.Room(Sub, CallKind.Delete));
    }

    [Fact]
    public async Task Two_calls_that_change_places_on_their_way_do_not_leave_one_too_many()
    {
        var pacing = new CallPacing(_clock);
        var last = 0L;
        for (var call = 0; call < 198; call++)
            last = await pacing.EnterAsync(Sub, CallKind.Delete, Ct);
        for (var call = 0; call < 198; call++)
            pacing.Answered(Fine(CallKind.Delete, remaining: 2) with { Place = last });
        var first = await pacing.EnterAsync(Sub, CallKind.Delete, Ct);
        var second = await pacing.EnterAsync(Sub, CallKind.Delete, Ct);
        // The second came in before the first, so its answer counts one more; the first's answer came back before it.
        pacing.Answered(Fine(CallKind.Delete, remaining: 0) with { Place = first });
        pacing.Answered(Fine(CallKind.Delete, remaining: 1) with { Place = second });
        Assert.Equal(0, pacing.Room(Sub, CallKind.Delete));

        // What was counted too low is put right by the next answer.
        _clock.Advance(TimeSpan.FromSeconds(1));
        var third = await pacing.EnterAsync(Sub, CallKind.Delete, Ct);
        pacing.Answered(Fine(CallKind.Delete, remaining: 9) with { Place = third });
        Assert.Equal(9, pacing.Room(Sub, CallKind.Delete));
    }

    [Fact]
    public async Task A_provider_that_counts_otherwise_does_not_make_the_bucket_larger_than_it_is()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Write, 1);
        pacing.Answered(Fine(CallKind.Write, remaining: 11_999));
        Assert.Equal(200, pacing.Room(Sub, CallKind.Write));
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(3600, 3600)]
    [InlineData(86_400, 3600)]
    public async Task Retry_After_pauses_the_kind_it_was_said_of_and_no_other(int asked, int paused)
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Write, 1);
        pacing.Answered(Throttled(CallKind.Write, TimeSpan.FromSeconds(asked)));
        _clock.Advance(TimeSpan.FromSeconds(paused) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, pacing.Room(Sub, CallKind.Write));
        Assert.Equal(200, pacing.Room(Sub, CallKind.Delete));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(pacing.Room(Sub, CallKind.Write) > 0);
    }

    [Fact]
    public async Task A_429_that_asks_for_no_wait_still_empties_the_bucket()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Delete, 1);
        pacing.Answered(Throttled(CallKind.Delete, TimeSpan.Zero));
        Assert.Equal(0, pacing.Room(Sub, CallKind.Delete));
        Assert.Equal(TimeSpan.FromSeconds(0.1), pacing.WaitFor(Sub, CallKind.Delete));
    }

    [Fact]
    public async Task A_429_that_says_nothing_is_given_twice_the_time_at_each_repetition_up_to_a_minute()
    {
        var pacing = new CallPacing(_clock);
        var waits = new List<double>();
        for (var call = 0; call < 9; call++)
        {
            await SendAsync(pacing, CallKind.Write, 1);
            pacing.Answered(Throttled(CallKind.Write, null));
            var wait = pacing.WaitFor(Sub, CallKind.Write);
            waits.Add(wait.TotalSeconds);
            _clock.Advance(wait);
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60, 60], waits);
    }

    [Fact]
    public async Task A_shorter_wait_said_later_does_not_shorten_a_longer_one()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Write, 3);
        pacing.Answered(Throttled(CallKind.Write, TimeSpan.FromSeconds(30)));
        pacing.Answered(Throttled(CallKind.Write, TimeSpan.FromSeconds(2)));
        pacing.Answered(Fine(CallKind.Write, remaining: 150));
        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(0, pacing.Room(Sub, CallKind.Write));
    }

    [Fact]
    public async Task A_turn_that_is_too_far_off_is_refused_with_the_time_to_come_back_and_nothing_is_sent()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Write, 1);
        pacing.Answered(Throttled(CallKind.Write, TimeSpan.FromSeconds(40)));
        var refused = await Assert.ThrowsAsync<CloudCallException>(() => pacing.EnterAsync(Sub, CallKind.Write, Ct));
        Assert.Equal((CallPacing.PacedCode, true, TimeSpan.FromSeconds(40)), (refused.Code, refused.IsTransient, refused.RetryAfter));
        await pacing.EnterAsync(Sub, CallKind.Delete, Ct);
    }

    [Fact]
    public async Task A_turn_that_is_near_is_waited_for()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Delete, 200);
        var entering = pacing.EnterAsync(Sub, CallKind.Delete, Ct);
        Assert.False(entering.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await entering.WaitAsync(TimeSpan.FromSeconds(30), Ct);
    }

    [Fact]
    public async Task However_many_callers_press_no_more_leave_than_the_provider_takes()
    {
        var pacing = new CallPacing(_clock);
        var sent = 0;
        for (var tenth = 0; tenth < 300; tenth++)
        {
            while (pacing.WaitFor(Sub, CallKind.Delete) == TimeSpan.Zero)
            {
                await pacing.EnterAsync(Sub, CallKind.Delete, Ct);
                pacing.Answered(Fine(CallKind.Delete, null));
                sent++;
            }

            _clock.Advance(TimeSpan.FromSeconds(0.1));
        }

        // 200 at once, then 10 a second for the 29.9 seconds between the first and the last look.
        Assert.InRange(sent, 497, 499);
    }

    [Fact]
    public async Task A_jump_of_the_wall_clock_gives_no_tokens_and_lifts_no_pause()
    {
        var clock = new JumpingClock();
        var pacing = new CallPacing(clock);
        await SendAsync(pacing, CallKind.Delete, 200);
        pacing.Answered(Throttled(CallKind.Delete, TimeSpan.FromSeconds(10)));
        clock.Jump(TimeSpan.FromHours(24));
        Assert.Equal(0, pacing.Room(Sub, CallKind.Delete));
        clock.Jump(TimeSpan.FromHours(-48));
        clock.Pass(TimeSpan.FromSeconds(11));
        Assert.True(pacing.Room(Sub, CallKind.Delete) > 0);
    }

    [Fact]
    public async Task Operators_see_what_is_left_the_pause_and_the_last_429()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Write, 60);
        await SendAsync(pacing, CallKind.Delete, 1);
        pacing.Answered(Throttled(CallKind.Delete, TimeSpan.FromSeconds(30)));
        pacing.Unanswered(Sub, CallKind.Write, gaveUp: false);
        var seen = Assert.Single(pacing.Snapshot());
        Assert.Equal((Sub, true, 140, 250), (seen.SubscriptionId, seen.Silent, seen.Writes.TokensLeft, seen.Reads.TokensLeft));
        Assert.Equal((0, 200, _clock.GetUtcNow().AddSeconds(30), _clock.GetUtcNow()), (seen.Deletes.TokensLeft, seen.Deletes.Capacity, seen.Deletes.PausedUntil, seen.Deletes.LastThrottledAt));
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(Assert.Single(pacing.Snapshot()).Deletes.PausedUntil);
    }

    [Fact]
    public async Task A_subscription_is_silent_until_it_answers_again()
    {
        var pacing = new CallPacing(_clock);
        await SendAsync(pacing, CallKind.Read, 2);
        pacing.Unanswered(Sub, CallKind.Read, gaveUp: true);
        Assert.False(pacing.IsSilent(Sub));
        pacing.Unanswered(Sub, CallKind.Read, gaveUp: false);
        Assert.True(pacing.IsSilent(Sub));
        pacing.Answered(Fine(CallKind.Read, null));
        Assert.False(pacing.IsSilent(Sub));
    }

    private static async Task SendAsync(CallPacing pacing, CallKind kind, int calls)
    {
        for (var call = 0; call < calls; call++)
            await pacing.EnterAsync(Sub, kind, Ct);
    }

    private static CallAnswer Fine(CallKind kind, int? remaining) => new(Sub, kind, Throttled: false, remaining, RetryAfter: null);

    private static CallAnswer Throttled(CallKind kind, TimeSpan? retryAfter) => new(Sub, kind, Throttled: true, Remaining: null, retryAfter);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
