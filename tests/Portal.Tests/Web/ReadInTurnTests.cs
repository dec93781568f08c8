using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;
using Portal.Tests.World;
using Portal.Web.Components;
using Portal.Web.Grants;
using Portal.Web.Requests;

namespace Portal.Tests.Web;

/// <summary>Lists of which more is loaded while they are read anew, and while another one is chosen.</summary>
public sealed class ReadInTurnTests : RequestScreen
{
    // Dozens of rows are drawn anew; on a busy machine that takes more than the second that is waited for otherwise.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Loading_more_and_reading_anew_undo_nothing_of_each_other(bool moreFirst)
    {
        await using var world = await SeenByAsync(Company.Mira);
        await PromiseAsync(world, 1, 45);
        var page = Render<GrantsPage>();
        page.WaitForAssertion(() => Assert.Equal(20, page.FindAll(".grant-card").Count));
        world.Clock.Advance(TimeSpan.FromSeconds(2));
        var extra = await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(46)));

        var held = HoldReads(world, "\"Grants\"");
        Task more;
        if (moreFirst)
        {
            more = page.Find(".load-more button").ClickAsync(new());
            Hear();
        }
        else
        {
            Hear();
            more = page.Find(".load-more button").ClickAsync(new());
        }

        await GoOnAsync(world, held, more);
        page.WaitForAssertion(() => Assert.Contains(extra.RequestReference, page.Markup, StringComparison.Ordinal), Patience);
        page.WaitForAssertion(() => Assert.InRange(page.FindAll(".grant-card").Count, 40, 41), Patience);
        var shown = page.FindAll(".grant-card a[data-key]").Select(link => link.TextContent).ToList();
        Assert.Equal(shown.Count, shown.Distinct().Count());
    }

    [Fact]
    public async Task More_that_is_loaded_while_another_list_is_on_its_way_is_not_mixed_into_it()
    {
        await using var world = await SeenByAsync(Company.Mira);
        await world.AskAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        world.Clock.Advance(TimeSpan.FromSeconds(2));
        await PromiseAsync(world, 1, 25);
        var page = Render<RequestsPage>();
        page.WaitForAssertion(() => Assert.Equal(20, page.FindAll("tbody tr").Count));

        var held = HoldReads(world, "\"AccessRequests\"");
        var button = page.Find(".load-more button");
        Services.GetRequiredService<NavigationManager>().NavigateTo("/requests?state=pending");
        var more = button.ClickAsync(new());
        await GoOnAsync(world, held, more);
        page.WaitForAssertion(() => Assert.Single(page.FindAll("tbody tr")), Patience);
        Assert.Contains("ledger", page.Find("tbody tr").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll(".load-more button"));
    }

    [Fact]
    public async Task Who_comes_after_one_that_failed_reads_all_the_same()
    {
        var turns = new ReadInTurn();
        var first = new TaskCompletionSource();
        var read = new List<int>();
        var failing = turns.RunAsync(() => first.Task);
        var second = turns.RunAsync(() => { read.Add(2); return Task.CompletedTask; });
        var third = turns.RunAsync(() => { read.Add(3); return Task.CompletedTask; });
        Assert.Empty(read);

        first.SetException(new IOException("The disk is gone."));
        await Assert.ThrowsAsync<IOException>(() => failing);
        await Task.WhenAll(second, third);
        Assert.Equal([2, 3], read);
    }

    [Fact]
    public async Task Who_wants_the_whole_list_waits_for_a_read_that_has_not_begun_and_not_for_one_that_has()
    {
        var turns = new ReadInTurn();
        var reads = new Queue<TaskCompletionSource>();
        Task ReadAsync()
        {
            reads.Enqueue(new TaskCompletionSource());
            return reads.Last().Task;
        }

        var first = turns.RunOnceAsync(ReadAsync);
        var (second, third) = (turns.RunOnceAsync(ReadAsync), turns.RunOnceAsync(ReadAsync));
        Assert.Single(reads);
        reads.Dequeue().SetException(new IOException("The disk is gone."));
        await Assert.ThrowsAsync<IOException>(() => first);
        Assert.Single(reads);
        Assert.False(second.IsCompleted || third.IsCompleted);

        var fourth = turns.RunOnceAsync(ReadAsync);
        reads.Dequeue().SetResult();
        await Task.WhenAll(second, third);
        Assert.False(fourth.IsCompleted);
        Assert.Single(reads).SetResult();
        await fourth;
    }

    private static TaskCompletionSource HoldReads(PortalWorld world, string table)
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.DatabaseFaults.Hold = sql => sql.Contains(table, StringComparison.Ordinal) ? held.Task : null;
        return held;
    }

    private static async Task GoOnAsync(PortalWorld world, TaskCompletionSource held, Task more)
    {
        world.DatabaseFaults.Hold = null;
        held.SetResult();
        await more;
    }

    private static async Task PromiseAsync(PortalWorld world, int from, int to)
    {
        for (var hour = from; hour <= to; hour++)
            await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(hour)));
    }

    private void Hear() => Services.GetRequiredService<ChangeFeed>().Publish(new PortalChange(ChangeKind.Grant, null, Company.Mira.ObjectId));
}
