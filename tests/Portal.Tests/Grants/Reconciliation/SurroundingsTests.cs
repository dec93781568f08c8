using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Reconciliation;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Reconciliation;

/// <summary>What happens around a live grant: vault, lock, permission model, holder. The grant says so, and says so no longer when it is over.</summary>
public sealed class SurroundingsTests
{
    private static readonly Dictionary<string, (Action<PortalWorld> Happens, Action<PortalWorld> IsUndone)> Events = new()
    {
        [DriftCode.ScopeLocked] = (w => w.Inventory.Lock(Company.PaymentsVault, "hands-off"), w => w.Inventory.Lock(Company.PaymentsVault, null)),
        [DriftCode.VaultUsesAccessPolicies] = (w => w.Inventory.SetModel(Company.PaymentsVault, PermissionModel.AccessPolicies), w => w.Inventory.SetModel(Company.PaymentsVault, PermissionModel.RoleAssignments)),
        [DriftCode.PrincipalDisabled] = (w => w.Directory.Disable(Company.Mira), w => w.Directory.Add(Company.Mira)),
        [DriftCode.ScopeNotFound] = (w => w.Inventory.RemoveVault(Company.PaymentsVault), w => w.Inventory.AddVault("kv-payments-prod", secrets: FakeVaultInventory.Secret("stripe-api-key"))),
        [DriftCode.ScopeReplaced] = (w => w.Inventory.Recreate(Company.PaymentsVault), w => w.Inventory.AddVault("kv-payments-prod", secrets: FakeVaultInventory.Secret("stripe-api-key"))),
        [DriftCode.RoleChanged] = (w => w.Inventory.SetRole(GrantableRole.SecretsUser, new RoleSeen(["Microsoft.KeyVault/vaults/write"], [])), w => w.Inventory.SetRole(GrantableRole.SecretsUser, new RoleSeen([], GrantableRole.SecretsUser.DataActions))),
    };

    [Theory, BothDatabases(DriftCode.ScopeLocked, DriftCode.VaultUsesAccessPolicies, DriftCode.PrincipalDisabled, DriftCode.ScopeNotFound, DriftCode.ScopeReplaced, DriftCode.RoleChanged)]
    public async Task The_grant_needs_attention_as_long_as_it_lasts(DatabaseKind kind, string code)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.SettledGrantAsync();
        Events[code].Happens(world);

        await world.CompareAsync();
        await world.CompareAsync();

        var now = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Active, code), (now.State, now.AttentionCode));
        Assert.False(string.IsNullOrWhiteSpace(now.AttentionMessage));
        var drift = Assert.Single(await world.DriftsAsync());
        Assert.Equal((code, DriftAction.LeftAlone, grant.RequestReference, null), (drift.Code, drift.Action, drift.RequestReference, drift.ResolvedAt));
        Assert.Single(await world.CodesAsync(grant.RequestId), "drift.found");
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.needs_attention");

        Events[code].IsUndone(world);
        Assert.Equal(1, (await world.CompareAsync()).Resolved);
        Assert.Null((await world.GrantOfAsync(grant.RequestId)).AttentionCode);
        Assert.NotNull(Assert.Single(await world.DriftsAsync()).ResolvedAt);
    }

    [Theory]
    [InlineData(DriftCode.ScopeLocked)]
    [InlineData(DriftCode.VaultUsesAccessPolicies)]
    [InlineData(DriftCode.PrincipalDisabled)]
    [InlineData(DriftCode.ScopeNotFound)]
    [InlineData(DriftCode.ScopeReplaced)]
    [InlineData(DriftCode.RoleChanged)]
    public async Task Nothing_is_put_back_where_it_would_have_no_effect_or_could_not_be_taken_back(string code)
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.SettledGrantAsync();
        Events[code].Happens(world);
        world.Cloud.Remove(Assert.Single(world.Cloud.Standing));

        await world.ReconcileAsync();

        Assert.DoesNotContain(await world.DriftsAsync(), d => d.Code == DriftCode.AssignmentMissing);
        Assert.Empty(world.Cloud.Standing);
        Events[code].IsUndone(world);
        await world.SyncAsync();
        await world.ReconcileAsync();
        Assert.Single(world.Cloud.Standing);
    }

    [Theory, BothDatabases(DriftCode.SecretNotFound, DriftCode.SecretDisabled)]
    public async Task A_secret_that_is_deleted_or_disabled_in_a_standing_vault_is_found_said_and_over_when_it_is_back(DatabaseKind kind, string code)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.SettledGrantAsync();
        if (code == DriftCode.SecretNotFound)
            world.Inventory.RemoveSecret(Company.Stripe);
        else
            world.Inventory.AddVault("kv-payments-prod", secrets: FakeVaultInventory.Secret("stripe-api-key", enabled: false));
        await world.SyncAsync();
        await world.ReconcileAsync();
        await world.ReconcileAsync();

        var now = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Active, code), (now.State, now.AttentionCode));
        Assert.Contains("stripe-api-key", now.AttentionMessage, StringComparison.Ordinal);
        var drift = Assert.Single(await world.DriftsAsync());
        Assert.Equal((code, DriftAction.LeftAlone, code == DriftCode.SecretNotFound ? DriftKind.Missing : DriftKind.Altered), (drift.Code, drift.Action, drift.Kind));
        Assert.Single(world.Cloud.Standing);

        world.Inventory.AddVault("kv-payments-prod", secrets: FakeVaultInventory.Secret("stripe-api-key"));
        await world.SyncAsync();
        Assert.Equal(1, (await world.ReconcileAsync()).Resolved);
        Assert.Null((await world.GrantOfAsync(grant.RequestId)).AttentionCode);

        // Nor does it keep the grant from its end.
        world.Inventory.RemoveSecret(Company.Stripe);
        await world.SyncAsync();
        await world.ReconcileAsync();
        await world.PassAsync(TimeSpan.FromHours(4));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(grant.RequestId)).State);
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory]
    [InlineData(DriftCode.SecretNotFound)]
    [InlineData(DriftCode.SecretDisabled)]
    public async Task A_secret_that_goes_between_approval_and_giving_holds_the_grant_back_until_it_is_there_again(string code)
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        world.Inventory.AddVault("kv-payments-prod", secrets: code == DriftCode.SecretNotFound ? [] : [FakeVaultInventory.Secret("stripe-api-key", enabled: false)]);
        await world.SyncAsync();
        await world.WorkAsync();
        Assert.Equal((GrantState.Scheduled, code), (await world.GrantOfAsync(promised.RequestId)) is var held ? (held.State, held.AttentionCode) : default);
        Assert.Empty(world.Cloud.Calls);

        world.Inventory.AddVault("kv-payments-prod", secrets: FakeVaultInventory.Secret("stripe-api-key"));
        await world.SyncAsync();
        await world.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((GrantState.Active, null), (await world.GrantOfAsync(promised.RequestId)) is var given ? (given.State, given.AttentionCode) : default);
    }

    [Theory, BothDatabases]
    public async Task A_grant_on_a_vault_that_is_gone_still_ends_at_its_time(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var grant = await world.SettledGrantAsync();
        world.Inventory.RemoveVault(Company.PaymentsVault);
        await world.SyncAsync();
        await world.ReconcileAsync();
        Assert.Equal(DriftCode.ScopeNotFound, (await world.GrantOfAsync(grant.RequestId)).AttentionCode);

        await world.PassAsync(TimeSpan.FromHours(4));

        var ended = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Ended, GrantEnding.Expired), (ended.State, ended.Ending));
        Assert.Equal(1, (await world.ReconcileAsync()).Resolved);
    }

    [Fact]
    public async Task A_vault_that_moved_is_named_at_its_new_place()
    {
        await using var world = await PortalWorld.OpenAsync();
        var grant = await world.SettledGrantAsync();
        world.Inventory.RemoveVault(Company.PaymentsVault);
        var moved = Company.PaymentsVault.Replace("rg-fenwick", "rg-elsewhere", StringComparison.Ordinal);
        world.Inventory.AddVaultAt(moved, "kv-payments-prod");
        await world.SyncAsync();
        await world.CompareAsync();
        Assert.Contains(moved, (await world.GrantOfAsync(grant.RequestId)).AttentionMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_directory_cannot_be_asked_nobody_is_taken_for_gone_and_it_is_asked_once()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.SettledGrantAsync();
        await world.SettledGrantAsync(Company.LedgerPassword);
        world.Directory.Fault = new CloudCallException("TooManyRequests", "Later.", 429, isTransient: true);
        var outcome = await world.CompareAsync();
        Assert.Equal("TooManyRequests", Assert.Single(outcome.Failures).Code);
        Assert.Empty(await world.DriftsAsync());
    }
}
