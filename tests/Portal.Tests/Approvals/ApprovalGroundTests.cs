using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Policies;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Approvals;

/// <summary>Between the ask and the yes, policies and vaults change. A yes has to be right by both: what was pinned, and what is.</summary>
public sealed class ApprovalGroundTests
{
    private static readonly PolicyDefinition Payments = Company.Policies[0];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task Whom_the_policy_names_no_more_approves_nothing_and_may_still_deny(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        await ReplaceAsync(world, Payments with { Approvers = [new(Company.PlatformApprovers, "platform-approvers")] });

        var refusal = await RefusedAlikeAsync(world, asked);
        Assert.Equal((RefusalCode.NotApproverNow, "payments, platform-approvers"), (refusal.Code, string.Join(", ", refusal.Arguments)));
        // Whoever tries it all the same is in the trail; nothing else has happened.
        Assert.Equal(["request.submitted", "identity.attempt_refused"], await world.CodesAsync(asked.RequestId));
        Assert.Equal(RefusalCode.NotApprover, (await world.DecideAsync(asked.RequestId, Company.Tomas)).Refusals[0].Code);
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, "Ask again, please")).Refusals);
    }

    [Theory, BothDatabases]
    public async Task Whoever_is_named_by_both_versions_approves(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        await ReplaceAsync(world, Payments with { Approvers = [new(Company.PlatformApprovers, "platform-approvers"), .. Payments.Approvers], LongestWindow = TimeSpan.FromMinutes(30) });
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        Assert.Equal(Company.PaymentsApprovers, (await world.GrantOfAsync(asked.RequestId)).ApproverGroupId);
    }

    public enum Change
    {
        PolicyRetired,
        PolicyDropsTheRole,
        PolicyDropsTheVault,
        PolicyRenamed,
        PolicyShortened,
        VaultLocked,
        VaultOnAccessPolicies,
        VaultGone,
        SecretDeleted,
        SecretDisabled,
    }

    [Theory, BothDatabases(Change.PolicyRetired, Change.PolicyDropsTheRole, Change.PolicyDropsTheVault, Change.PolicyRenamed, Change.PolicyShortened, Change.VaultLocked, Change.VaultOnAccessPolicies, Change.VaultGone, Change.SecretDeleted, Change.SecretDisabled)]
    public async Task What_could_not_be_given_is_not_approved_and_may_still_be_denied(DatabaseKind kind, Change what)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync();
        await ChangeAsync(world, what);
        Assert.Equal(CodeOf(what), (await RefusedAlikeAsync(world, asked)).Code);
        Assert.Equal(["request.submitted"], await world.CodesAsync(asked.RequestId));
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya, Verdict.Denied, "Not there any more")).Refusals);
    }

    [Theory, BothDatabases]
    public async Task With_too_little_left_of_its_window_nothing_is_approved_however_late_it_lapses(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var asked = await world.AskAsync(draft: PortalWorld.Draft(start: PortalWorld.Start.AddHours(1)));
        // As those were sent that are pending from before.
        await using (var db = world.OpenDb())
            await db.AccessRequests.ExecuteUpdateAsync(r => r.SetProperty(x => x.LapsesAt, PortalWorld.Start.AddMinutes(90)), Ct);
        world.Clock.Advance(TimeSpan.FromMinutes(85) + TimeSpan.FromSeconds(1));
        var refusal = await RefusedAlikeAsync(world, asked);
        Assert.Equal((RefusalCode.TooLittleLeft, 5), (refusal.Code, refusal.Arguments[0]));
    }

    [Fact]
    public async Task Whoever_asked_has_to_be_eligible_by_the_policy_as_it_is()
    {
        await using var world = await PortalWorld.OpenAsync();
        var asked = await world.AskAsync();
        await ReplaceAsync(world, Payments with { Eligible = [new(Company.PlatformApprovers, "platform-approvers")] });
        Assert.Equal(RefusalCode.RequesterNoLongerEligible, Assert.Single((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals).Code);
    }

    private static string CodeOf(Change what) => what switch
    {
        Change.PolicyShortened => RefusalCode.WindowTooLongNow,
        Change.VaultLocked => RefusalCode.ScopeLocked,
        Change.VaultOnAccessPolicies => RefusalCode.VaultUsesAccessPolicies,
        Change.VaultGone => RefusalCode.ScopeGone,
        Change.SecretDeleted => RefusalCode.SecretDeleted,
        Change.SecretDisabled => RefusalCode.SecretDisabled,
        _ => RefusalCode.PolicyWithdrawn,
    };

    // The list, the page and the decision say the same.
    private static async Task<Refusal> RefusedAlikeAsync(PortalWorld world, SubmittedRequest asked)
    {
        var priya = await world.IdentifyAsync(Company.Priya);
        var listed = Assert.Single((await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(), priya, Ct)).Value.Items).ApproveRefusal;
        var brief = Assert.Single((await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(WithRecords: false), priya, Ct)).Value.Items).ApproveRefusal;
        var shown = (await world.Get<GetRequest>().ExecuteAsync(asked.Reference, priya, Ct)).Value.Actions;
        var refusal = Assert.Single((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        Assert.All([listed, brief, shown.Approve], told => Assert.Equal((refusal.Code, string.Join('|', refusal.Arguments)), (told?.Code, string.Join('|', told?.Arguments ?? []))));
        Assert.Null(shown.Deny);
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);
        Assert.Equal(0, await world.ReadAsync(db => db.Grants.CountAsync()));
        return refusal;
    }

    private static Task ReplaceAsync(PortalWorld world, PolicyDefinition payments) => world.LoadPoliciesAsync([payments, .. Company.Policies.Skip(1)]);

    private static async Task ChangeAsync(PortalWorld world, Change what)
    {
        switch (what)
        {
            case Change.PolicyRetired:
                await world.LoadPoliciesAsync([.. Company.Policies.Skip(1)]);
                break;
            case Change.PolicyDropsTheRole:
                await ReplaceAsync(world, Payments with { Roles = [GrantableRole.Reader.Name] });
                break;
            case Change.PolicyDropsTheVault:
                await ReplaceAsync(world, Payments with { Vaults = ["kv-payments-test"] });
                break;
            case Change.PolicyRenamed:
                // It governs under its new name whatever is asked from now on.
                await ReplaceAsync(world, Payments with { Name = "payments-2" });
                break;
            case Change.PolicyShortened:
                await ReplaceAsync(world, Payments with { LongestWindow = TimeSpan.FromMinutes(10) });
                break;
            case Change.VaultLocked:
                world.Inventory.Lock(Company.PaymentsVault, "keep");
                break;
            case Change.VaultOnAccessPolicies:
                world.Inventory.SetModel(Company.PaymentsVault, PermissionModel.AccessPolicies);
                break;
            case Change.VaultGone:
                world.Inventory.RemoveVault(Company.PaymentsVault);
                break;
            case Change.SecretDeleted:
                world.Inventory.RemoveSecret(Company.Stripe);
                break;
            case Change.SecretDisabled:
                world.Inventory.RemoveSecret(Company.Stripe);
                world.Inventory.AddSecret(Company.PaymentsVault, FakeVaultInventory.Secret("stripe-api-key", enabled: false));
                break;
        }

        await world.SyncAsync();
    }
}
