using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Approvals;

/// <summary>While the directory does not say in which groups somebody is, what rests on their groups is not answered: neither that nothing waits, nor that there is no such request, nor that they may not ask.</summary>
public sealed class UnknownStandingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task An_inbox_is_not_said_to_be_empty(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await world.AskAsync();
        var priya = await UnknownAsync(world, Company.Priya);
        Assert.Equal([RefusalCode.StandingUnknown], Codes(await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(), priya, Ct)));
        Assert.Equal([RefusalCode.StandingUnknown], Codes(await world.Get<CountInbox>().ExecuteAsync(priya, Ct)));
        // Who decides nothing has nothing waiting, whatever their groups.
        Assert.Equal(0, (await world.Get<CountInbox>().ExecuteAsync(await UnknownAsync(world, Company.Mira), Ct)).Value);
    }

    [Theory, BothDatabases]
    public async Task A_request_is_not_said_to_be_none_and_nobody_is_accused(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var reference = (await world.AskAsync()).Reference;
        var priya = await UnknownAsync(world, Company.Priya);
        Assert.Equal([RefusalCode.StandingUnknown], Codes(await world.Get<GetRequest>().ExecuteAsync(reference, priya, Ct)));
        // The same for one that does not exist: otherwise an outage would tell which ones do.
        Assert.Equal([RefusalCode.StandingUnknown], Codes(await world.Get<GetRequest>().ExecuteAsync("R-NOWHERE", priya, Ct)));
        Assert.DoesNotContain("identity.attempt_refused", await world.CodesAsync());
        // What does not rest on groups is shown as ever.
        Assert.True((await world.Get<GetRequest>().ExecuteAsync(reference, await UnknownAsync(world, Company.Mira), Ct)).Succeeded);
        Assert.True((await world.Get<GetRequest>().ExecuteAsync(reference, await UnknownAsync(world, Company.Ingrid), Ct)).Succeeded);
    }

    [Fact]
    public async Task A_decision_is_not_refused_as_another_teams()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        var priya = await UnknownAsync(world, Company.Priya);
        foreach (var verdict in Enum.GetValues<Verdict>())
            Assert.Equal([RefusalCode.StandingUnknown], Codes(await world.Get<DecideRequest>().ExecuteAsync(new DecisionInput(asked.RequestId, verdict, "No"), priya, Ct)));
    }

    [Fact]
    public async Task A_draft_is_not_said_to_be_somebody_elses_to_send()
    {
        await using var world = await PortalWorld.OpenAsync();
        var mira = await UnknownAsync(world, Company.Mira);
        Assert.Equal([RefusalCode.StandingUnknown], Codes(await world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), mira, Ct)));
    }

    [Fact]
    public async Task The_catalog_is_not_said_to_offer_nothing()
    {
        await using var world = await PortalWorld.OpenAsync();
        var mira = await UnknownAsync(world, Company.Mira);
        Assert.Equal([RefusalCode.StandingUnknown], Codes(await world.Get<BrowseCatalog>().ExecuteAsync(new CatalogQuery(OnlyMine: true), mira, Ct)));
        Assert.True((await world.Get<BrowseCatalog>().ExecuteAsync(new CatalogQuery(), mira, Ct)).Succeeded);
    }

    // As nearly always: the token brings roles and no groups.
    private static async Task<Actor> UnknownAsync(PortalWorld world, TestPerson who)
    {
        world.Directory.Fault = new CloudCallException("ServiceUnavailable", "Down.", 503, isTransient: true);
        var actor = await world.IdentifyAsync(who with { Groups = [] });
        world.Directory.Fault = null;
        return actor;
    }

    private static IEnumerable<string> Codes<T>(Result<T> result) => result.Refusals.Select(r => r.Code);
}
