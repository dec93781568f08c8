using Bunit;
using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit.Retention;
using Portal.Core.Identity;
using Portal.Tests.Web;
using Portal.Tests.World;
using Portal.Web.Audit;

namespace Portal.Tests.Audit;

/// <summary>However many holds there are, each can be seen and lifted.</summary>
public sealed class HoldListTests : BunitContext
{
    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task Every_hold_comes_once_those_that_stand_first(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await AddAsync(world, 203, lifted: 3);
        var read = new List<LegalHold>();
        string? next = null;
        do
        {
            var part = (await world.Get<ListHolds>().ExecuteAsync(new HoldQuery(next, 67), await world.IdentifyAsync(Company.Ingrid), Ct)).Value.Holds;
            read.AddRange(part.Items);
            next = part.Next;
        }
        while (next is not null);
        Assert.Equal(203, read.Select(hold => hold.Id).Distinct().Count());
        Assert.Equal(203, read.Count);
        Assert.All(read[..200], hold => Assert.Null(hold.LiftedAt));
        Assert.Equal(["Case 0", "Case 1", "Case 2"], read[200..].Select(hold => hold.Reason).Order(StringComparer.Ordinal));
        Assert.Equal(read[..200].Select(hold => hold.PlacedAt).OrderDescending(), read[..200].Select(hold => hold.PlacedAt));

        foreach (var mark in (string[])["nonsense", "aG9sZHM6c3RhbmRpbmcu"])
            Assert.Equal([RefusalCode.CursorUnreadable], (await world.Get<ListHolds>().ExecuteAsync(new HoldQuery(mark), await world.IdentifyAsync(Company.Ingrid), Ct)).Refusals.Select(refusal => refusal.Code));
    }

    [Fact]
    public async Task The_page_leads_to_the_first_that_was_placed_and_lifts_it()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        await AddAsync(world, 25, lifted: 0);
        var page = Render<HoldsPage>();
        page.WaitForAssertion(() => Assert.Equal(20, page.FindAll(".hold").Count));
        await page.Find(".load-more button").ClickAsync(new());
        Assert.Equal(25, page.FindAll(".hold").Count);
        Assert.Empty(page.FindAll(".load-more button"));

        var last = page.FindAll(".hold")[^1];
        Assert.Contains("Case 0", last.TextContent, StringComparison.Ordinal);
        await last.QuerySelector("input")!.ChangeAsync(new() { Value = "It is over" });
        await page.FindAll(".hold")[^1].QuerySelector("form")!.SubmitAsync();
        page.WaitForAssertion(() => Assert.Contains("It is over", page.FindAll(".hold")[^1].TextContent, StringComparison.Ordinal));
        Assert.Equal(25, page.FindAll(".hold").Count);
    }

    [Fact]
    public async Task A_hold_that_is_lifted_while_it_is_shown_comes_once_and_what_is_written_at_another_stays()
    {
        await using var world = await this.OpenForAsync(Company.Ingrid);
        await AddAsync(world, 25, lifted: 3);
        var page = Render<HoldsPage>();
        page.WaitForAssertion(() => Assert.Equal(20, page.FindAll(".hold").Count));
        var first = await world.ReadAsync(db => db.LegalHolds.Where(hold => hold.LiftedAt == null).OrderByDescending(hold => hold.Id).FirstAsync(Ct));
        await page.FindAll(".hold")[1].QuerySelector("input")!.ChangeAsync(new() { Value = "What took an hour to write" });

        Assert.True((await world.Get<LiftHold>().ExecuteAsync(new HoldLift(first.Id, "Lifted by somebody else"), await world.IdentifyAsync(Company.Ingrid), Ct)).Succeeded);
        await page.Find(".load-more button").ClickAsync(new());

        Assert.Equal(25, page.FindAll(".hold").Select(hold => hold.GetAttribute("aria-labelledby")).Distinct().Count());
        Assert.Equal(25, page.FindAll(".hold").Count);
        Assert.Contains("Lifted by somebody else", page.FindAll(".hold")[0].TextContent, StringComparison.Ordinal);
        Assert.Equal("What took an hour to write", page.FindAll(".hold")[1].QuerySelector("input")!.GetAttribute("value"));
        Assert.Empty(page.FindAll(".load-more button"));
    }

    private static Task AddAsync(PortalWorld world, int count, int lifted) => world.ReadAsync(async db =>
    {
        for (var number = 0; number < count; number++)
        {
            var at = world.Clock.GetUtcNow().AddSeconds(number);
            var hold = new LegalHold(new HoldSubject(HoldTarget.Request, $"R-{number}", RequestId: Guid.NewGuid()), $"Case {number}", Actor.System, at);
            if (number < lifted)
                hold.Lift("Done", Actor.System, at);
            db.LegalHolds.Add(hold);
        }

        return await db.SaveChangesAsync(Ct);
    });
}
