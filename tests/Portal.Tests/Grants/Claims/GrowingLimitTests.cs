using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Claims;

/// <summary>How long an answer of the database is waited for.</summary>
public sealed class GrowingLimitTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void It_doubles_up_to_the_most_and_goes_back_when_an_answer_comes_within_the_least()
    {
        var limit = new GrowingLimit(5 * Second, 30 * Second);
        Assert.Equal(5 * Second, limit.Now);
        foreach (var expected in new[] { 10, 20, 30, 30 })
        {
            limit.Unanswered(limit.Now);
            Assert.Equal(expected * Second, limit.Now);
        }

        limit.Answered(6 * Second);
        Assert.Equal(30 * Second, limit.Now);
        limit.Answered(4 * Second);
        Assert.Equal(5 * Second, limit.Now);
    }

    [Fact]
    public void Several_that_hang_at_once_count_once()
    {
        var limit = new GrowingLimit(5 * Second, 30 * Second);
        limit.Unanswered(5 * Second);
        limit.Unanswered(5 * Second);
        Assert.Equal(10 * Second, limit.Now);
    }

    [Fact]
    public void It_is_never_less_than_the_least()
    {
        var limit = new GrowingLimit(5 * Second, Second);
        limit.Unanswered(limit.Now);
        Assert.Equal(5 * Second, limit.Now);
    }

    [Fact]
    public async Task Reads_that_are_quick_say_nothing_of_saves()
    {
        await using var world = await PortalWorld.OpenAsync(DatabaseKind.PostgreSql);
        var database = world.Get<DatabaseInTime>();
        var limit = new GrantPace().LookLimit;
        var hangs = new TaskCompletionSource<int>();
        var first = database.SaveAsync(_ => hangs.Task, Ct);
        world.Clock.Advance(limit);
        await Assert.ThrowsAsync<NoAnswerException>(() => first);
        Assert.Equal(1, await database.ReadAsync(_ => Task.FromResult(1), Ct));

        var second = database.SaveAsync(_ => hangs.Task, Ct);
        world.Clock.Advance(limit);
        Assert.False(second.IsCompleted);
        world.Clock.Advance(limit);
        await Assert.ThrowsAsync<NoAnswerException>(() => second);
    }
}
