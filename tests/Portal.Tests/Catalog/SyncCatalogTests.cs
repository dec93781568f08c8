using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants.Operations;
using Portal.Core.Identity;
using Portal.Tests.World;
using Portal.Web.Hosting;

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

    [Fact]
    public async Task An_operator_learns_that_the_vaults_could_not_be_listed_and_that_they_can_be_again()
    {
        await using var world = await PortalWorld.OpenAsync();
        Assert.Equal((HealthStatus.Healthy, null), await HealthAsync(world));
        Assert.Null(await OnOperationsAsync(world));

        world.Inventory.Fault = new CloudCallException("AuthorizationFailed", "No.", 403, isTransient: false);
        await Assert.ThrowsAsync<CloudCallException>(() => world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct));
        var (status, said) = await HealthAsync(world);
        Assert.Equal(HealthStatus.Degraded, status);
        Assert.StartsWith("CatalogNotRead: the subscriptions could not be listed (AuthorizationFailed)", said, StringComparison.Ordinal);
        Assert.Equal(new CatalogProblem(CatalogProblemKind.Unreachable, "AuthorizationFailed", 0), await OnOperationsAsync(world));

        world.Inventory.Fault = null;
        world.Inventory.Unlisted.Add(ArmId.SubscriptionOf(Company.PaymentsVault));
        await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct);
        (status, said) = await HealthAsync(world);
        Assert.Equal(HealthStatus.Degraded, status);
        // Anybody may ask how healthy the portal is, and strangers learn no ids.
        Assert.DoesNotContain(ArmId.SubscriptionOf(Company.PaymentsVault), said, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(CatalogProblemKind.Partly, (await OnOperationsAsync(world))?.Kind);

        world.Inventory.Unlisted.Clear();
        await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct);
        Assert.Equal((HealthStatus.Healthy, null), await HealthAsync(world));
        Assert.Null(await OnOperationsAsync(world));
    }

    [Fact]
    public async Task That_no_vault_is_in_sight_is_a_problem_too()
    {
        await using var world = await PortalWorld.OpenAsync(empty: true);
        foreach (var vault in (string[])["kv-payments-prod", "kv-logistics-prod", "kv-platform-prod", "kv-legacy-erp"])
            world.Inventory.RemoveVault(Company.VaultId(vault));
        await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct);
        var (status, said) = await HealthAsync(world);
        Assert.Equal(HealthStatus.Degraded, status);
        Assert.Contains("sees no vault", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_instance_saw_long_ago_says_nothing_when_another_one_has_looked_since()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Inventory.Fault = new CloudCallException("NoAnswer", "Nothing.", null, isTransient: true);
        await Assert.ThrowsAsync<CloudCallException>(() => world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct));
        Assert.NotNull(world.Get<CatalogReach>().Problem);
        world.Clock.Advance(CatalogReach.GoodFor);
        Assert.Null(world.Get<CatalogReach>().Problem);
    }

    private static async Task<(HealthStatus Status, string? Said)> HealthAsync(PortalWorld world)
    {
        var answer = await new CatalogHealth(world.Get<CatalogReach>()).CheckHealthAsync(new HealthCheckContext(), Ct);
        return (answer.Status, answer.Description);
    }

    private static async Task<CatalogProblem?> OnOperationsAsync(PortalWorld world) =>
        (await world.Get<GetOperations>().ExecuteAsync(await world.IdentifyAsync(Company.Tomas), Ct)).Value.Catalog;

    private static async Task<int> NewAsync(PortalWorld world) => (await world.Get<SyncCatalog>().ExecuteAsync(Actor.System, Ct)).Value.NewVaults;
}
