using Portal.Core.Data;
using Portal.Tests.World;

namespace Portal.Tests.Data;

/// <summary>The database's time as the portal keeps it, and how far this machine's clock is from others.</summary>
public sealed class ClockWatchTests
{
    private readonly JumpingClock _clock = new();

    [Fact]
    public void Before_anything_was_heard_it_is_the_machines_own_time_and_nothing_is_skewed()
    {
        var watch = new ClockWatch(_clock);
        Assert.Equal(PortalWorld.Start, watch.Now());
        Assert.Null(watch.Skew());
        Assert.Empty(watch.Readings());
    }

    [Theory]
    [InlineData(24)]
    [InlineData(-24)]
    public void The_time_is_the_databases_and_a_jump_of_the_machines_clock_does_not_move_it(int hours)
    {
        var watch = new ClockWatch(_clock);
        watch.HearDatabase(PortalWorld.Start.AddSeconds(2), _clock.GetTimestamp());
        _clock.Jump(TimeSpan.FromHours(hours));
        _clock.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(PortalWorld.Start.AddSeconds(3), watch.Now());
        Assert.Equal(ReferenceClock.Database, watch.Skew()?.Reference);
        Assert.Equal(TimeSpan.FromHours(-hours) + TimeSpan.FromSeconds(2), watch.Skew()!.Offset);
    }

    [Fact]
    public void A_machine_that_stalls_before_its_question_is_out_does_not_take_the_time_to_be_later_than_it_is()
    {
        var watch = new ClockWatch(_clock);
        var sent = _clock.GetTimestamp();
        // Three seconds until the question reaches the database, none until the answer is back.
        _clock.Pass(TimeSpan.FromSeconds(3));
        watch.HearDatabase(PortalWorld.Start.AddSeconds(3), sent);
        Assert.Equal(PortalWorld.Start.AddSeconds(3), watch.Now());
        Assert.Null(watch.Skew());
    }

    [Fact]
    public void An_answer_that_was_long_on_its_way_does_not_set_back_what_is_known_from_an_earlier_one()
    {
        var watch = new ClockWatch(_clock);
        watch.HearDatabase(PortalWorld.Start, _clock.GetTimestamp());
        var sent = _clock.GetTimestamp();
        // Read at once, and held up on the way back: whoever has begun to need a role meanwhile must not be taken for somebody to come.
        _clock.Pass(TimeSpan.FromSeconds(4));
        watch.HearDatabase(PortalWorld.Start, sent);
        Assert.Equal(PortalWorld.Start.AddSeconds(4), watch.Now());
    }

    [Fact]
    public void A_database_whose_clock_goes_back_a_day_is_not_followed_so_that_nothing_ends_later()
    {
        var watch = new ClockWatch(_clock);
        watch.HearDatabase(PortalWorld.Start, _clock.GetTimestamp());
        _clock.Pass(TimeSpan.FromMinutes(10));
        watch.HearDatabase(PortalWorld.Start.AddDays(-1).AddMinutes(10), _clock.GetTimestamp());
        Assert.Equal(PortalWorld.Start.AddMinutes(10), watch.Now());
        Assert.NotNull(watch.Skew());
        _clock.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal(PortalWorld.Start.AddMinutes(20), watch.Now());
    }

    [Fact]
    public void A_database_that_was_wrong_before_is_followed_back_once_Resource_Manager_agrees_with_it()
    {
        var watch = new ClockWatch(_clock);
        watch.HearDatabase(PortalWorld.Start.AddDays(1), _clock.GetTimestamp());
        watch.HearDatabase(PortalWorld.Start, _clock.GetTimestamp());
        Assert.Equal(PortalWorld.Start.AddDays(1), watch.Now());
        watch.HearResourceManager(PortalWorld.Start, _clock.GetTimestamp());
        watch.HearDatabase(PortalWorld.Start, _clock.GetTimestamp());
        Assert.Equal(PortalWorld.Start, watch.Now());
        Assert.Null(watch.Skew());
    }

    [Fact]
    public void A_database_whose_clock_goes_ahead_is_followed_and_access_is_no_longer_given()
    {
        var watch = new ClockWatch(_clock);
        watch.HearDatabase(PortalWorld.Start, _clock.GetTimestamp());
        watch.HearDatabase(PortalWorld.Start.AddDays(1), _clock.GetTimestamp());
        Assert.Equal(PortalWorld.Start.AddDays(1), watch.Now());
        Assert.Equal(TimeSpan.FromDays(1), watch.Skew()?.Offset);
    }

    [Fact]
    public void A_leap_second_or_a_small_correction_stops_the_time_for_a_moment_and_never_turns_it_back()
    {
        var watch = new ClockWatch(_clock);
        var before = PortalWorld.Start.AddSeconds(1);
        watch.HearDatabase(before, _clock.GetTimestamp());
        Assert.Equal(before, watch.Now());
        // The last second is counted twice.
        watch.HearDatabase(before.AddSeconds(-1), _clock.GetTimestamp());
        Assert.Equal(before, watch.Now());
        _clock.Pass(TimeSpan.FromSeconds(1.5));
        Assert.Equal(before.AddSeconds(0.5), watch.Now());
        Assert.Null(watch.Skew());
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(-5, false)]
    [InlineData(7, true)]
    [InlineData(-7, true)]
    public void More_than_five_seconds_from_Resource_Manager_are_too_many(int seconds, bool skewed)
    {
        var watch = new ClockWatch(_clock);
        watch.HearResourceManager(PortalWorld.Start.AddSeconds(seconds), _clock.GetTimestamp());
        Assert.Equal(skewed ? ReferenceClock.ResourceManager : null, watch.Skew()?.Reference);
    }

    [Fact]
    public void A_slow_answer_of_the_databases_is_no_step_back()
    {
        var watch = new ClockWatch(_clock);
        watch.HearDatabase(PortalWorld.Start, _clock.GetTimestamp());
        var sent = _clock.GetTimestamp();
        _clock.Pass(TimeSpan.FromSeconds(5.4));
        watch.HearResourceManager(PortalWorld.Start.AddSeconds(5), _clock.GetTimestamp());
        // Read when it came, and then 5.4 seconds on its way back.
        watch.HearDatabase(PortalWorld.Start, sent);
        Assert.Equal(0, watch.StepsBack);
        Assert.Equal(PortalWorld.Start.AddSeconds(5.4), watch.Now());
    }

    [Fact]
    public void A_slow_answer_is_no_skew()
    {
        var watch = new ClockWatch(_clock);
        var sent = _clock.GetTimestamp();
        // Dated when it was written, heard two minutes later.
        _clock.Pass(TimeSpan.FromMinutes(2));
        watch.HearResourceManager(PortalWorld.Start, sent);
        Assert.Null(watch.Skew());
    }

    [Fact]
    public void A_jump_is_noticed_before_anybody_answers_again()
    {
        var watch = new ClockWatch(_clock);
        watch.HearResourceManager(PortalWorld.Start, _clock.GetTimestamp());
        Assert.Null(watch.Skew());
        _clock.Jump(TimeSpan.FromHours(-24));
        Assert.Equal(ReferenceClock.ResourceManager, watch.Skew()?.Reference);
        _clock.Jump(TimeSpan.FromHours(24));
        Assert.Null(watch.Skew());
    }

    [Fact]
    public void What_Resource_Manager_said_long_ago_says_nothing_any_more()
    {
        var watch = new ClockWatch(_clock);
        watch.HearResourceManager(PortalWorld.Start.AddMinutes(3), _clock.GetTimestamp());
        Assert.NotNull(watch.Skew());
        _clock.Pass(TimeSpan.FromHours(1));
        Assert.Null(watch.Skew());
    }
}
