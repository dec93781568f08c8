using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Tests.World;

namespace Portal.Tests.Data;

/// <summary>One save at a time goes through to a SQLite file, and each lets the next one in however it ended.</summary>
public sealed class SqliteWriteGateTests
{
    [Fact]
    public async Task A_save_that_lost_against_another_lets_the_next_one_in()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        await using var first = world.OpenDb();
        await using var second = world.OpenDb();
        (await first.AccessRequests.SingleAsync(r => r.Id == asked.RequestId, TestContext.Current.CancellationToken)).Withdraw(PortalWorld.Start);
        (await second.AccessRequests.SingleAsync(r => r.Id == asked.RequestId, TestContext.Current.CancellationToken)).Withdraw(PortalWorld.Start);
        await first.SaveChangesAsync(TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => second.SaveChangesAsync(TestContext.Current.CancellationToken));

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await using var third = world.OpenDb();
        Assert.Equal(0, await third.SaveChangesAsync(patience.Token));
    }

    [Fact]
    public async Task A_turn_lets_its_own_saves_through_and_keeps_others_waiting_until_it_is_given_back()
    {
        await using var world = await PortalWorld.OpenAsync();
        await using var db = world.OpenDb();
        await using var other = world.OpenDb();
        Task waiting;
        using (await WriteTurn.TurnAsync(db, TestContext.Current.CancellationToken))
        {
            Assert.Equal(0, await db.SaveChangesAsync(TestContext.Current.CancellationToken));
            waiting = other.SaveChangesAsync(TestContext.Current.CancellationToken);
            await db.AccessPolicies.Where(p => p.RetiredAt != null).ExecuteDeleteAsync(TestContext.Current.CancellationToken);
            Assert.False(waiting.IsCompleted);
        }

        await waiting;
    }
}
