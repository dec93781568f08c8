using Portal.Core.Catalog;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Catalog;

public sealed class SyncCatalogTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_vault_is_new_when_the_catalog_did_not_know_it_and_when_it_comes_back()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        Assert.Equal(4, await NewAsync(world));
        Assert.Equal(0, await NewAsync(world));

        world.Inventory.RemoveVault(Company.LegacyVault);
        Assert.Equal(0, await NewAsync(world));
        world.Inventory.AddVault("kv-legacy-erp");
        Assert.Equal(1, await NewAsync(world));
    }

    private static async Task<int> NewAsync(PortalWorld world) => (await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Value.NewVaults;
}
