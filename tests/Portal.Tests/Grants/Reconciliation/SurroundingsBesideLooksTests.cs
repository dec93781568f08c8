using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Reconciliation;

/// <summary>Memberships and schedules are read every five minutes, whatever surrounds them. That what is read is there says nothing of a lock or a secret, so it is the comparison that begins and ends what it found.</summary>
public sealed class SurroundingsBesideLooksTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases(GrantProvider.GroupMembership, GrantProvider.PimSchedule)]
    public async Task What_lasts_is_recorded_once_when_it_begins_and_once_when_it_ends_however_often_it_is_looked_in_between(DatabaseKind kind, GrantProvider provider)
    {
        await using var world = await OpenAsync(kind, provider);
        var grant = await SettledAsync(world, provider);
        world.Inventory.Lock(Company.PaymentsVault, "hands-off");

        for (var turn = 0; turn < 4; turn++)
            await LookAndCompareAsync(world, DriftCode.ScopeLocked, grant);
        var codes = await world.CodesAsync(grant.RequestId);
        Assert.Single(codes, "drift.found");
        Assert.Single(codes, "grant.needs_attention");

        world.Inventory.Lock(Company.PaymentsVault, null);
        await LookAndCompareAsync(world, null, grant);
        codes = await world.CodesAsync(grant.RequestId);
        Assert.Single(codes, "drift.resolved");
        Assert.Single(codes, "grant.needs_attention");

        // The next time is news again.
        world.Inventory.Lock(Company.PaymentsVault, "hands-off");
        await LookAndCompareAsync(world, DriftCode.ScopeLocked, grant);
        Assert.Equal(2, (await world.CodesAsync(grant.RequestId)).Count(c => c == "grant.needs_attention"));

        await world.PassAsync(TimeSpan.FromHours(4));
        var ended = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Ended, null), (ended.State, ended.AttentionCode));
    }

    [Theory, BothDatabases]
    public async Task Nor_does_a_look_at_somebody_elses_membership_take_it_back(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind, GrantProvider.GroupMembership);
        world.Memberships.Add(MembershipTests.Readers, Company.Mira.ObjectId);
        var grant = await SettledAsync(world, GrantProvider.GroupMembership);
        Assert.True(grant.StandingAccess);
        world.Inventory.Lock(Company.PaymentsVault, "hands-off");
        for (var turn = 0; turn < 3; turn++)
            await LookAndCompareAsync(world, DriftCode.ScopeLocked, grant);
        Assert.Single(await world.CodesAsync(grant.RequestId), "grant.needs_attention");
    }

    [Theory, BothDatabases]
    public async Task What_kept_a_membership_from_being_put_back_needs_no_comparison_to_be_over(DatabaseKind kind)
    {
        await using var world = await OpenAsync(kind, GrantProvider.GroupMembership);
        var grant = await SettledAsync(world, GrantProvider.GroupMembership);
        world.Inventory.Lock(Company.PaymentsVault, "hands-off");
        world.Memberships.Remove(MembershipTests.Readers, Company.Mira.ObjectId);
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        await world.WorkAsync();
        Assert.Equal(DriftCode.ScopeLocked, (await world.GrantOfAsync(grant.RequestId)).AttentionCode);

        world.Inventory.Lock(Company.PaymentsVault, null);
        await world.PassAsync(TimeSpan.FromMinutes(16));
        var given = await world.GrantOfAsync(grant.RequestId);
        Assert.Equal((GrantState.Active, null), (given.State, given.AttentionCode));
    }

    // What a worker and the two jobs do in five minutes.
    private static async Task LookAndCompareAsync(PortalWorld world, string? expected, Grant grant)
    {
        await world.PassAsync(TimeSpan.FromMinutes(5));
        await world.CompareAsync();
        Assert.Equal(expected, (await world.GrantOfAsync(grant.RequestId)).AttentionCode);
        await world.Get<LookAgain>().ExecuteAsync(Actor.System, Ct);
        await world.WorkAsync();
        Assert.Equal(expected, (await world.GrantOfAsync(grant.RequestId)).AttentionCode);
    }

    private static async Task<Grant> SettledAsync(PortalWorld world, GrantProvider provider)
    {
        var grant = await world.PromiseAsync(draft: provider == GrantProvider.GroupMembership ? MembershipTests.Vault(240) : PortalWorld.Draft(minutes: 240));
        await world.WorkAsync();
        await world.PassAsync(Reconciling.Settled);
        return await world.GrantOfAsync(grant.RequestId);
    }

    private static async Task<PortalWorld> OpenAsync(DatabaseKind kind, GrantProvider provider) =>
        provider == GrantProvider.GroupMembership ? await MembershipTests.OpenAsync(kind) : await ScheduledGrantTests.OpenAsync(kind);
}
