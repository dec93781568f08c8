using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>What happens around a grant while it is active. It is taken back all the same, or says what is in the way until it is.</summary>
public sealed class WhileActiveTests
{
    public enum Around
    {
        PrincipalDisabled,
        VaultOnAccessPolicies,
        VaultGone,
        RoleEdited,
        PolicyRetired,
        ApproverGone,
    }

    [Theory, BothDatabases(Around.PrincipalDisabled, Around.VaultOnAccessPolicies, Around.VaultGone, Around.RoleEdited, Around.PolicyRetired, Around.ApproverGone)]
    public async Task It_is_taken_back_whatever_became_of_what_it_rested_on(DatabaseKind kind, Around what)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        switch (what)
        {
            case Around.PrincipalDisabled:
                world.Directory.Disable(Company.Mira);
                break;
            case Around.VaultOnAccessPolicies:
                world.Inventory.SetModel(Company.PaymentsVault, PermissionModel.AccessPolicies);
                break;
            case Around.VaultGone:
                world.Inventory.RemoveVault(Company.PaymentsVault);
                break;
            case Around.RoleEdited:
                world.Inventory.SetRole(GrantableRole.SecretsUser, new RoleSeen(["*"], ["*"]));
                break;
            case Around.PolicyRetired:
                await world.LoadPoliciesAsync([.. Company.Policies.Skip(1)]);
                break;
            case Around.ApproverGone:
                world.Directory.Disable(Company.Priya);
                break;
        }

        await world.PassAsync(TimeSpan.FromMinutes(30));
        var ended = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, promised.EndsAt, promised.EndsAt, (string?)null), (ended.State, ended.EndedAt!.Value, ended.GoneSeenAt!.Value, ended.AttentionCode));
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory]
    [InlineData("ScopeLocked", 409)]
    [InlineData("ReadOnlyDisabledSubscription", 409)]
    [InlineData("AuthorizationFailed", 403)]
    [InlineData("RoleAssignmentUpdateNotPermitted", 400)]
    public async Task What_forbids_taking_it_back_is_said_at_once_and_overcome_within_a_quarter_of_an_hour_of_its_end(string code, int status)
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Delete ? new CloudCallException(code, "No.", status, isTransient: false) : null;
        await world.PassAsync(TimeSpan.FromMinutes(30));
        var stuck = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Revoking, code), (stuck.State, stuck.AttentionCode));

        await world.LiveAsync(TimeSpan.FromHours(3), TimeSpan.FromMinutes(1));
        Assert.Single(await world.CodesAsync(promised.RequestId), "grant.needs_attention");
        world.Cloud.FailBefore = null;
        await world.LiveAsync(TimeSpan.FromMinutes(16), TimeSpan.FromMinutes(1));
        var ended = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, (string?)null), (ended.State, ended.AttentionCode));
        Assert.NotNull(ended.GoneSeenAt);
        Assert.Empty(world.Cloud.Standing);
    }
}
