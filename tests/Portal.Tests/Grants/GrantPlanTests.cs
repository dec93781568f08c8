using Portal.Core.Approvals;
using Portal.Core.Grants;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Grants are kept for years, and few of them live. What shows the few must not walk through the years.</summary>
public sealed class GrantPlanTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, "IX_Grants_MineNotEnded (PrincipalObjectId=? AND PrincipalTenantId=?)")]
    [InlineData(true, "IX_Grants_PrincipalObjectId_Id (PrincipalObjectId=?)")]
    public async Task My_access_is_found_by_an_index_that_holds_it_in_order(bool ended, string index)
    {
        await using var world = await PortalWorld.OpenAsync();
        var mira = await world.IdentifyAsync(Company.Mira);
        var steps = await QueryPlans.OnAsync("Grants", world, () => world.Get<ListGrants>().ExecuteAsync(new GrantQuery(GrantAudience.Mine, ended), mira, Ct));
        Assert.EndsWith($"USING INDEX {index}", Assert.Single(steps), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_next_page_begins_where_the_last_one_ended()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.LedgerPassword));
        var mira = await world.IdentifyAsync(Company.Mira);
        var first = await world.Get<ListGrants>().ExecuteAsync(new GrantQuery(Take: 1), mira, Ct);
        var steps = await QueryPlans.OnAsync("Grants", world, () => world.Get<ListGrants>().ExecuteAsync(new GrantQuery(After: first.Value.Next, Take: 1), mira, Ct));
        Assert.EndsWith("USING INDEX IX_Grants_MineNotEnded (PrincipalObjectId=? AND PrincipalTenantId=? AND Id<?)", Assert.Single(steps), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "IX_Grants_AllNotEnded")]
    [InlineData(true, "IX_Grants_AllEnded")]
    public async Task Everybodys_access_is_found_by_an_index_that_holds_it_in_order(bool ended, string index)
    {
        await using var world = await PortalWorld.OpenAsync();
        var auditor = await world.IdentifyAsync(Company.Tomas);
        var steps = await QueryPlans.OnAsync("Grants", world, () => world.Get<ListGrants>().ExecuteAsync(new GrantQuery(GrantAudience.Everyone, ended), auditor, Ct));
        Assert.EndsWith($"USING INDEX {index}", Assert.Single(steps), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_someone_holds_and_held_is_found_by_indexes_of_it()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        var priya = await world.IdentifyAsync(Company.Priya);
        var steps = await QueryPlans.OnAsync("Grants", world, () => world.Get<GetRequest>().ExecuteAsync(asked.Reference, priya, Ct));
        Assert.Collection(
            steps,
            own => Assert.EndsWith("USING INDEX IX_Grants_RequestId (RequestId=?)", own, StringComparison.Ordinal),
            holds => Assert.EndsWith("USING INDEX IX_Grants_HeldNow (PrincipalObjectId=?)", holds, StringComparison.Ordinal),
            held => Assert.EndsWith("USING INDEX IX_Grants_Scope_PrincipalObjectId_Id (Scope=? AND PrincipalObjectId=?)", held, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_catalog_finds_what_one_holds_among_what_has_not_ended()
    {
        await using var world = await PortalWorld.OpenAsync();
        var mira = await world.IdentifyAsync(Company.Mira);
        var steps = await QueryPlans.OnAsync("Grants", world, () => world.Get<BrowseCatalog>().ExecuteAsync(new CatalogQuery(), mira, Ct));
        Assert.Contains("IX_Grants_HeldNow", steps[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_preview_of_a_request_finds_it_there_too()
    {
        await using var world = await PortalWorld.OpenAsync();
        var mira = await world.IdentifyAsync(Company.Mira);
        var steps = await QueryPlans.OnAsync("Grants", world, () => world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), mira, Ct));
        Assert.Contains("IX_Grants_HeldNow", Assert.Single(steps), StringComparison.Ordinal);
    }
}
