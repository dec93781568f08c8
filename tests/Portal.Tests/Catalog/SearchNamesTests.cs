using Portal.Core.Catalog;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Catalog;

/// <summary>Names are proposed by any part of them, also those of what is gone.</summary>
public sealed class SearchNamesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [BothDatabases]
    public async Task Vaults_and_the_secrets_of_one_are_found_by_a_part_whatever_its_capitals(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        Assert.Equal(["kv-legacy-erp", "kv-logistics-prod", "kv-payments-prod", "kv-platform-prod"], await FindAsync(world, new NameQuery("")));
        Assert.Equal(["kv-logistics-prod", "kv-payments-prod", "kv-platform-prod"], await FindAsync(world, new NameQuery("-PROD")));
        Assert.Equal(["ledger-db-password", "old-gateway-key", "stripe-api-key"], await FindAsync(world, new NameQuery("", "kv-payments-prod")));
        Assert.Equal(["old-gateway-key", "stripe-api-key"], await FindAsync(world, new NameQuery("-Key", "kv-payments-prod")));
        Assert.Empty(await FindAsync(world, new NameQuery("carrier", "kv-payments-prod")));
    }

    [Theory]
    [BothDatabases]
    public async Task What_is_gone_is_found_and_no_character_has_a_meaning(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Inventory.RemoveVault(Company.LegacyVault);
        Assert.True((await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Succeeded);
        Assert.Equal(["kv-legacy-erp"], await FindAsync(world, new NameQuery("legacy")));
        Assert.Equal(["erp-admin"], await FindAsync(world, new NameQuery("", "kv-legacy-erp")));
        foreach (var text in (string[])["%", "_", "k%", "'", "\\", "a\0", new string('k', 201)])
            Assert.Empty(await FindAsync(world, new NameQuery(text)));
        Assert.Empty(await FindAsync(world, new NameQuery("", "%")));
    }

    private static async Task<IReadOnlyList<string>> FindAsync(PortalWorld world, NameQuery query) =>
        (await world.Get<SearchNames>().ExecuteAsync(query, await world.IdentifyAsync(Company.Ingrid), Ct)).Value;
}
