using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Requests;

/// <summary>"What I may ask for" is the first thing that an engineer sees: it must not cost more, the less of a large catalog is theirs.</summary>
public sealed class BrowseMineTests
{
    private const int Many = 5000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task Three_of_five_thousand_are_found_with_few_queries(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await FillAsync(world, Company.PaymentsVault, Many);
        await OfferAsync(world, "s-00007", "s-02500", "s-04999");
        var (page, commands) = await BrowseAsync(world, Company.Mira);
        Assert.Equal(["s-00007", "s-02500", "s-04999"], page.Entries.Items.Select(e => e.Name));
        Assert.Null(page.Entries.Next);
        Assert.InRange(commands, 1, 20);
    }

    [Theory, BothDatabases]
    public async Task Vaults_where_nothing_can_be_given_are_not_looked_through_nor_is_anything_for_who_may_not_ask(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await FillAsync(world, Company.LockedVault, Many);
        var (mine, commands) = await BrowseAsync(world, Company.Mira);
        Assert.Equal(["ledger-db-password", "stripe-api-key"], mine.Entries.Items.Select(e => e.Name));
        Assert.InRange(commands, 1, 8);

        (mine, commands) = await BrowseAsync(world, Company.Tomas);
        Assert.Empty(mine.Entries.Items);
        Assert.InRange(commands, 1, 5);
    }

    [Fact]
    public async Task After_so_many_that_are_not_theirs_the_page_ends_and_the_next_one_goes_on()
    {
        await using var world = await PortalWorld.OpenAsync();
        await FillAsync(world, Company.PaymentsVault, (2 * BrowseCatalog.MostLookedAt) + 500);
        await OfferAsync(world, $"s-{(2 * BrowseCatalog.MostLookedAt) + 499:00000}");
        var found = new List<string>();
        var pages = 0;
        for (string? after = null; ; pages++)
        {
            var (page, commands) = await BrowseAsync(world, Company.Mira, after);
            Assert.InRange(commands, 1, 20);
            found.AddRange(page.Entries.Items.Select(e => e.Name));
            if ((after = page.Entries.Next) is null)
                break;
        }

        Assert.Equal(2, pages);
        Assert.Single(found);
    }

    [Theory, BothDatabases]
    public async Task Page_by_page_none_is_left_out_and_none_comes_twice(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        await FillAsync(world, Company.PaymentsVault, 60);
        await OfferAsync(world, "s-*5", "s-*7");
        var found = new List<string>();
        for (string? after = null; ;)
        {
            var (page, _) = await BrowseAsync(world, Company.Mira, after, take: 5);
            found.AddRange(page.Entries.Items.Select(e => e.Name));
            if ((after = page.Entries.Next) is null)
                break;
        }

        Assert.Equal(Enumerable.Range(0, 60).Where(i => i % 10 is 5 or 7).Select(i => $"s-{i:00000}"), found);
    }

    private static async Task FillAsync(PortalWorld world, string vaultId, int count)
    {
        await using var db = world.OpenDb();
        var vault = await db.Vaults.SingleAsync(v => v.ArmId == vaultId, Ct);
        db.Secrets.AddRange(Enumerable.Range(0, count).Select(i => new Secret(vault, FakeVaultInventory.Secret($"s-{i:00000}"), PortalWorld.Start)));
        await db.SaveChangesAsync(Ct);
    }

    private static Task OfferAsync(PortalWorld world, params string[] secrets) =>
        world.LoadPoliciesAsync([Company.Policies[0] with { Secrets = secrets }, .. Company.Policies.Skip(1)]);

    private static async Task<(CatalogPage Page, int Commands)> BrowseAsync(PortalWorld world, TestPerson who, string? after = null, int take = 20)
    {
        var actor = await world.IdentifyAsync(who);
        var commands = 0;
        world.DatabaseFaults.BreakCommand = _ =>
        {
            Interlocked.Increment(ref commands);
            return null;
        };
        var page = (await world.Get<BrowseCatalog>().ExecuteAsync(new CatalogQuery(OnlyMine: true, After: after, Take: take), actor, Ct)).Value;
        world.DatabaseFaults.BreakCommand = null;
        return (page, commands);
    }
}
