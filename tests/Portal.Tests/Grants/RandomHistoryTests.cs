using CsCheck;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Identity;
using Portal.Core.Requests;
using Portal.Tests.Grants.Reconciliation;
using Portal.Tests.World;

namespace Portal.Tests.Grants;

/// <summary>Random histories of asking, asking for more, ending, time, clocks that are set, faults, crashes, new starts, outages of the database, late calls, slow reads and other people's hands. However they go: once the cloud answers again and reconciliation has come by, an assignment of ours stands exactly where a live grant needs it.</summary>
public sealed class RandomHistoryTests
{
    private static readonly TestPerson Nadia = new("Nadia Brandt", "nadia@fenwick.example", new("6a51cfa7-83b6-41d3-9f62-b4500370e106"), [PortalRole.Requester], [Company.PaymentsEngineers]);
    private static readonly string[] Scopes = [Company.Stripe, Company.LedgerPassword];

    private abstract record Step;

    private sealed record Promise(bool ForNadia, int Scope, int Minutes, int? StartsIn) : Step;

    private sealed record Extend(int Which, int Minutes, bool AtItsEnd) : Step;

    private sealed record SetMachine(int Ahead) : Step;

    private sealed record SetDatabase(int Ahead) : Step;

    private sealed record End(int Which, bool Revoke) : Step;

    private sealed record Pass(int Seconds) : Step;

    private sealed record Fault(CallFault Kind) : Step;

    private sealed record Standing(bool ForNadia, int Scope) : Step;

    private sealed record LandLate(int Which) : Step;

    private sealed record Hand(int Which, bool Remove) : Step;

    private sealed record Reconcile : Step;

    private sealed record Restart : Step;

    private sealed record Outage(int Seconds, bool AuditOnly) : Step;

    private sealed record SlowReads(int Seconds) : Step;

    private sealed record Pause(bool OneScope, bool TakeBack) : Step;

    // A day, the hour of summer time, a leap second, and right again.
    private static readonly int[] Clocks = [-86_400, -3_600, -1, 0, 0, 1, 3_600, 86_400];
    private static readonly Gen<int> AnyClock = Gen.Int[0, 7].Select(i => Clocks[i]);

    private static readonly Gen<Step> AnyExtension = Gen.Select(Gen.Int[0, 9], Gen.Int[5, 40], Gen.Bool).Select((w, m, e) => (Step)new Extend(w, m, e));

    private static readonly Gen<Step> AnyStep = Gen.Frequency(
        (4, Gen.Select(Gen.Bool, Gen.Int[0, 1], Gen.Int[5, 90], Gen.Int[0, 60].Nullable(0.5)).Select((n, s, m, i) => (Step)new Promise(n, s, m, i))),
        (2, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (Step)new End(w, r))),
        (5, Gen.Int[1, 3000].Select(s => (Step)new Pass(s))),
        (3, Gen.Enum<CallFault>().Select(k => (Step)new Fault(k))),
        (1, Gen.Select(Gen.Bool, Gen.Int[0, 1]).Select((n, s) => (Step)new Standing(n, s))),
        (1, Gen.Int[0, 99].Select(w => (Step)new LandLate(w))),
        (1, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (Step)new Hand(w, r))),
        (1, Gen.Const((Step)new Reconcile())),
        (1, Gen.Const((Step)new Restart())),
        (1, Gen.Select(Gen.Int[15, 600], Gen.Bool).Select((s, a) => (Step)new Outage(s, a))),
        (1, Gen.Select(Gen.Bool, Gen.Bool).Select((m, t) => (Step)new Pause(m, t))),
        (2, AnyExtension),
        (1, AnyClock.Select(s => (Step)new SetMachine(s))),
        (1, AnyClock.Select(s => (Step)new SetDatabase(s))),
        (1, Gen.Int[0, 600].Select(s => (Step)new SlowReads(s))));

    // Nothing goes wrong: then there is no excuse at any instant, but that nothing is given by a clock that is wrong.
    private static readonly Gen<Step> QuietStep = Gen.Frequency(
        (4, Gen.Select(Gen.Bool, Gen.Int[0, 1], Gen.Int[5, 40], Gen.Int[0, 20].Nullable(0.5)).Select((n, s, m, i) => (Step)new Promise(n, s, m, i))),
        (2, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (Step)new End(w, r))),
        (1, Gen.Select(Gen.Int[0, 9], Gen.Bool).Select((w, r) => (Step)new Hand(w, r))),
        (2, AnyExtension),
        (1, AnyClock.Select(s => (Step)new SetMachine(s))),
        (4, Gen.Int[1, 1200].Select(s => (Step)new Pass(s))));

    [Fact]
    public Task Whatever_happens_assignments_settle_to_what_live_grants_need() => AnyStep.Array[5, 25].SampleAsync(LiveAsync, iter: Histories.Count(25), threads: 2);

    [Fact]
    public Task At_every_instant_the_role_is_there_exactly_while_a_live_grant_needs_it() => QuietStep.Array[3, 12].SampleAsync(LiveQuietlyAsync, iter: Histories.Count(10), threads: 2);

    private static async Task LiveQuietlyAsync(Step[] steps)
    {
        await using var world = await OpenAsync();
        var promised = new Dictionary<Guid, DateTimeOffset>();
        var excusedUntil = DateTimeOffset.MinValue;
        foreach (var step in steps)
        {
            var until = world.Clock.GetUtcNow() + (step is Pass pass ? TimeSpan.FromSeconds(pass.Seconds) : TimeSpan.Zero);
            if (step is not Pass)
                await DoAsync(world, step, promised);
            // What somebody else's hand did is found when it is looked for.
            if (step is Hand)
                await LookAtAllAsync(world);
            // Once it is right again, what was held back is tried within a quarter of an hour.
            if (step is SetMachine)
                excusedUntil = ClocksAgree(world) ? world.Clock.GetUtcNow().AddMinutes(16) : DateTimeOffset.MaxValue;
            await world.WorkAsync();
            await SettledAsync(world, excusedUntil);
            // From one change to the next, and a moment before it.
            while (NextChange(promised, await EndsAndStartsAsync(world), world.Clock.GetUtcNow()) is { } next && next <= until)
            {
                await world.PassAsync(next - TimeSpan.FromMilliseconds(1) - world.Clock.GetUtcNow());
                await SettledAsync(world, excusedUntil);
                await world.PassAsync(next - world.Clock.GetUtcNow());
                await SettledAsync(world, excusedUntil);
            }

            await world.PassAsync(until - world.Clock.GetUtcNow());
            await SettledAsync(world, excusedUntil);
            await EndsNeverMoveAsync(world, promised);
        }
    }

    private static Task<List<DateTimeOffset>> EndsAndStartsAsync(PortalWorld world) => world.ReadAsync(async db =>
    {
        var windows = await db.Grants.AsNoTracking().Select(g => new { g.StartsAt, g.EndsAt }).ToListAsync();
        return windows.SelectMany(w => new[] { w.StartsAt, w.EndsAt }).ToList();
    });

    private static DateTimeOffset? NextChange(Dictionary<Guid, DateTimeOffset> promised, List<DateTimeOffset> changes, DateTimeOffset now) =>
        changes.Concat(promised.Values).Where(c => c > now).Select(c => (DateTimeOffset?)c).Min();

    private static async Task LiveAsync(Step[] steps)
    {
        await using var world = await OpenAsync();
        var promised = new Dictionary<Guid, DateTimeOffset>();
        foreach (var step in steps)
        {
            await DoAsync(world, step, promised);
            await world.WorkThroughCrashesAsync();
            await EndsNeverMoveAsync(world, promised);
        }

        // The cloud answers again: all waits are shorter than an hour.
        SetFault(world, CallFault.None);
        (world.Machine.Ahead, world.DatabaseClock.Ahead) = (TimeSpan.Zero, TimeSpan.Zero);
        world.HearTheCloud();
        await world.ClaimAsync(most: 0);
        if (await PauseInForceAsync(world) is { } pause)
            Assert.Empty((await world.ResumeAsync(pause)).Refusals);
        world.Cloud.ReadLag = TimeSpan.Zero;
        // Reconciliation comes by every five minutes.
        for (var minute = 0; minute < 65; minute += 5)
        {
            await world.CompareAsync();
            await world.PassAsync(TimeSpan.FromMinutes(5));
        }

        await SettledAsync(world);
        await world.PassAsync(TimeSpan.FromDays(1));
        await SettledAsync(world);
        Assert.DoesNotContain(world.Cloud.Standing, a => AssignmentMark.IsOurs(a.Description));
        Assert.Equal(0, await world.ReadAsync(db => db.Grants.CountAsync(g => g.State != GrantState.Ended)));
        await EndsNeverMoveAsync(world, promised);
        foreach (var grant in promised.Keys)
            Assert.Equal(1, await world.ReadAsync(db => db.AuditEvents.CountAsync(e => e.GrantId == grant && e.Code == "grant.ended")));
    }

    private static async Task<PortalWorld> OpenAsync()
    {
        var world = await PortalWorld.OpenAsync();
        world.Directory.Add(Nadia);
        // One that waits throughout, for what nobody may approve now.
        await world.AskAsync(draft: PortalWorld.Draft(Company.PaymentsVault));
        return world;
    }

    private static async Task DoAsync(PortalWorld world, Step step, Dictionary<Guid, DateTimeOffset> promised)
    {
        world.HearTheCloud();
        switch (step)
        {
            case Promise when await PauseInForceAsync(world) is not null:
                // Nothing is approved under a pause; PauseTests says how that is refused.
                break;
            case Extend when await PauseInForceAsync(world) is not null:
                break;
            case Extend or Promise when !ClocksAgree(world):
                var waiting = await world.ReadAsync(db => db.AccessRequests.Where(r => r.State == RequestState.Pending).Select(r => r.Id).SingleAsync());
                Assert.Equal("clock.disagree", Assert.Single((await world.DecideAsync(waiting, Company.Priya)).Refusals).Code);
                break;
            case Promise p:
                var start = p.StartsIn is { } minutes ? world.Clock.GetUtcNow().AddMinutes(minutes) : (DateTimeOffset?)null;
                var grant = await world.PromiseAsync(p.ForNadia ? Nadia : Company.Mira, PortalWorld.Draft(Scopes[p.Scope], p.Minutes, start));
                promised.Add(grant.Id, grant.EndsAt);
                break;
            case Extend x when promised.Count > 0:
                var held = promised.Keys.ElementAt(x.Which % promised.Count);
                var earlier = await world.ReadAsync(db => db.Grants.AsNoTracking().SingleAsync(g => g.Id == held));
                if (!earlier.IsLive || earlier.EndsAt <= world.Clock.GetUtcNow())
                    break;
                var more = PortalWorld.Draft(earlier.Scope, x.Minutes, x.AtItsEnd ? earlier.EndsAt : null);
                var extension = await world.PromiseAsync(earlier.PrincipalObjectId == Nadia.ObjectId ? Nadia : Company.Mira, more);
                promised.Add(extension.Id, extension.EndsAt);
                break;
            case SetMachine m:
                world.Machine.Ahead = TimeSpan.FromSeconds(m.Ahead);
                break;
            case SetDatabase d:
                world.DatabaseClock.Ahead = TimeSpan.FromSeconds(d.Ahead);
                break;
            case End e when promised.Count > 0:
                var id = promised.Keys.ElementAt(e.Which % promised.Count);
                var holder = await world.ReadAsync(db => db.Grants.Where(g => g.Id == id).Select(g => g.PrincipalObjectId).SingleAsync());
                _ = e.Revoke ? await world.RevokeAsync(id, Company.Tomas) : await world.ReturnAsync(id, holder == Nadia.ObjectId ? Nadia : Company.Mira);
                break;
            case Pass p:
                world.Clock.Advance(TimeSpan.FromSeconds(p.Seconds));
                break;
            case Fault f:
                SetFault(world, f.Kind);
                break;
            case LandLate l when world.Cloud.Orders > 0:
                world.Cloud.LandLate(l.Which % world.Cloud.Orders);
                break;
            case Hand h when world.Cloud.Standing.Count > 0:
                var touched = world.Cloud.Standing[h.Which % world.Cloud.Standing.Count];
                if (h.Remove)
                    world.Cloud.Remove(touched);
                else
                    world.Cloud.Change(touched, touched with { Description = touched.Description + " (edited)" });
                break;
            case Pause p:
                if (await PauseInForceAsync(world) is { } inForce)
                    Assert.Empty((await world.ResumeAsync(inForce)).Refusals);
                else
                    await world.PauseAsync(new PauseInput(p.OneScope ? PauseTarget.Scope : PauseTarget.Everything, null, p.OneScope ? Company.Stripe : null, "Random history", p.TakeBack));
                break;
            case Reconcile:
                await world.CompareAsync();
                break;
            case Restart:
                await world.RestartAsync();
                break;
            case Outage o:
                await world.EndureOutageAsync(TimeSpan.FromSeconds(o.Seconds), o.AuditOnly);
                break;
            case SlowReads s:
                world.Cloud.ReadLag = TimeSpan.FromSeconds(s.Seconds);
                break;
            case Standing s:
                var who = s.ForNadia ? Nadia.ObjectId : Company.Mira.ObjectId;
                // Azure keeps one assignment per trio: somebody else's cannot come where one stands.
                if (!world.Cloud.Standing.Any(a => a.Scope == Scopes[s.Scope] && a.PrincipalId == who))
                    world.Cloud.HoldByAnother(Scopes[s.Scope], who, GrantableRole.SecretsUser.DefinitionId);
                break;
        }
    }

    private static bool ClocksAgree(PortalWorld world) =>
        world.Machine.Ahead.Duration() <= ClockWatch.Tolerance && (world.DatabaseClock.Ahead - world.Machine.Ahead).Duration() <= ClockWatch.Tolerance;

    private static Task<Guid?> PauseInForceAsync(PortalWorld world) =>
        world.ReadAsync(db => db.AccessPauses.Where(p => p.LiftedAt == null).Select(p => (Guid?)p.Id).FirstOrDefaultAsync());

    private static void SetFault(PortalWorld world, CallFault fault) =>
        (world.Cloud.FailBefore, world.Cloud.FailAfter, world.Cloud.FailRead) = (fault.BeforeCalls(), fault.AfterCalls(), fault.OfReads());

    // What reconciliation comes to once nothing was written for ten minutes: every row of which the cloud might differ is looked at again.
    private static async Task LookAtAllAsync(PortalWorld world)
    {
        await using var db = world.OpenDb();
        foreach (var row in await db.DesiredAssignments.ToListAsync())
            row.Doubt(world.Clock.GetUtcNow());
        await db.SaveChangesAsync();
    }

    private static async Task EndsNeverMoveAsync(PortalWorld world, Dictionary<Guid, DateTimeOffset> promised)
    {
        var ends = await world.ReadAsync(db => db.Grants.ToDictionaryAsync(g => g.Id, g => g.EndsAt));
        Assert.Equal(promised, ends);
        // Nor was one ever written that nobody approved for the trio.
        var approved = (await world.ReadAsync(db => db.Grants.AsNoTracking().Select(g => new { g.AssignmentId, g.EndsAt }).ToListAsync())).ToLookup(g => g.AssignmentId, g => (DateTimeOffset?)g.EndsAt);
        Assert.All(world.Cloud.Calls.Where(c => c.Verb == CloudVerb.Put), c => Assert.Contains(AssignmentMark.UntilOf(c.Description), approved[c.Name]));
    }

    // Until the excuse is over, access that is needed may be missing, because clocks disagree or did a moment ago. What is not needed is never there.
    private static async Task SettledAsync(PortalWorld world, DateTimeOffset excusedUntil = default)
    {
        var now = world.Clock.GetUtcNow();
        var grants = await world.ReadAsync(db => db.Grants.AsNoTracking().ToListAsync());
        foreach (var trio in grants.GroupBy(g => g.AssignmentId))
        {
            var there = world.Cloud.Standing.Where(a => a.Scope == trio.First().Scope && a.PrincipalId == trio.First().PrincipalObjectId).ToList();
            var needing = trio.Where(g => g.NeedsRoleAt(now)).ToList();
            if (needing.Count == 0)
            {
                Assert.DoesNotContain(there, a => a.Name == trio.Key);
            }
            else if (now < excusedUntil)
            {
                Assert.All(there.Where(a => a.Name == trio.Key), a => Assert.InRange(AssignmentMark.UntilOf(a.Description)!.Value, now, needing.Max(g => g.EndsAt)));
            }
            else
            {
                var standing = Assert.Single(there);
                if (standing.Name == trio.Key)
                    Assert.Equal(needing.Max(g => g.EndsAt), AssignmentMark.UntilOf(standing.Description));
                Assert.All(needing, g => Assert.Equal(GrantState.Active, g.State));
            }

            Assert.All(trio.Where(g => g.EndsAt <= now), g => Assert.Equal(GrantState.Ended, g.State));
        }
    }
}
