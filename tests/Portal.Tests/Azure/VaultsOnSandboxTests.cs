using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Identity;

namespace Portal.Tests.Azure;

/// <summary>The real ArmClient and SecretClient against the sandbox's Resource Manager and Key Vault.</summary>
public sealed class VaultsOnSandboxTests(SandboxCloud cloud) : IClassFixture<SandboxCloud>
{
    private static readonly Guid SecretsUser = new("4633458b-17de-408a-b874-0445c86b69e6");
    private static readonly Guid Mira = new("1b0c7a52-3e61-4c8e-8a1d-6f0b5e2d9c01");
    private static readonly Guid Jonas = new("2c1d8b63-4f72-4d9f-9b2e-701c6f3ead02");
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IVaultInventory Inventory => cloud.Get<IVaultInventory>();

    private IRoleAssignments Assignments => cloud.Get<IRoleAssignments>();

    [Fact]
    public async Task The_companys_vaults_come_with_their_model_tags_and_locks()
    {
        var vaults = await Inventory.ListVaultsAsync((_, fault) => throw fault, Ct).ToDictionaryAsync(v => v.Name, cancellationToken: Ct);
        Assert.Equal(["kv-legacy-erp", "kv-logistics-prod", "kv-logistics-test", "kv-payments-prod", "kv-payments-test", "kv-platform-prod"], vaults.Keys.Order());
        Assert.Equal(["kv-legacy-erp"], vaults.Values.Where(v => v.PermissionModel == PermissionModel.AccessPolicies).Select(v => v.Name));
        Assert.Equal(["kv-platform-prod"], vaults.Values.Where(v => v.DeleteLock is not null).Select(v => v.Name));
        Assert.All(vaults.Values, v => Assert.Contains("environment", v.Tags.Keys));
    }

    [Fact]
    public async Task Every_vault_that_goes_by_roles_lists_its_secrets_over_all_pages()
    {
        var counts = new List<int>();
        await foreach (var vault in Inventory.ListVaultsAsync((_, fault) => throw fault, Ct))
        {
            if (vault.PermissionModel == PermissionModel.AccessPolicies)
            {
                await Assert.ThrowsAsync<CloudCallException>(async () => await Inventory.ListSecretsAsync(vault, Ct).ToListAsync(Ct));
                continue;
            }
            var secrets = await Inventory.ListSecretsAsync(vault, Ct).ToListAsync(Ct);
            Assert.Equal(secrets.Count, secrets.Select(s => s.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count());
            counts.Add(secrets.Count);
        }
        Assert.Contains(counts, c => c > 25);
        Assert.InRange(counts.Sum(), 60, 100);
    }

    [Fact]
    public async Task An_assignment_is_made_found_listed_and_taken_back()
    {
        var order = await Order("kv-payments-prod", 0, Mira);
        Assert.Equal(AssignmentWriteOutcome.Ours, (await Assignments.PutAsync(order, Ct)).Outcome);
        Assert.Equal(AssignmentWriteOutcome.Ours, (await Assignments.PutAsync(order with { Description = "longer" }, Ct)).Outcome);
        var found = await Assignments.FindAsync(order.Scope, order.Name, Ct);
        Assert.NotNull(found?.WrittenAt);
        var expected = new AssignmentSeen(order.Scope, order.Name, Mira, SecretsUser, "longer") { TenantId = cloud.Sandbox.Addresses.TenantId, PrincipalKind = PrincipalKind.User, WrittenAt = found.WrittenAt };
        Assert.Equal(expected, found);
        Assert.Equal([expected], await Assignments.ListAtAsync(order.Scope.ToUpperInvariant(), Mira, Ct));
        Assert.Empty(await Assignments.ListAtAsync(order.Scope, Jonas, Ct));
        Assert.Empty(await Assignments.ListAtAsync((await Vault("kv-payments-prod")).ArmId, Mira, Ct));

        Assert.Equal(AssignmentWriteOutcome.HeldByAnother, (await Assignments.PutAsync(order with { Name = Guid.NewGuid() }, Ct)).Outcome);

        Assert.NotNull((await Assignments.DeleteAsync(order.Scope, order.Name, Ct)).RequestId);
        await Assignments.DeleteAsync(order.Scope, order.Name, Ct);
        Assert.Null(await Assignments.FindAsync(order.Scope, order.Name, Ct));
    }

    [Fact]
    public async Task What_Azure_refuses_keeps_its_code()
    {
        var order = await Order("kv-payments-prod", 1, Guid.NewGuid());
        Assert.Equal(("PrincipalNotFound", 400, true), Facts(await Assert.ThrowsAsync<CloudCallException>(() => Assignments.PutAsync(order, Ct))));
        // Owner is outside of what Key Vault Data Access Administrator may give.
        var owner = order with { PrincipalId = Mira, RoleDefinitionId = new Guid("8e3af657-a8ff-443c-a75c-2fe8c4bcb635") };
        Assert.Equal(("AuthorizationFailed", 403, false), Facts(await Assert.ThrowsAsync<CloudCallException>(() => Assignments.PutAsync(owner, Ct))));
    }

    [Fact]
    public async Task A_locked_vault_is_seen_before_and_keeps_what_was_given()
    {
        var vault = await Vault("kv-platform-prod");
        var order = await Order("kv-platform-prod", 0, Jonas);
        var seen = await Inventory.InspectAsync(vault.ArmId, order.Scope[(order.Scope.LastIndexOf('/') + 1)..], Ct);
        Assert.Equal((true, vault.DeleteLock), (seen.Exists, seen.DeleteLock));
        Assert.NotNull(seen.DeleteLock);
        await Assignments.PutAsync(order, Ct);
        Assert.Equal(("ScopeLocked", 409, false), Facts(await Assert.ThrowsAsync<CloudCallException>(() => Assignments.DeleteAsync(order.Scope, order.Name, Ct))));
        Assert.NotNull(await Assignments.FindAsync(order.Scope, order.Name, Ct));
    }

    [Fact]
    public async Task A_vault_that_is_not_there_does_not_exist()
    {
        var vault = await Vault("kv-payments-prod");
        Assert.False((await Inventory.InspectAsync(vault.ArmId + "x", null, Ct)).Exists);
        Assert.Equal(new ScopeSeen(true, PermissionModel.RoleAssignments, null) { Fingerprint = vault.Fingerprint }, await Inventory.InspectAsync(vault.ArmId, null, Ct));
        Assert.NotNull(vault.CreatedAt);
        Assert.Equal(cloud.Sandbox.Addresses.TenantId, vault.TenantId);
    }

    [Fact]
    public async Task A_vault_made_anew_under_the_same_name_is_told_from_the_old_one()
    {
        var before = await Vault("kv-logistics-test");
        var resources = cloud.Sandbox.Control.Resources;
        var old = resources.FindVault(before.Name)!;
        resources.RemoveVault(before.Name);
        resources.Put(old with { CreatedOn = default });
        var after = await Inventory.InspectAsync(before.ArmId, null, Ct);
        Assert.False(VaultFingerprint.Same(before.Fingerprint, after.Fingerprint!));
        resources.Put(old);
        Assert.True(VaultFingerprint.Same(before.Fingerprint, (await Inventory.InspectAsync(before.ArmId, null, Ct)).Fingerprint!));
    }

    [Fact]
    public async Task Every_grantable_role_allows_nothing_beyond_what_is_known_of_it_until_somebody_edits_it()
    {
        var vault = await Vault("kv-payments-prod");
        foreach (var role in GrantableRole.All)
            Assert.Null(role.FirstBeyond((await Inventory.ReadRoleAsync(vault.ArmId, role.DefinitionId, Ct))!));
        var resources = cloud.Sandbox.Control.Resources;
        var known = resources.FindRole(SecretsUser)!;
        resources.Put(known with { Actions = known.Actions.Add("Microsoft.KeyVault/vaults/write") });
        Assert.Equal("Microsoft.KeyVault/vaults/write", GrantableRole.SecretsUser.FirstBeyond((await Inventory.ReadRoleAsync(vault.ArmId, SecretsUser, Ct))!));
        resources.Put(known);
        Assert.Null(await Inventory.ReadRoleAsync(vault.ArmId, Guid.NewGuid(), Ct));
    }

    [Fact]
    public async Task The_probe_sees_access_begin_and_end_on_one_secret_only()
    {
        var vault = await Vault("kv-logistics-prod");
        var order = await Order("kv-logistics-prod", 0, Jonas);
        var secret = order.Scope[(order.Scope.LastIndexOf('/') + 1)..];
        var neighbour = (await Order("kv-logistics-prod", 1, Jonas)).Scope.Split('/')[^1];
        Assert.Equal((ProbeVerdict.Refused, "ForbiddenByRbac"), await Probe(secret));
        await Assignments.PutAsync(order, Ct);
        Assert.Equal((ProbeVerdict.Open, null), await Probe(secret));
        Assert.Equal((ProbeVerdict.Refused, "ForbiddenByRbac"), await Probe(neighbour));
        await Assignments.DeleteAsync(order.Scope, order.Name, Ct);
        Assert.Equal((ProbeVerdict.Refused, "ForbiddenByRbac"), await Probe(secret));

        async Task<(ProbeVerdict, string?)> Probe(string name)
        {
            var answer = await cloud.Get<IAccessProbe>().ProbeAsync(vault.VaultUri, name, cloud.TokensOf(Jonas), Ct);
            return (answer.Verdict, answer.Code);
        }
    }

    [Fact]
    public async Task A_token_for_another_service_or_one_that_has_ended_opens_nothing()
    {
        var vault = await Vault("kv-payments-prod");
        var probe = cloud.Get<IAccessProbe>();
        Assert.Equal(ProbeVerdict.SignInAgain, (await probe.ProbeAsync(vault.VaultUri, "any", cloud.TokensOf(Mira, "https://graph.microsoft.com"), Ct)).Verdict);
        Assert.Equal(ProbeVerdict.SignInAgain, (await probe.ProbeAsync(vault.VaultUri, "any", cloud.TokensOf(Mira, lifetime: TimeSpan.FromHours(-1)), Ct)).Verdict);
    }

    private static (string, int?, bool) Facts(CloudCallException e) => (e.Code, e.Status, e.IsTransient);

    private async Task<VaultSeen> Vault(string name) => await Inventory.ListVaultsAsync((_, fault) => throw fault, Ct).FirstAsync(v => v.Name == name, Ct);

    /// <summary>An order for the n-th enabled secret of a vault.</summary>
    private async Task<AssignmentOrder> Order(string vaultName, int n, Guid principal)
    {
        var vault = await Vault(vaultName);
        var secret = await Inventory.ListSecretsAsync(vault, Ct).Where(s => s.Enabled).ElementAtAsync(n, Ct);
        return new AssignmentOrder($"{vault.ArmId}/secrets/{secret.Name}", Guid.NewGuid(), principal, PrincipalKind.User, SecretsUser, "mark");
    }
}
