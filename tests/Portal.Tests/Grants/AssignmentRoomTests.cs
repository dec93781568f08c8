using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Policies;
using Portal.Core.Requests;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Azure takes 4,000 role assignments in a subscription. That none is left is said to whoever asks and to whoever decides, before anybody approves what cannot be given.</summary>
public sealed class AssignmentRoomTests
{
    [Theory, BothDatabases]
    public async Task A_full_subscription_is_said_to_the_one_who_asks_and_to_those_who_decide(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Cloud.Others = 4000;
        var preview = (await world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), await world.IdentifyAsync(Company.Mira), Ct)).Value;
        Assert.Equal((4000, 4000, 0), (preview.Room!.Used, preview.Room.Limit, preview.Room.Left));

        var asked = await world.AskAsync();
        var priya = await world.IdentifyAsync(Company.Priya);
        Assert.Equal(RefusalCode.NoRoom, Assert.Single((await world.Get<ListInbox>().ExecuteAsync(new InboxQuery(), priya, Ct)).Value.Items).ApproveRefusal?.Code);
        Assert.Equal(RefusalCode.NoRoom, (await world.Get<GetRequest>().ExecuteAsync(asked.Reference, priya, Ct)).Value.Actions.Approve?.Code);
        var refusal = Assert.Single((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        Assert.Equal((RefusalCode.NoRoom, 4000, 4000), (refusal.Code, refusal.Arguments[0], refusal.Arguments[1]));
        Assert.Equal(RequestState.Pending, (await world.RequestAsync(asked.RequestId)).State);

        // Somebody makes room: within a minute it can be approved.
        world.Cloud.Others = 3999;
        world.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Empty((await world.DecideAsync(asked.RequestId, Company.Priya)).Refusals);
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
    }

    [Fact]
    public async Task That_few_are_left_is_a_forecast_and_keeps_nobody_from_anything()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Cloud.Others = 3950;
        var preview = (await world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), await world.IdentifyAsync(Company.Mira), Ct)).Value;
        Assert.Equal(50, preview.Room?.Left);
        Assert.Empty(preview.Missing);
        await world.PromiseAsync();
    }

    [Fact]
    public async Task With_plenty_left_nothing_is_said()
    {
        await using var world = await PortalWorld.OpenAsync();
        Assert.Null((await world.Get<PreviewRequest>().ExecuteAsync(PortalWorld.Draft(), await world.IdentifyAsync(Company.Mira), Ct)).Value.Room);
    }

    [Fact]
    public async Task More_time_for_a_role_that_stands_needs_no_room()
    {
        await using var world = await PortalWorld.OpenAsync();
        var first = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.Others = 4000;
        world.Clock.Advance(TimeSpan.FromSeconds(61));
        await world.PromiseAsync(draft: PortalWorld.Draft(start: first.EndsAt));
    }

    [Fact]
    public async Task A_group_that_holds_the_role_needs_no_room()
    {
        await using var world = await PortalWorld.OpenAsync();
        world.Cloud.Others = 4000;
        await world.LoadPoliciesAsync([.. Company.Policies.Select(p => p.Name != "payments" ? p : p with
        {
            Roles = [GrantableRole.SecretsUser.Name],
            Secrets = [],
            Provider = GrantProvider.GroupMembership,
            ProviderGroup = new PolicyGroup(new("61a0c001-0000-4000-8000-000000000009"), "payments-secret-readers"),
        })]);
        await world.PromiseAsync(draft: PortalWorld.Draft(Company.PaymentsVault));
    }

    [Fact]
    public async Task A_cloud_that_is_silent_keeps_a_page_no_longer_for_many_subscriptions_than_for_one()
    {
        await using var world = await PortalWorld.OpenAsync();
        await using var db = world.OpenDb();
        var silent = new SilentCloud();
        var room = new AssignmentRoom(world.Clock, silent);
        var wanted = Enumerable.Range(1, 5).Select(i => ($"/subscriptions/9e10c0de-0000-4000-8000-00000000000{i}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv", Guid.NewGuid(), GrantableRole.SecretsUser.DefinitionId, GrantProvider.RoleAssignment)).ToList();
        var asked = room.LackingAllAsync(db, [.. wanted, .. wanted], Ct);
        world.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.All(await asked.WaitAsync(TimeSpan.FromSeconds(30), Ct), Assert.Null);
        Assert.Equal(5, silent.Asked);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed class SilentCloud : IRoleAssignments
    {
        private int _asked;

        public int Asked => _asked;

        public async Task<AssignmentUsage> ReadUsageAsync(string subscriptionId, CancellationToken ct)
        {
            Interlocked.Increment(ref _asked);
            await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            throw new NotSupportedException();
        }

        public Task<AssignmentWritten> PutAsync(AssignmentOrder order, CancellationToken ct) => throw new NotSupportedException();

        public Task<ProviderCall> DeleteAsync(string scope, Guid name, CancellationToken ct) => throw new NotSupportedException();

        public Task<AssignmentSeen?> FindAsync(string scope, Guid name, CancellationToken ct) => throw new NotSupportedException();

        public Task<IReadOnlyList<AssignmentSeen>> ListAtAsync(string scope, Guid principalId, CancellationToken ct) => throw new NotSupportedException();

        public IAsyncEnumerable<AssignmentSeen> ListUnderAsync(string vaultScope, CancellationToken ct) => throw new NotSupportedException();
    }
}
