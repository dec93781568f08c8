using Bunit;
using Portal.Core.Approvals;
using Portal.Tests.World;
using Portal.Web.Approvals;

namespace Portal.Tests.Web;

/// <summary>What an approver reads at a glance of the one who asks has to be true.</summary>
public sealed class InboxEntryTests : RequestScreen
{
    [Theory]
    [InlineData(1, 0, 0, "Holds 1 now, never held this before")]
    [InlineData(1, 2, 1, "Holds 1 now and 2 later, held this once before")]
    [InlineData(0, 1, 3, "Holds nothing now and 1 later, held this 3 times before")]
    [InlineData(0, 0, 2, "Holds nothing now, held this 2 times before")]
    [InlineData(10, 0, 10, "Holds 10+ now, held this 10+ times before")]
    [InlineData(7, 3, 0, "Holds 7+ now and 3+ later, never held this before")]
    public async Task What_is_promised_for_later_is_not_held_now_and_what_was_not_counted_to_the_end_says_so(int now, int later, int before, string summary)
    {
        await using var world = await SeenByAsync(Company.Priya);
        var record = new RequesterRecord(
            [.. Enumerable.Repeat(Held(TimeSpan.Zero), now), .. Enumerable.Repeat(Held(TimeSpan.FromHours(1)), later)],
            [.. Enumerable.Repeat(Held(TimeSpan.FromDays(-1)) with { EndedAt = PortalWorld.Start.AddHours(-20) }, before)]);
        Assert.Equal(summary, Entry(record).Find("summary").TextContent);
    }

    [Fact]
    public async Task More_time_is_seen_to_be_more_time_however_much_else_is_held()
    {
        await using var world = await SeenByAsync(Company.Priya);
        for (var hour = 1; hour <= RequesterRecord.Most; hour++)
            await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword, start: PortalWorld.Start.AddHours(hour)));
        var held = await world.PromiseAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(14)));
        var more = await world.AskAsync();
        var inbox = await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(), await world.IdentifyAsync(Company.Priya), Xunit.TestContext.Current.CancellationToken);
        var record = Assert.Single(inbox.Value.Items, i => i.Id == more.RequestId).Requester!;
        Assert.Equal(held.EndsAt, record.HoldsThisUntil);
        Assert.EndsWith("asks for more time", Entry(record).Find("summary").TextContent, StringComparison.Ordinal);
    }

    private static HeldAccess Held(TimeSpan from) => new("R-AAAAAAA", "kv-payments-prod", "stripe-key", "Key Vault Secrets User", PortalWorld.Start + from, PortalWorld.Start + from + TimeSpan.FromHours(1), null);

    private IRenderedComponent<InboxEntry> Entry(RequesterRecord record) => Render<InboxEntry>(p => p.Add(e => e.Item, new InboxItem(
        Guid.NewGuid(), "R-BBBBBBB", "Mira Okafor", null, "kv-payments-prod", "stripe-key", "Key Vault Secrets User", TimeSpan.FromHours(1), null, "A reason.", null, "payments", PortalWorld.Start, PortalWorld.Start.AddHours(8), record, null)));
}
