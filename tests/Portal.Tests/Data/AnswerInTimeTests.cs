using Microsoft.Extensions.Time.Testing;
using Portal.Core.Data;

namespace Portal.Tests.Data;

/// <summary>An answer of the database that comes in time is taken, and one that comes later is not lost.</summary>
public sealed class AnswerInTimeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_that_comes_when_nobody_waits_any_more_is_told()
    {
        var answer = new TaskCompletionSource<int>();
        var late = new TaskCompletionSource<int>();
        var asking = AnswerInTime.AskAsync(_ => answer.Task, Limit, _clock, late.SetResult, Ct);
        _clock.Advance(Limit);
        await Assert.ThrowsAsync<NoAnswerException>(() => asking);

        answer.SetResult(7);
        Assert.Equal(7, await late.Task.WaitAsync(TimeSpan.FromMinutes(1), Ct));
    }

    [Fact]
    public async Task A_time_out_of_the_databases_own_is_no_missing_answer()
    {
        var asking = AnswerInTime.AskAsync<int>(_ => throw new TimeoutException("The client's own."), Limit, _clock, null, Ct);
        Assert.Equal("The client's own.", (await Assert.ThrowsAsync<TimeoutException>(() => asking)).Message);
    }

    [Fact]
    public async Task Who_is_not_waited_for_is_told_to_stop()
    {
        var stop = new TaskCompletionSource();
        var asking = AnswerInTime.AskAsync(
            async ct =>
            {
                await using var told = ct.Register(stop.SetResult);
                await Task.Delay(Timeout.InfiniteTimeSpan, ct);
                return 0;
            },
            Limit, _clock, null, Ct);
        _clock.Advance(Limit);
        await Assert.ThrowsAsync<NoAnswerException>(() => asking);
        await stop.Task.WaitAsync(TimeSpan.FromMinutes(1), Ct);
    }
}
