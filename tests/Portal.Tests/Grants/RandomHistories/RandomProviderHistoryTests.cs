using CsCheck;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>Random histories of access that is given otherwise than by the portal's own role assignments: by membership, where nothing says whose it is, and by schedules, which Azure ends by itself. However they go, once the cloud answers again each person is in, or has a schedule, exactly while a live grant needs it, and nobody is taken out whom somebody else has put in.</summary>
public sealed class RandomProviderHistoryTests
{
    private static readonly Guid Readers = new("61a0c001-0000-4000-8000-000000000009");
    private static readonly TestPerson Nadia = new("Nadia Brandt", "nadia@fenwick.example", new("6a51cfa7-83b6-41d3-9f62-b4500370e106"), [PortalRole.Requester], [Company.PaymentsEngineers]);

    // As long as a lost call is looked for; what lands later in a group cannot be told from what somebody else has put there.
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(9);

    private abstract record Step;

    private sealed record Promise(bool ForNadia, bool Other, int Minutes, int? StartsIn) : Step;

    private sealed record End(int Which, bool Revoke) : Step;

    private sealed record Pass(int Seconds) : Step;

    private sealed record Fault(CallFault Kind) : Step;

    private sealed record ByHand(bool ForNadia, bool In) : Step;

    private sealed record LandLate : Step;

    private sealed record Look : Step;

    private sealed record Restart : Step;

    private sealed record Outage(int Seconds, bool AuditOnly) : Step;

    private sealed record SlowReads(int Seconds) : Step;

    private sealed record SetDatabase(int Ahead) : Step;

    private static readonly int[] Clocks = [-86_400, -3_600, 0, 0, 3_600, 86_400];

    private static readonly Gen<Step> AnyStep = Gen.Frequency(
        (4, Gen.Select(Gen.Bool, Gen.Bool, Gen.Int[10, 90], Gen.Int[0, 60].Nullable(0.5)).Select((n, o, m, i) => (Step)new Promise(n, o, m, i))),
        (2, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (Step)new End(w, r))),
        (5, Gen.Int[1, 3000].Select(s => (Step)new Pass(s))),
        (3, Gen.Enum<CallFault>().Select(k => (Step)new Fault(k))),
        (2, Gen.Select(Gen.Bool, Gen.Bool).Select((n, i) => (Step)new ByHand(n, i))),
        (1, Gen.Const((Step)new LandLate())),
        (1, Gen.Const((Step)new Look())),
        (1, Gen.Const((Step)new Restart())),
        (1, Gen.Select(Gen.Int[15, 600], Gen.Bool).Select((s, a) => (Step)new Outage(s, a))),
        (1, Gen.Int[0, 5].Select(i => (Step)new SetDatabase(Clocks[i]))),
        (1, Gen.Int[0, 540].Select(s => (Step)new SlowReads(s))));

    [Fact]
    public Task Whatever_happens_everyone_is_in_the_group_exactly_while_a_live_grant_needs_it() =>
        AnyStep.Array[5, 25].SampleAsync(steps => LiveAsync(steps, GrantProvider.GroupMembership), iter: Histories.Count(15), threads: 2);

    [Fact]
    public Task Whatever_happens_everyone_has_a_schedule_exactly_while_a_live_grant_needs_it() =>
        AnyStep.Array[5, 25].SampleAsync(steps => LiveAsync(steps, GrantProvider.PimSchedule), iter: Histories.Count(15), threads: 2);

    private static async Task LiveAsync(Step[] steps, GrantProvider provider)
    {
        await using var world = await OpenAsync(provider);
        var history = new History(world, provider);
        foreach (var step in steps)
        {
            await history.DoAsync(step);
            await world.WorkThroughCrashesAsync();
        }

        history.SetFault(CallFault.None);
        world.DatabaseClock.Ahead = TimeSpan.Zero;
        history.Provider.ReadLag = TimeSpan.Zero;
        for (var minute = 0; minute < 80; minute += 5)
        {
            await history.LookAsync();
            await world.PassAsync(TimeSpan.FromMinutes(5));
        }

        await history.SettledAsync();
        await world.PassAsync(TimeSpan.FromDays(1));
        await history.SettledAsync();
        Assert.Equal(0, await world.ReadAsync(db => db.Grants.CountAsync(g => g.State != GrantState.Ended)));
        foreach (var grant in await world.ReadAsync(db => db.Grants.Select(g => g.Id).ToListAsync()))
            Assert.Equal(1, await world.ReadAsync(db => db.AuditEvents.CountAsync(e => e.GrantId == grant && e.Code == "grant.ended")));
    }

    private static async Task<PortalWorld> OpenAsync(GrantProvider provider)
    {
        var world = await PortalWorld.OpenAsync();
        world.Directory.Add(Nadia);
        world.Inventory.AddVault("kv-payments-test", secrets: []);
        await world.SyncAsync();
        var byGroup = provider == GrantProvider.GroupMembership;
        await world.LoadPoliciesAsync(
        [
            byGroup
                ? Company.Policies[0] with { Secrets = [], Roles = [GrantableRole.SecretsUser.Name], Provider = provider, ProviderGroup = new(Readers, "payments-readers") }
                : Company.Policies[0] with { Provider = provider },
            .. Company.Policies.Skip(1),
        ]);
        if (byGroup)
            foreach (var vault in new[] { "kv-payments-prod", "kv-payments-test" })
                world.Cloud.HoldByAnother(Company.VaultId(vault), Readers, GrantableRole.SecretsUser.DefinitionId);
        return world;
    }

    private sealed class History(PortalWorld world, GrantProvider provider)
    {
        private readonly List<Guid> _grants = [];
        // Whom somebody else has put in while the portal said of itself that nothing there is its own.
        private readonly HashSet<Guid> _others = [];
        private readonly HashSet<Guid> _everByHand = [];

        public FakeProvider Provider => provider == GrantProvider.GroupMembership ? world.Memberships : world.Schedules;

        public async Task DoAsync(Step step)
        {
            // Two calls are never made at the same instant.
            world.Clock.Advance(TimeSpan.FromMilliseconds(1));
            world.HearTheCloud();
            switch (step)
            {
                case Promise when world.DatabaseClock.Ahead != TimeSpan.Zero:
                    break;
                case Promise p:
                    var start = p.StartsIn is { } minutes ? world.Clock.GetUtcNow().AddMinutes(minutes) : (DateTimeOffset?)null;
                    var scope = provider == GrantProvider.GroupMembership ? Company.VaultId(p.Other ? "kv-payments-test" : "kv-payments-prod") : p.Other ? Company.LedgerPassword : Company.Stripe;
                    _grants.Add((await world.PromiseAsync(p.ForNadia ? Nadia : Company.Mira, PortalWorld.Draft(scope, p.Minutes, start))).Id);
                    break;
                case End e when _grants.Count > 0:
                    var id = _grants[e.Which % _grants.Count];
                    var holder = await world.ReadAsync(db => db.Grants.Where(g => g.Id == id).Select(g => g.PrincipalObjectId).SingleAsync());
                    _ = e.Revoke ? await world.RevokeAsync(id, Company.Tomas) : await world.ReturnAsync(id, holder == Nadia.ObjectId ? Nadia : Company.Mira);
                    break;
                case Pass p:
                    world.Clock.Advance(TimeSpan.FromSeconds(p.Seconds));
                    break;
                case Fault f:
                    SetFault(f.Kind);
                    break;
                case ByHand h when provider == GrantProvider.GroupMembership:
                    await PutByHandAsync(h.ForNadia ? Nadia.ObjectId : Company.Mira.ObjectId, h.In);
                    break;
                case ByHand h:
                    world.Schedules.HeldByAnother = h.In;
                    break;
                case LandLate:
                    Provider.LandLate(Late);
                    break;
                case Look:
                    await LookAsync();
                    break;
                case Restart:
                    await world.RestartAsync();
                    break;
                case Outage o:
                    await world.EndureOutageAsync(TimeSpan.FromSeconds(o.Seconds), o.AuditOnly);
                    break;
                case SetDatabase d:
                    world.DatabaseClock.Ahead = TimeSpan.FromSeconds(d.Ahead);
                    break;
                case SlowReads s:
                    Provider.ReadLag = TimeSpan.FromSeconds(s.Seconds);
                    break;
            }
        }

        public void SetFault(CallFault fault) =>
            (Provider.FailBefore, Provider.FailAfter, Provider.FailRead) = (fault.BeforeCalls(), fault.AfterCalls(), fault.OfReads());

        // What the portal does every five minutes.
        public async Task LookAsync()
        {
            world.HearTheCloud();
            Assert.True((await world.Get<LookAgain>().ExecuteAsync(Actor.System, TestContext.Current.CancellationToken)).Succeeded);
        }

        public async Task SettledAsync()
        {
            var now = world.Clock.GetUtcNow();
            var grants = await world.ReadAsync(db => db.Grants.AsNoTracking().ToListAsync());
            foreach (var trio in grants.GroupBy(g => g.AssignmentId))
            {
                var needing = trio.Where(g => g.NeedsRoleAt(now)).ToList();
                if (provider == GrantProvider.GroupMembership)
                    MembershipSettled(trio.First().PrincipalObjectId, needing.Count > 0);
                else if (needing.Count == 0)
                    Assert.Empty(world.Schedules.Of(trio.Key));
                else if (!world.Schedules.HeldByAnother)
                    Assert.Equal([needing.Max(g => g.EndsAt)], world.Schedules.Of(trio.Key));
                Assert.All(needing, g => Assert.Equal(GrantState.Active, g.State));
                Assert.All(trio.Where(g => g.EndsAt <= now), g => Assert.Equal(GrantState.Ended, g.State));
            }
        }

        private void MembershipSettled(Guid person, bool needed)
        {
            var isIn = world.Memberships.Has(Readers, person);
            // Who was put in before a call of the portal's whose outcome it does not know, cannot be told from whom that call has put in.
            if (needed || (_others.Contains(person) && !world.Memberships.Unanswered.Contains(person)))
                Assert.True(isIn);
            else if (!_everByHand.Contains(person))
                Assert.False(isIn);
        }

        private async Task PutByHandAsync(Guid person, bool puts)
        {
            if (!puts)
            {
                world.Memberships.Remove(Readers, person);
                _others.Remove(person);
                return;
            }

            if (world.Memberships.Has(Readers, person))
                return;
            world.Memberships.Add(Readers, person);
            _everByHand.Add(person);
            if (!await world.ReadAsync(db => db.DesiredAssignments.AnyAsync(a => a.PrincipalObjectId == person && a.FreeSeenAt != null)))
                _others.Add(person);
        }
    }
}
