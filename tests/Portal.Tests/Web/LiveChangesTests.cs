using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Core.Data;
using Portal.Web.Layout;

namespace Portal.Tests.Web;

public sealed class LiveChangesTests
{
    [Fact]
    public async Task A_change_that_arrives_while_a_redraw_fails_is_drawn_after_it()
    {
        var (feed, clock) = (new ChangeFeed(), new FakeTimeProvider());
        using var drawn = new SemaphoreSlim(0);
        var turns = 0;
        using var subscription = new LiveChanges(feed, clock, NullLogger<LiveChanges>.Instance).Subscribe(_ => true, () =>
        {
            if (++turns == 1)
            {
                feed.Publish(new PortalChange(ChangeKind.Grant));
                throw new InvalidOperationException("The first redraw fails.");
            }

            drawn.Release();
            return Task.CompletedTask;
        });

        feed.Publish(new PortalChange(ChangeKind.Grant));
        Assert.Equal(1, turns);
        // Not at once: what fails again and again is not tried without a pause.
        clock.Advance(LiveChanges.Quiet);
        await drawn.WaitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(2, turns);
    }

    [Fact]
    public void After_a_redraw_that_failed_the_next_change_is_drawn()
    {
        var (feed, clock) = (new ChangeFeed(), new FakeTimeProvider());
        var turns = 0;
        using var subscription = new LiveChanges(feed, clock, NullLogger<LiveChanges>.Instance).Subscribe(_ => true, () => ++turns == 1 ? throw new InvalidOperationException("The first redraw fails.") : Task.CompletedTask);
        feed.Publish(new PortalChange(ChangeKind.Grant));
        clock.Advance(LiveChanges.Quiet);
        feed.Publish(new PortalChange(ChangeKind.Grant));
        Assert.Equal(2, turns);
    }
}
