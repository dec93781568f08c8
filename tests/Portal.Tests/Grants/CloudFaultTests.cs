using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>What the grant engine does when the cloud says no, says wait, or says nothing.</summary>
public sealed class CloudFaultTests
{
    private static readonly CloudCallException Forbidden = new("AuthorizationFailed", "The portal may not write here.", 403, isTransient: false, providerCall: new ProviderCall("req-403", "corr-403"));

    private static CloudCallException Throttled(TimeSpan retryAfter) => new("TooManyRequests", "Slow down.", 429, isTransient: true, retryAfter);

    private static CloudCallException Down() => new("ServiceUnavailable", "Down.", 503, isTransient: true);

    [Fact]
    public async Task Retry_After_is_waited_for()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Cloud.FailBefore = _ => Throttled(TimeSpan.FromSeconds(90));
        await world.WorkAsync();
        world.Cloud.FailBefore = null;

        await world.PassAsync(TimeSpan.FromSeconds(89));
        Assert.Single(world.Cloud.Calls);
        await world.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, world.Cloud.Calls.Count);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task What_cannot_get_better_by_itself_needs_attention_at_once()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Cloud.FailBefore = _ => Forbidden;
        await world.WorkAsync();
        var stuck = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Provisioning, "AuthorizationFailed"), (stuck.State, stuck.AttentionCode));
        var attention = Assert.Single(await world.EventsAsync(promised.RequestId), e => e.Code == "grant.needs_attention");
        Assert.Equal(("AuthorizationFailed", "req-403", "corr-403"), (attention.Reason, attention.ProviderRequestId, attention.ProviderCorrelationId));

        world.Cloud.FailBefore = null;
        await world.PassAsync(TimeSpan.FromMinutes(5));
        var healed = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Active, (string?)null), (healed.State, healed.AttentionCode));
    }

    [Fact]
    public async Task What_is_only_slow_needs_attention_within_five_minutes_and_is_told_once()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120));
        world.Cloud.FailBefore = _ => Down();
        await world.WorkAsync();
        Assert.Null((await world.GrantOfAsync(promised.RequestId)).AttentionCode);
        for (var second = 0; second < 300; second += 10)
            await world.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("ServiceUnavailable", (await world.GrantOfAsync(promised.RequestId)).AttentionCode);
        Assert.Single(await world.EventsAsync(promised.RequestId), e => e.Code == "grant.needs_attention");
    }

    [Fact]
    public async Task Taking_back_is_tried_until_it_succeeds_however_long_that_takes()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Delete ? Forbidden : null;
        await world.PassAsync(TimeSpan.FromMinutes(30));
        var gaps = new List<TimeSpan>();
        for (var hour = 0; hour < 8; hour++)
            for (var minute = 0; minute < 60; minute++)
                await world.PassAsync(TimeSpan.FromMinutes(1));
        var tries = world.Cloud.Calls.Where(c => c.Verb == CloudVerb.Delete).ToList();
        gaps.AddRange(tries.Zip(tries.Skip(1), (a, b) => b.At - a.At));
        Assert.True(gaps.Max() <= TimeSpan.FromMinutes(16), $"The longest gap was {gaps.Max()}.");
        var stuck = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Revoking, "AuthorizationFailed"), (stuck.State, stuck.AttentionCode));

        world.Cloud.FailBefore = null;
        await world.PassAsync(TimeSpan.FromMinutes(16));
        Assert.Empty(world.Cloud.Standing);
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task Taking_back_is_tried_again_in_seconds_however_often_giving_failed_before()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 120));
        world.Cloud.FailBefore = _ => Down();
        await world.LiveAsync(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(10));
        Assert.InRange((await world.AssignmentAsync(promised.AssignmentId)).Attempts, 8, 12);
        await world.RevokeAsync(promised.Id, Company.Tomas);
        await world.WorkAsync();
        world.Cloud.FailBefore = null;

        await world.PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
    }

    [Fact]
    public async Task A_provider_that_asks_to_wait_for_an_hour_is_told_of_at_once()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        world.Cloud.FailBefore = c => c.Verb == CloudVerb.Delete ? new CloudCallException("TooManyRequests", "Slow down.", 429, isTransient: true, TimeSpan.FromHours(1)) : null;
        await world.PassAsync(TimeSpan.FromMinutes(30));
        var waiting = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Revoking, "TooManyRequests"), (waiting.State, waiting.AttentionCode));
        world.Cloud.FailBefore = null;
        await world.PassAsync(TimeSpan.FromHours(1));
        var ended = await world.GrantOfAsync(promised.RequestId);
        Assert.Equal((GrantState.Ended, null), (ended.State, ended.AttentionCode));
    }

    [Fact]
    public async Task A_lock_that_came_after_the_approval_stops_the_grant_before_any_call()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Inventory.Lock(Company.PaymentsVault, "freeze");
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Calls);
        Assert.Equal("ScopeLocked", (await world.GrantOfAsync(promised.RequestId)).AttentionCode);

        world.Inventory.Lock(Company.PaymentsVault, null);
        await world.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Single(world.Cloud.Standing);
    }

    [Fact]
    public async Task A_vault_that_went_over_to_access_policies_is_not_granted_on()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Inventory.SetModel(Company.PaymentsVault, PermissionModel.AccessPolicies);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Calls);
        Assert.Equal("VaultUsesAccessPolicies", (await world.GrantOfAsync(promised.RequestId)).AttentionCode);
    }

    [Fact]
    public async Task A_vault_that_is_gone_is_not_granted_on()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Inventory.RemoveVault(Company.PaymentsVault);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Calls);
        Assert.Equal("ScopeNotFound", (await world.GrantOfAsync(promised.RequestId)).AttentionCode);
    }

    [Fact]
    public async Task Nothing_is_given_to_an_account_that_was_disabled_meanwhile()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.Directory.Disable(Company.Mira);
        await world.WorkAsync();
        Assert.Empty(world.Cloud.Calls);
        Assert.Equal("PrincipalDisabled", (await world.GrantOfAsync(promised.RequestId)).AttentionCode);
    }

    [Fact]
    public async Task Taking_back_asks_nobody_first()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.PromiseAsync();
        await world.WorkAsync();
        world.Inventory.Fault = Down();
        world.Directory.Fault = Down();
        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Empty(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task Access_by_an_assignment_that_is_not_ours_is_noted_and_never_deleted(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var others = world.Cloud.HoldByAnother(Company.Stripe, Company.Mira.ObjectId, GrantableRole.SecretsUser.DefinitionId);
        var promised = await world.PromiseAsync();
        await world.WorkAsync();
        var active = await world.GrantOfAsync(promised.RequestId);
        Assert.True(active is { State: GrantState.Active, StandingAccess: true });
        Assert.Contains("grant.standing_access_found", await world.CodesAsync(promised.RequestId));

        await world.PassAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(GrantState.Ended, (await world.GrantOfAsync(promised.RequestId)).State);
        Assert.Equal(others, Assert.Single(world.Cloud.Standing));
        Assert.DoesNotContain(world.Cloud.Calls, c => c.Verb == CloudVerb.Delete);
    }

    [Fact]
    public async Task Without_a_record_of_the_announcement_there_is_no_call()
    {
        await using var world = await PortalWorld.OpenAsync();
        var promised = await world.PromiseAsync();
        world.DatabaseFaults.Break = sql => sql.Contains("INSERT INTO \"AuditEvents\"", StringComparison.Ordinal) ? new IOException("The disk is full.") : null;
        var claim = Assert.Single(await world.ClaimAsync());
        await Assert.ThrowsAnyAsync<Exception>(() => world.DriveAsync(claim));
        Assert.Empty(world.Cloud.Calls);

        world.DatabaseFaults.Break = null;
        await world.PassAsync(PortalWorld.Lease);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(promised.RequestId)).State);
    }
}
