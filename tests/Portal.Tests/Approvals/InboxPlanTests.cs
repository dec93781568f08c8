using Microsoft.EntityFrameworkCore;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Approvals;

/// <summary>What waits is looked for on every page of an approver. With thousands that wait under other policies it must not walk through those.</summary>
public sealed class InboxPlanTests
{
    private static readonly DateTimeOffset Now = PortalWorld.Start;

    public static TheoryData<string, string> Lists { get; } = new()
    {
        { "inbox", "IX_AccessRequests_Inbox (PolicyId=? AND State=?)" },
        { "inbox, further on", "IX_AccessRequests_Inbox (PolicyId=? AND State=? AND Id>?)" },
    };

    // SQLite knows no figures about its tables; PostgreSQL does, and chooses by them.
    [Theory]
    [MemberData(nameof(Lists))]
    public async Task What_waits_is_found_by_the_index_that_holds_nothing_else(string list, string index)
    {
        await using var world = await PortalWorld.OpenAsync();
        await using var db = world.OpenDb();
        var (policy, self, last) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        var waiting = db.AccessRequests.Where(r => r.State == RequestState.Pending && r.PolicyId == policy && r.RequesterObjectId != self && r.LapsesAt > Now);
        if (list == "inbox, further on")
            waiting = waiting.Where(r => r.Id > last);
        await using var command = waiting.OrderBy(r => r.Id).Take(6).CreateDbCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + command.CommandText;
        await db.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.EndsWith($"USING INDEX {index}", reader.GetString(3), StringComparison.Ordinal);
        Assert.False(await reader.ReadAsync(TestContext.Current.CancellationToken));
    }
}
