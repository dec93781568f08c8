using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Claims;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Just before a role is given, everything that the approval rested on is looked at again.</summary>
public sealed class PreconditionTests
{
    private static readonly PolicyDefinition Payments = Company.Policies[0];

    [Theory]
    [InlineData(Change.HolderLeftTheGroup, "PrincipalNotEligible", "payments-engineers")]
    [InlineData(Change.HolderLostTheirRole, "PrincipalNotEligible", "lost its role")]
    [InlineData(Change.PolicyNarrowed, "PrincipalNotEligible", "version 2")]
    [InlineData(Change.PolicyShortened, "WindowTooLong", "allows 10 minutes, and 30 were approved")]
    [InlineData(Change.PolicyDropsTheRole, "PolicyWithdrawn", "payments")]
    [InlineData(Change.PolicyRetired, "PolicyWithdrawn", "payments")]
    [InlineData(Change.ApproverGone, "ApproverDisabled", "Priya Raman")]
    [InlineData(Change.ApprovalForged, "ApproverNotEntitled", "ask again")]
    [InlineData(Change.ApprovedByTheHolder, "ApproverNotEntitled", "ask again")]
    [InlineData(Change.VaultMadeAnew, "ScopeReplaced", "deleted and another one made")]
    [InlineData(Change.RoleWidened, "RoleChanged", "Microsoft.KeyVault/vaults/write")]
    [InlineData(Change.RoleGone, "RoleChanged", "no role")]
    public async Task What_does_not_hold_any_more_holds_the_grant_back_without_a_call_and_says_what_to_do(Change what, string code, string says)
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await ChangeAsync(world, what);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Calls);
        var held = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Scheduled, code), (held.State, held.AttentionCode));
        Assert.Contains(says, held.AttentionMessage, StringComparison.Ordinal);
        Assert.Equal(code, Assert.Single(await world.EventsAsync(promised.RequestId), e => e.Code == "grant.needs_attention").Reason);

        // Its time goes by, and it ends without ever having been given.
        await world.PassAsync(TimeSpan.FromMinutes(30));
        var over = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, (DateTimeOffset?)null, (string?)null), (over.State, over.ActivatedAt, over.AttentionCode));
        Assert.Empty(world.Cloud.Calls);
    }

    [Theory, BothDatabases]
    public async Task A_database_that_fails_while_it_is_asked_about_one_grant_holds_that_one_back_and_not_the_end_beside_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        var next = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        Assert.Empty((await world.ReturnAsync(first.Id, Company.Mira)).Refusals);
        world.DatabaseFaults.Break = sql => sql.Contains("FROM \"AccessPolicies\"", StringComparison.Ordinal) ? new DurabilityLostException("The connection is gone.") : null;
        Assert.True(await world.DriveAsync(Assert.Single(await world.ClaimAsync())));
        Assert.Equal(AttentionCode.DatabaseUnread, (await world.AssignmentAsync(first.AssignmentId)).FaultCode);
        // As for any other question about another grant that got no answer: for half a minute, and three looks in which others may take the row.
        await world.LiveAsync(TimeSpan.FromSeconds(35), TimeSpan.FromSeconds(1));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(first.RequestId)).State);
        Assert.Empty(world.Cloud.Standing);

        world.DatabaseFaults.Break = null;
        await world.LiveAsync(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(1));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(next.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task What_keeps_the_database_from_being_read_is_not_said_of_the_cloud_and_logged_in_its_own_words(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        world.DatabaseFaults.Break = sql => sql.Contains("FROM \"AccessPolicies\"", StringComparison.Ordinal) ? new DurabilityLostException("permission denied for table") : null;
        var log = new Listener();
        var drive = ActivatorUtilities.CreateInstance<DriveAssignment>(world.Acting.Services, log);
        for (var turn = 1; turn <= 5; turn++)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(40));
            Assert.True((await drive.ExecuteAsync(Assert.Single(await world.ClaimAsync()), Actor.System, TestContext.Current.CancellationToken)).Value);
            Assert.Equal(turn, log.Heard.Count);
        }

        Assert.All(log.Heard, heard => Assert.Equal((LogLevel.Warning, "permission denied for table"), (heard.Level, heard.Fault?.Message)));
        Assert.Equal(AttentionCode.DatabaseUnread, (await world.GrantOfAsync(promised.RequestId)).AttentionCode);
        Assert.Empty(world.Get<LeftToOthers>().At(world.Clock.GetUtcNow(), TimeSpan.FromMinutes(1)));
    }

    private sealed class Listener : ILogger<DriveAssignment>
    {
        public List<(LogLevel Level, Exception? Fault)> Heard { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Heard.Add((logLevel, exception));
    }

    [Theory, BothDatabases]
    public async Task What_was_asked_before_this_process_stood_still_is_asked_again(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
        var asked = 0;
        world.Get<DriveSteps>().Reached += reached =>
        {
            if (reached.Step != DriveStep.Checked || asked++ > 0)
                return;
            world.Clock.Advance(TimeSpan.FromHours(1));
            world.Inventory.Lock(Company.PaymentsVault, "freeze");
        };
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Calls);
        var held = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Scheduled, "ScopeLocked"), (held.State, held.AttentionCode));
        Assert.DoesNotContain("grant.provisioning", await world.CodesAsync(promised.RequestId));

        // The same for one that needs no call of its own.
        world.Inventory.Lock(Company.PaymentsVault, null);
        await world.LiveAsync(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(1));
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        asked = 0;
        var shorter = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 90));
        await world.WorkAsync();
        Assert.Equal(GrantState.Scheduled, (await world.GrantOfAsync(shorter.RequestId)).State);
    }

    [Theory, BothDatabases]
    public async Task Answers_that_take_their_time_are_not_asked_for_for_ever(DatabaseKind kind)
    {
        await using var world = await MembershipTests.OpenAsync(kind);
        var promised = await world.PromiseAsync(draft: MembershipTests.Vault(60));
        var reads = 0;
        world.Memberships.FailRead = () =>
        {
            Assert.True(++reads < 10, "It asks again and again.");
            world.Clock.Advance(TimeSpan.FromMinutes(2));
            return null;
        };
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Single(world.Memberships.Calls);
    }

    [Theory, BothDatabases]
    public async Task What_holds_again_is_given_for_the_rest_of_its_time(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var promised = await world.PromiseAsync();
        world.Directory.Leave(Company.Mira, Company.PaymentsEngineers);
        await world.WorkAsync();
        Assert.Equal("PrincipalNotEligible", (await world.GrantOfAsync(promised.RequestId)).AttentionCode);

        world.Directory.Add(Company.Mira);
        await world.PassAsync(TimeSpan.FromSeconds(3));
        var active = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Active, (string?)null, promised.EndsAt), (active.State, active.AttentionCode, active.EndsAt));
    }

    [Fact]
    public async Task An_approver_who_left_the_group_since_was_entitled_when_deciding()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Directory.Leave(Company.Priya, Company.PaymentsApprovers);
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task A_policy_that_became_more_generous_does_not_widen_what_the_old_one_allowed()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.LoadPoliciesAsync([Payments with { Eligible = [new(Company.AllEngineers, "all-engineers")] }, .. Company.Policies.Skip(1)]);
        world.Directory.Leave(Company.Mira, Company.PaymentsEngineers);
        await world.WorkAsync();
        var held = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal("PrincipalNotEligible", held.AttentionCode);
        Assert.Contains("version 1", held.AttentionMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_that_moved_under_another_name_still_offers_it()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.LoadPoliciesAsync([Payments with { Name = "payments-2" }, .. Company.Policies.Skip(1)]);
        await world.WorkAsync();
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task The_approval_is_copied_onto_the_grant()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        var request = await world.RequestAsync(promised.RequestId);
        Assert.Equal((request.PolicyId, Company.Priya.Id, Company.Priya.Name, Company.PaymentsApprovers), (promised.PolicyId!.Value, promised.Approver!.Value, promised.ApproverName, promised.ApproverGroupId!.Value));
        var vault = await world.ReadAsync(db => db.Vaults.SingleAsync(v => v.ArmId == Company.PaymentsVault));
        Assert.Equal(vault.Fingerprint, promised.VaultFingerprint);
        Assert.NotEmpty(vault.Fingerprint);
    }

    [Theory]
    [InlineData("https://kv-a.vault.azure.net/|t|2025-01-01", "https://kv-a.vault.azure.net/|t|2025-01-01", true)]
    [InlineData("https://kv-a.vault.azure.net/|t|2025-01-01", "https://kv-a.vault.azure.net/|t|2026-01-01", false)]
    [InlineData("https://kv-a.vault.azure.net/|t|2025-01-01", "https://kv-a.vault.azure.net/|u|2025-01-01", false)]
    [InlineData("https://kv-a.vault.azure.net/|t|2025-01-01", "https://kv-a.vault.azure.cn/|t|2025-01-01", false)]
    [InlineData("https://kv-a.vault.azure.net/|t|", "https://kv-a.vault.azure.net/|t|2026-01-01", true)]
    [InlineData("https://kv-a.vault.azure.net/||2025-01-01", "https://kv-a.vault.azure.net/|t|2026-01-01", false)]
    public void A_fingerprint_goes_by_what_both_know(string approved, string now, bool same) => Assert.Equal(same, VaultFingerprint.Same(approved, now));

    [Theory]
    [InlineData("Microsoft.KeyVault/vaults/secrets/getSecret/action", true)]
    [InlineData("microsoft.keyvault/vaults/SECRETS/readMetadata/action", true)]
    [InlineData("Microsoft.KeyVault/vaults/secrets/setSecret/action", false)]
    [InlineData("Microsoft.KeyVault/vaults/secrets/*", false)]
    [InlineData("*", false)]
    public void A_role_may_lose_rights_but_not_gain_any(string dataAction, bool harmless) =>
        Assert.Equal(harmless, GrantableRole.SecretsUser.FirstBeyond(new RoleSeen([], [dataAction])) is null);

    public enum Change
    {
        HolderLeftTheGroup,
        HolderLostTheirRole,
        PolicyNarrowed,
        PolicyShortened,
        PolicyDropsTheRole,
        PolicyRetired,
        ApproverGone,
        ApprovalForged,
        ApprovedByTheHolder,
        VaultMadeAnew,
        RoleWidened,
        RoleGone,
    }

    private static Task ChangeAsync(PortalWorld world, Change what)
    {
        switch (what)
        {
            case Change.HolderLeftTheGroup:
                world.Directory.Leave(Company.Mira, Company.PaymentsEngineers);
                break;
            case Change.HolderLostTheirRole:
                world.Directory.TakeRoles(Company.Mira);
                break;
            case Change.PolicyNarrowed:
                return world.LoadPoliciesAsync([Payments with { Eligible = [new(Company.PlatformApprovers, "platform-approvers")] }, .. Company.Policies.Skip(1)]);
            case Change.PolicyShortened:
                return world.LoadPoliciesAsync([Payments with { LongestWindow = TimeSpan.FromMinutes(10) }, .. Company.Policies.Skip(1)]);
            case Change.PolicyDropsTheRole:
                return world.LoadPoliciesAsync([Payments with { Roles = [GrantableRole.Reader.Name] }, .. Company.Policies.Skip(1)]);
            case Change.PolicyRetired:
                return world.LoadPoliciesAsync([.. Company.Policies.Skip(1)]);
            case Change.ApproverGone:
                world.Directory.Disable(Company.Priya);
                break;
            case Change.ApprovalForged:
                return SetAsync(world, g => g.SetProperty(x => x.ApproverGroupId, Company.LogisticsApprovers));
            case Change.ApprovedByTheHolder:
                return SetAsync(world, g => g.SetProperty(x => x.ApproverObjectId, Company.Mira.ObjectId));
            case Change.VaultMadeAnew:
                world.Inventory.Recreate(Company.PaymentsVault);
                break;
            case Change.RoleWidened:
                world.Inventory.SetRole(GrantableRole.SecretsUser, new RoleSeen(["Microsoft.KeyVault/vaults/write"], GrantableRole.SecretsUser.DataActions));
                break;
            case Change.RoleGone:
                world.Inventory.SetRole(GrantableRole.SecretsUser, null);
                break;
        }

        return Task.CompletedTask;
    }

    private static async Task SetAsync(PortalWorld world, Action<Microsoft.EntityFrameworkCore.Query.UpdateSettersBuilder<Grant>> set)
    {
        await using var db = world.OpenDb();
        Assert.Equal(1, await db.Grants.ExecuteUpdateAsync(set, TestContext.Current.CancellationToken));
    }
}
