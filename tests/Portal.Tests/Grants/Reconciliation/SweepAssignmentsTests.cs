using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Reconciliation;

/// <summary>Finding and removing what is the portal's by the marks alone, with a database and without one.</summary>
public sealed class SweepAssignmentsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, BothDatabases]
    public async Task Without_apply_it_shows_everything_of_the_portals_and_changes_nothing(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var kept = await world.SettledGrantAsync();
        var overdue = world.Cloud.Plant(Reconciling.Marked(Company.Carrier, Company.Jonas, world.Clock.GetUtcNow().AddHours(-1)));
        world.Cloud.HoldByAnother(Company.LedgerPassword, Company.Jonas.ObjectId, GrantableRole.SecretsUser.DefinitionId);
        var calls = world.Cloud.Calls.Count;

        var (outcome, met) = await SweepAsync(world, new SweepOptions());

        Assert.Equal((4, 2, 1, 1, 0, 0, true), (outcome.Vaults, outcome.Found, outcome.Overdue, outcome.Explained, outcome.Removed, outcome.Failed, outcome.IsComplete));
        Assert.Equal([(overdue.Name, true, SweepFate.Found), (kept.AssignmentId, false, SweepFate.Explained)], met.Select(m => (m.Assignment.Name, m.Overdue, m.Fate)).OrderBy(m => m.Fate));
        Assert.Equal(calls, world.Cloud.Calls.Count);
        Assert.DoesNotContain("drift.swept", await world.CodesAsync());
    }

    [Theory, BothDatabases]
    public async Task With_a_database_it_leaves_what_live_grants_explain_and_records_the_rest_before_it_goes(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var kept = await world.SettledGrantAsync();
        var orphan = world.Cloud.Plant(Reconciling.Marked(Company.Carrier, Company.Jonas, world.Clock.GetUtcNow().AddHours(-1)));
        var recorded = 0;
        world.Cloud.FailBefore = call =>
        {
            using var db = world.OpenDb();
            recorded = db.AuditEvents.Count(e => e.Code == "drift.swept");
            return null;
        };

        var (outcome, _) = await SweepAsync(world, new SweepOptions { Apply = true });

        Assert.Equal((1, 1, 0, 1), (outcome.Removed, outcome.Explained, outcome.Failed, recorded));
        Assert.Equal(kept.AssignmentId, Assert.Single(world.Cloud.Standing).Name);
        var swept = (await world.EventsAsync()).Single(e => e.Code == "drift.swept");
        Assert.Equal((orphan.Scope, orphan.PrincipalId, "kv-logistics-prod", "carrier-token"), (swept.Scope, swept.SubjectObjectId, swept.VaultName, swept.SecretName));
    }

    [Theory, BothDatabases]
    public async Task What_is_swept_is_recorded_under_the_catalogs_names_and_what_the_catalog_does_not_know_under_its_own(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Inventory.AddVault("kv-Treasury", secrets: FakeVaultInventory.Secret("Swift-Key"));
        await world.SyncAsync();
        var vault = Company.VaultId("kv-Treasury");
        var azures = vault.Replace("kv-treasury", "KV-TREASURY", StringComparison.OrdinalIgnoreCase);
        Assert.NotEqual(vault, azures);
        foreach (var scope in (string[])[$"{azures}/secrets/swift-key", $"{azures}/secrets/Forgotten", azures])
            world.Cloud.Plant(Reconciling.Marked(scope, Company.Jonas, world.Clock.GetUtcNow().AddHours(-1)));

        Assert.Equal(3, (await SweepAsync(world, new SweepOptions { Apply = true })).Outcome.Removed);
        var swept = (await world.EventsAsync()).Where(e => e.Code == "drift.swept").Select(e => (e.VaultName, e.SecretName, e.Scope));
        Assert.Equal(
            [("kv-Treasury", null, ArmId.Normalise(vault)), ("kv-Treasury", "Forgotten", ArmId.OfSecret(vault, "forgotten")), ("kv-Treasury", "Swift-Key", ArmId.OfSecret(vault, "swift-key"))],
            swept.OrderBy(e => e.SecretName, StringComparer.Ordinal));
    }

    [Theory, BothDatabases]
    public async Task Who_is_given_the_role_while_the_sweep_is_under_way_keeps_it(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var over = world.Clock.GetUtcNow().AddHours(-1);
        world.Cloud.Plant(Reconciling.Marked(Company.LedgerPassword, Company.Jonas, over));
        world.Cloud.Plant(Reconciling.Marked(Company.Stripe, Company.Mira, over));
        var line = new CloudLine(_ => { });
        Grant? given = null;
        line.Going = async () =>
        {
            line.Going = null;
            given = await world.PromiseAsync();
            await world.WorkAsync();
        };

        // The first removal is on its way when the second is promised and given.
        var (outcome, _) = await SweepAsync(world, new SweepOptions { Apply = true }, line: line);

        Assert.Equal((2, 1, 1), (outcome.Found, outcome.Removed, outcome.Explained));
        Assert.Equal(given!.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.Single(await world.CodesAsync(), "drift.swept");
    }

    [Theory, BothDatabases]
    public async Task Whose_role_goes_although_it_was_given_a_moment_before_has_it_back_at_once(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Cloud.Plant(Reconciling.Marked(Company.Stripe, Company.Mira, world.Clock.GetUtcNow().AddHours(-1)));
        var line = new CloudLine(_ => { });
        Grant? given = null;
        line.Going = async () =>
        {
            line.Going = null;
            given = await world.PromiseAsync();
            await world.WorkAsync();
        };

        var (outcome, _) = await SweepAsync(world, new SweepOptions { Apply = true }, line: line);
        Assert.Equal(1, outcome.Removed);
        Assert.Empty(world.Cloud.Standing);
        await world.WorkAsync();
        Assert.Equal(given!.EndsAt, AssignmentMark.UntilOf(Assert.Single(world.Cloud.Standing).Description));
        Assert.Contains("grant.restored", await world.CodesAsync(given.RequestId));
    }

    [Theory, BothDatabases]
    public async Task Nor_is_a_read_believed_that_still_shows_what_was_removed(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Cloud.Plant(Reconciling.Marked(Company.Stripe, Company.Mira, world.Clock.GetUtcNow().AddHours(-1)));
        var line = new CloudLine(_ => { });
        line.Going = async () =>
        {
            line.Going = null;
            await world.PromiseAsync(draft: PortalWorld.Draft(minutes: 240));
            await world.WorkAsync();
            await world.LiveAsync(TimeSpan.FromMinutes(11), TimeSpan.FromSeconds(5));
        };
        Assert.Equal(1, (await SweepAsync(world, new SweepOptions { Apply = true }, line: line)).Outcome.Removed);
        world.Cloud.ReadLag = TimeSpan.FromMinutes(1);
        await world.LiveAsync(TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(5));
        Assert.Single(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task A_sweep_that_is_broken_off_with_a_removal_on_its_way_has_it_looked_at(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        world.Cloud.Plant(Reconciling.Marked(Company.Stripe, Company.Mira, world.Clock.GetUtcNow().AddHours(-1)));
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var line = new CloudLine(_ => { });
        line.Going = async () =>
        {
            line.Going = null;
            await world.PromiseAsync();
            await world.WorkAsync();
            await broken.CancelAsync();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SweepAsync(world, new SweepOptions { Apply = true }, line: line, ct: broken.Token));
        Assert.Empty(world.Cloud.Standing);
        await world.WorkAsync();
        Assert.Single(world.Cloud.Standing);
    }

    [Theory, BothDatabases]
    public async Task Whether_a_grant_lasts_still_is_for_the_databases_clock_to_say(DatabaseKind kind)
    {
        await using var world = await PortalWorld.OpenAsync(kind);
        var kept = await world.SettledGrantAsync();
        // The machine that sweeps is a day ahead.
        world.DatabaseClock.Ahead = TimeSpan.FromDays(-1);
        world.Clock.Advance(TimeSpan.FromDays(1));
        var (outcome, _) = await SweepAsync(world, new SweepOptions { Apply = true });
        Assert.Equal((1, 0), (outcome.Explained, outcome.Removed));
        Assert.Equal(kept.AssignmentId, Assert.Single(world.Cloud.Standing).Name);
        Assert.Equal(1, (await SweepAsync(world, new SweepOptions())).Outcome.Explained);
    }

    [Fact]
    public async Task Told_to_take_all_it_takes_what_live_grants_explain_as_well_and_nothing_that_is_not_the_portals()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.SettledGrantAsync();
        var foreign = world.Cloud.HoldByAnother(Company.LedgerPassword, Company.Jonas.ObjectId, GrantableRole.SecretsUser.DefinitionId);
        Assert.Equal(1, (await SweepAsync(world, new SweepOptions { Apply = true, EvenExplained = true })).Outcome.Removed);
        Assert.Equal([foreign], world.Cloud.Standing);
    }

    [Fact]
    public async Task Without_its_database_it_clears_everything_of_its_own_and_nothing_else()
    {
        await using var world = await PortalWorld.OpenAsync();
        await world.SettledGrantAsync();
        await world.SettledGrantAsync(Company.LedgerPassword);
        world.Cloud.Plant(Reconciling.Marked(Company.LogisticsVault, Company.Jonas, world.Clock.GetUtcNow(), name: Guid.NewGuid(), role: GrantableRole.Reader.DefinitionId));
        var foreign = world.Cloud.HoldByAnother(Company.Stripe, Company.Jonas.ObjectId, GrantableRole.SecretsUser.DefinitionId);

        var (outcome, _) = await SweepAsync(world, new SweepOptions { Apply = true }, withDatabase: false);

        Assert.Equal((3, 3, 0), (outcome.Found, outcome.Removed, outcome.Explained));
        Assert.Equal([foreign], world.Cloud.Standing);
    }

    [Fact]
    public async Task Only_what_has_been_over_for_long_enough_and_only_the_named_subscriptions()
    {
        await using var world = await PortalWorld.OpenAsync();
        var now = world.Clock.GetUtcNow();
        var old = world.Cloud.Plant(Reconciling.Marked(Company.Carrier, Company.Jonas, now.AddHours(-2)));
        world.Cloud.Plant(Reconciling.Marked(Company.Stripe, Company.Jonas, now.AddMinutes(-59)));
        world.Cloud.Plant(Reconciling.Marked(Company.LedgerPassword, Company.Jonas, now) with { Description = AssignmentMark.Prefix + " until someone cut this off" });

        var (outcome, met) = await SweepAsync(world, new SweepOptions { OlderThan = TimeSpan.FromHours(1) });
        Assert.Equal((1, old.Name), (outcome.Found, Assert.Single(met).Assignment.Name));

        Assert.Equal(3, (await SweepAsync(world, new SweepOptions { Subscriptions = [Guid.Parse(ArmId.SubscriptionOf(Company.Stripe))] })).Outcome.Found);
        var none = (await SweepAsync(world, new SweepOptions { Subscriptions = [Guid.NewGuid()] })).Outcome;
        Assert.Equal((0, 0), (none.Vaults, none.Found));
    }

    [Fact]
    public async Task What_passes_by_itself_is_tried_again_and_what_does_not_is_reported_and_holds_up_nothing()
    {
        await using var world = await PortalWorld.OpenAsync();
        var (locked, throttled) = (Reconciling.Marked(Company.Carrier, Company.Jonas, world.Clock.GetUtcNow()), Reconciling.Marked(Company.Stripe, Company.Jonas, world.Clock.GetUtcNow()));
        world.Cloud.Plant(locked);
        world.Cloud.Plant(throttled);
        var tries = 0;
        world.Cloud.FailBefore = call => call.Name == locked.Name ? new CloudCallException("ScopeLocked", "A lock.", 409, isTransient: false)
            : ++tries < 3 ? new CloudCallException("SubscriptionRequestsThrottled", "Later.", 429, isTransient: true, TimeSpan.FromSeconds(7)) : null;

        var before = world.Clock.GetUtcNow();
        var (outcome, met) = await SweepAsync(world, new SweepOptions { Apply = true });

        Assert.Equal((1, 1, false), (outcome.Removed, outcome.Failed, outcome.IsComplete));
        Assert.Equal("ScopeLocked", met.Single(m => m.Fate == SweepFate.Failed).Fault?.Code);
        Assert.Equal([locked], world.Cloud.Standing);
        Assert.InRange(world.Clock.GetUtcNow() - before, TimeSpan.FromSeconds(14), TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_vault_that_cannot_be_listed_is_reported_and_nothing_is_removed_there()
    {
        await using var world = await PortalWorld.OpenAsync();
        var unseen = world.Cloud.Plant(Reconciling.Marked(Company.Stripe, Company.Jonas, world.Clock.GetUtcNow()));
        world.Cloud.Plant(Reconciling.Marked(Company.Carrier, Company.Jonas, world.Clock.GetUtcNow()));
        world.Cloud.ListedBeforeFault = 1;
        world.Cloud.FailList = vault => vault == Company.PaymentsVault ? new CloudCallException("AuthorizationFailed", "No.", 403, isTransient: false) : null;

        var (outcome, _) = await SweepAsync(world, new SweepOptions { Apply = true });

        Assert.Equal((3, 1, false), (outcome.Vaults, outcome.Removed, outcome.IsComplete));
        Assert.Equal("kv-payments-prod", Assert.Single(outcome.FailedVaults).Vault);
        Assert.Equal([unseen], world.Cloud.Standing);
    }

    [Fact]
    public async Task A_subscription_that_cannot_be_listed_is_reported_and_the_others_are_swept()
    {
        await using var world = await PortalWorld.OpenAsync();
        var gone = Guid.NewGuid();
        world.Inventory.Unlisted.Add(gone.ToString());
        world.Cloud.Plant(Reconciling.Marked(Company.Carrier, Company.Jonas, world.Clock.GetUtcNow()));
        var (outcome, _) = await SweepAsync(world, new SweepOptions { Apply = true });
        Assert.Equal((4, 1, false), (outcome.Vaults, outcome.Removed, outcome.IsComplete));
        Assert.Equal($"(all of subscription {gone})", Assert.Single(outcome.FailedVaults).Vault);
        Assert.True((await SweepAsync(world, new SweepOptions { Subscriptions = [Guid.Parse(ArmId.SubscriptionOf(Company.Carrier))] })).Outcome.IsComplete);
    }

    [Fact]
    public async Task It_removes_no_faster_than_it_is_told()
    {
        await using var world = await PortalWorld.OpenAsync();
        for (var i = 0; i < 20; i++)
            world.Cloud.Plant(Reconciling.Marked(ArmId.OfSecret(Company.PaymentsVault, $"s{i}"), Company.Jonas, world.Clock.GetUtcNow()));
        await SweepAsync(world, new SweepOptions { Apply = true, PerSecond = 2 });
        var times = world.Cloud.Calls.Select(c => c.At).ToList();
        Assert.Equal(20, times.Count);
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromMilliseconds(500)));
    }

    private static async Task<(SweepOutcome Outcome, List<SweptAssignment> Met)> SweepAsync(PortalWorld world, SweepOptions options, bool withDatabase = true, CloudLine? line = null, CancellationToken? ct = null)
    {
        var met = new List<SweptAssignment>();
        var sweep = line is not null ? new SweepAssignments(world.Inventory, new DistantAssignments(world.Cloud, line), world.Clock, new Random(1), NullLogger<SweepAssignments>.Instance, world.Get<IDbContextFactory<PortalDb>>(), world.DatabaseClock)
            : withDatabase ? world.Get<SweepAssignments>()
            : new SweepAssignments(world.Inventory, world.Cloud, world.Clock, new Random(1), NullLogger<SweepAssignments>.Instance);
        var sweeping = sweep.ExecuteAsync(options, met.Add, Actor.System, ct ?? Ct);
        // The clock stands still unless it is moved.
        while (!sweeping.IsCompleted)
        {
            world.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(sweeping, Task.Delay(1, Ct));
        }

        return ((await sweeping).Value, met);
    }
}
