using Microsoft.EntityFrameworkCore;
using Portal.Core;
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

    [Theory, BothDatabases]
    public async Task A_subscription_that_cannot_be_listed_keeps_what_was_known_of_it_and_holds_up_no_other(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var elsewhere = Company.VaultId("kv-elsewhere").Replace(ArmId.SubscriptionOf(Company.PaymentsVault), "9e10c0de-2222-4000-8000-00000000c009", StringComparison.Ordinal);
        world.Inventory.AddVaultAt(elsewhere, "kv-elsewhere", secrets: FakeVaultInventory.Secret("found"));
        world.Inventory.Unlisted.Add(ArmId.SubscriptionOf(Company.PaymentsVault));

        var sync = (await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Value;

        Assert.Equal((1, 1, 1, 0), (sync.FailedSubscriptions, sync.Vaults, sync.NewVaults, sync.Unlisted));
        var vaults = await world.ReadAsync(db => db.Vaults.AsNoTracking().ToListAsync(Ct));
        Assert.Equal(5, vaults.Count);
        Assert.All(vaults, vault => Assert.Null(vault.GoneAt));
    }

    [Theory]
    [InlineData("AccessPolicyVault", null)]
    [InlineData("NoAnswer", null)]
    public async Task Vaults_that_cannot_be_listed_hold_up_no_other_of_their_subscription(string code, int? status)
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        for (var n = 0; n < 5; n++)
            world.Inventory.AddVault($"kv-bad-{n}");
        world.Inventory.AddVault("kv-good", secrets: FakeVaultInventory.Secret("good"));
        world.Inventory.FailSecrets = vault => vault.Name.StartsWith("kv-bad", StringComparison.Ordinal) ? new CloudCallException(code, "No.", status, isTransient: false) : null;
        Assert.Equal(5, (await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Value.Unlisted);
        Assert.True(await world.ReadAsync(db => db.Secrets.AnyAsync(s => s.Name == "good", Ct)));
        Assert.Equal(5, await world.ReadAsync(db => db.Vaults.CountAsync(v => v.ListingFault == code, Ct)));
    }

    [Theory, BothDatabases]
    public async Task What_a_list_shows_twice_is_one_secret(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Inventory.AddVault("kv-twice", secrets: [FakeVaultInventory.Secret("same"), FakeVaultInventory.Secret("other"), FakeVaultInventory.Secret("Same")]);
        Assert.Equal(0, (await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Value.Unlisted);
        Assert.Equal(2, await world.ReadAsync(db => db.Secrets.CountAsync(s => s.ArmId.Contains("kv-twice"), Ct)));
    }

    [Theory, BothDatabases]
    public async Task A_vault_whose_secrets_the_database_does_not_take_holds_up_no_other(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Inventory.AddVault("kv-a-bad", secrets: new SecretSeen("bad", true, "text\0plain", null, new Dictionary<string, string>()));
        world.Inventory.AddVault("kv-z-good", secrets: FakeVaultInventory.Secret("good"));
        // PostgreSQL takes no NUL in a text.
        Assert.Equal(kind == DatabaseKind.PostgreSql ? 1 : 0, (await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Value.Unlisted);
        Assert.True(await world.ReadAsync(db => db.Secrets.AnyAsync(s => s.Name == "good", Ct)));
    }

    private static async Task<int> NewAsync(PortalWorld world) => (await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Value.NewVaults;
}
