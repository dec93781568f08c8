using Portal.Core.Data;
using Portal.Migrations.Sqlite;

namespace Portal.Tests.Data;

/// <summary>Who waits for the disk together, and that nobody is told of more than the disk has taken.</summary>
public sealed class SharedSyncTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_64_callers_none_is_answered_before_a_sync_that_began_after_its_commit()
    {
        var time = 0;
        var syncs = new List<(int Began, int Ended)>();
        var shared = new SharedSync(() =>
        {
            var began = Interlocked.Increment(ref time);
            Thread.Yield();
            syncs.Add((began, Interlocked.Increment(ref time)));
        });
        var gate = new SemaphoreSlim(1, 1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            var mine = new List<(int Committed, int Answered)>();
            for (var i = 0; i < 50; i++)
            {
                var committed = await WriteAsync(shared, gate, () => Interlocked.Increment(ref time));
                await shared.WaitAsync();
                mine.Add((committed, Interlocked.Increment(ref time)));
            }

            return mine;
        }, Ct)));

        Assert.All(answers.SelectMany(a => a), a => Assert.Contains(syncs, s => s.Began > a.Committed && s.Ended < a.Answered));
        Assert.True(syncs.Zip(syncs.Skip(1)).All(pair => pair.First.Ended < pair.Second.Began), "Two syncs ran at once.");
    }

    [Fact]
    public async Task Whoever_comes_while_a_sync_is_under_way_shares_the_next_one()
    {
        using var disk = new ManualResetEventSlim();
        using var under = new ManualResetEventSlim();
        var syncs = 0;
        var shared = new SharedSync(() =>
        {
            Interlocked.Increment(ref syncs);
            under.Set();
            disk.Wait(Ct);
        });
        var gate = new SemaphoreSlim(1, 1);
        await WriteAsync(shared, gate);
        var first = Task.Run(shared.WaitAsync, Ct);
        under.Wait(Ct);
        var others = new List<Task>();
        for (var i = 0; i < 63; i++)
        {
            await WriteAsync(shared, gate);
            others.Add(shared.WaitAsync());
        }

        Assert.DoesNotContain(others, o => o.IsCompleted);
        disk.Set();
        await Task.WhenAll([first, .. others]);
        Assert.Equal(2, syncs);
    }

    [Fact]
    public async Task Whoever_reads_waits_for_what_is_being_written_since_it_may_be_seen_already()
    {
        var syncs = 0;
        var shared = new SharedSync(() => syncs++);
        await shared.WaitAsync();
        Assert.Equal(0, syncs);

        shared.Begin();
        await shared.WaitAsync();
        Assert.Equal(1, syncs);
        shared.End();
        await shared.WaitAsync();
        Assert.Equal(2, syncs);
        await shared.WaitAsync();
        Assert.Equal(2, syncs);
    }

    [Fact]
    public async Task After_a_sync_that_failed_nothing_is_called_durable_and_nothing_is_written_any_more()
    {
        using var disk = new ManualResetEventSlim();
        using var under = new ManualResetEventSlim();
        var syncs = 0;
        var shared = new SharedSync(() =>
        {
            syncs++;
            under.Set();
            disk.Wait(Ct);
            throw new IOException("Input/output error");
        });
        var gate = new SemaphoreSlim(1, 1);
        await WriteAsync(shared, gate);
        var first = Task.Run(shared.WaitAsync, Ct);
        under.Wait(Ct);
        await WriteAsync(shared, gate);
        var second = shared.WaitAsync();
        disk.Set();

        Assert.IsType<IOException>((await Assert.ThrowsAsync<DurabilityLostException>(() => first)).InnerException);
        await Assert.ThrowsAsync<DurabilityLostException>(() => second);
        Assert.Throws<DurabilityLostException>(shared.Begin);
        Assert.Throws<DurabilityLostException>(shared.ThrowIfLost);
        await Assert.ThrowsAsync<DurabilityLostException>(shared.WaitAsync);
        Assert.Equal(1, syncs);
    }

    private static async Task<int> WriteAsync(SharedSync shared, SemaphoreSlim gate, Func<int>? commit = null)
    {
        await gate.WaitAsync(Ct);
        try
        {
            shared.Begin();
            var committed = commit?.Invoke() ?? 0;
            shared.End();
            return committed;
        }
        finally
        {
            gate.Release();
        }
    }
}
