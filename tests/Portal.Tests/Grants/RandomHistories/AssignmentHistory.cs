using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Grants.Pauses;
using Portal.Core.Requests;
using Portal.Tests.Grants.Reconciliation;
using Portal.Tests.World;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>A history of role assignments as it is lived, and the judge of it.</summary>
internal sealed class AssignmentHistory(PortalWorld world)
{
    private static readonly string[] Scopes = [Company.Stripe, Company.LedgerPassword];

    private readonly Dictionary<Guid, DateTimeOffset> _promised = [];
    private bool _directoryAnswers = true;

    /// <summary>When each grant was approved to end.</summary>
    public IReadOnlyDictionary<Guid, DateTimeOffset> Promised => _promised;

    /// <summary>A world in which one request waits throughout, for what nobody may approve now.</summary>
    public static async Task<PortalWorld> OpenAsync(DatabaseKind kind = DatabaseKind.Sqlite)
    {
        var world = await PortalWorld.OpenAsync(kind);
        world.Directory.Add(Histories.Nadia);
        await world.AskAsync(draft: PortalWorld.Draft(Company.PaymentsVault));
        return world;
    }

    /// <summary>Takes a step. Nobody has worked on what comes of it.</summary>
    /// <param name="step">Which.</param>
    /// <param name="meanwhile">What others do during an outage of the acting portal's database; null for nothing.</param>
    public async Task DoAsync(HistoryStep step, Func<Task>? meanwhile = null)
    {
        world.HearTheCloud();
        // Who asks or approves finds the directory there; what the portal asks of it before it gives anything, it may not answer.
        if (step is HistoryStep.Promise or HistoryStep.Extend or HistoryStep.End or HistoryStep.Pause)
            world.Directory.Fault = null;
        await ActAsync(step, meanwhile);
        world.Directory.Fault = _directoryAnswers ? null : new CloudCallException(AttentionCode.NoAnswer, "No answer.", null, isTransient: true);
    }

    private async Task ActAsync(HistoryStep step, Func<Task>? meanwhile)
    {
        switch (step)
        {
            case HistoryStep.DirectoryAnswers d:
                _directoryAnswers = d.Answers;
                break;
            case HistoryStep.Promise when await PauseInForceAsync() is not null:
                // Nothing is approved under a pause; PauseTests says how that is refused.
                break;
            case HistoryStep.Extend when await PauseInForceAsync() is not null:
                break;
            case HistoryStep.Extend or HistoryStep.Promise when !ClocksAgree:
                var waiting = await world.ReadAsync(db => db.AccessRequests.Where(r => r.State == RequestState.Pending).Select(r => r.Id).SingleAsync());
                Assert.Equal("clock.disagree", Assert.Single((await world.DecideAsync(waiting, Company.Priya)).Refusals).Code);
                break;
            case HistoryStep.Promise p:
                var start = p.StartsIn is { } minutes ? world.Clock.GetUtcNow().AddMinutes(minutes) : (DateTimeOffset?)null;
                var grant = await world.PromiseAsync(p.ForNadia ? Histories.Nadia : Company.Mira, PortalWorld.Draft(Scopes[p.Scope], p.Minutes, start));
                _promised.Add(grant.Id, grant.EndsAt);
                break;
            case HistoryStep.Extend x when _promised.Count > 0:
                var held = _promised.Keys.ElementAt(x.Which % _promised.Count);
                var earlier = await world.ReadAsync(db => db.Grants.AsNoTracking().SingleAsync(g => g.Id == held));
                if (!earlier.IsLive || earlier.EndsAt <= world.Clock.GetUtcNow())
                    break;
                var more = PortalWorld.Draft(earlier.Scope, x.Minutes, x.AtItsEnd ? earlier.EndsAt : null);
                var extension = await world.PromiseAsync(earlier.PrincipalObjectId == Histories.Nadia.ObjectId ? Histories.Nadia : Company.Mira, more);
                _promised.Add(extension.Id, extension.EndsAt);
                break;
            case HistoryStep.SetMachine m:
                world.Machine.Ahead = TimeSpan.FromSeconds(m.Ahead);
                break;
            case HistoryStep.SetDatabase d:
                world.DatabaseClock.Ahead = TimeSpan.FromSeconds(d.Ahead);
                break;
            case HistoryStep.End e when _promised.Count > 0:
                var id = _promised.Keys.ElementAt(e.Which % _promised.Count);
                await world.EndAsync(id, e.Revoke);
                break;
            case HistoryStep.Pass p:
                world.Clock.Advance(TimeSpan.FromSeconds(p.Seconds));
                break;
            case HistoryStep.Fault f:
                SetFault(f.Kind);
                break;
            case HistoryStep.LandLate l when world.Cloud.Orders > 0:
                world.Cloud.LandLate(l.Which % world.Cloud.Orders);
                break;
            case HistoryStep.Hand h when world.Cloud.Standing.Count > 0:
                var touched = world.Cloud.Standing[h.Which % world.Cloud.Standing.Count];
                if (h.Remove)
                    world.Cloud.Remove(touched);
                else
                    world.Cloud.Change(touched, touched with { Description = touched.Description + " (edited)" });
                break;
            case HistoryStep.Pause p:
                if (await PauseInForceAsync() is { } inForce)
                    Assert.Empty((await world.ResumeAsync(inForce)).Refusals);
                else
                    await world.PauseAsync(new PauseInput(p.OneScope ? PauseTarget.Scope : PauseTarget.Everything, null, p.OneScope ? Company.Stripe : null, "Random history", p.TakeBack));
                break;
            case HistoryStep.Reconcile:
                await world.CompareAsync();
                break;
            case HistoryStep.Restart:
                await world.RestartAsync();
                break;
            case HistoryStep.Outage o:
                await world.EndureOutageAsync(TimeSpan.FromSeconds(o.Seconds), o.AuditOnly, meanwhile);
                break;
            case HistoryStep.SlowReads s:
                world.Cloud.ReadLag = TimeSpan.FromSeconds(s.Seconds);
                break;
            case HistoryStep.Standing s:
                var who = s.ForNadia ? Histories.Nadia.ObjectId : Company.Mira.ObjectId;
                // Azure keeps one assignment per trio: somebody else's cannot come where one stands.
                if (!world.Cloud.Standing.Any(a => a.Scope == Scopes[s.Scope] && a.PrincipalId == who))
                    world.Cloud.HoldByAnother(Scopes[s.Scope], who, GrantableRole.SecretsUser.DefinitionId);
                break;
        }
    }

    /// <summary>Whether the acting portal takes the time for certain.</summary>
    public bool ClocksAgree =>
        world.Machine.Ahead.Duration() <= ClockWatch.Tolerance && (world.DatabaseClock.Ahead - world.Machine.Ahead).Duration() <= ClockWatch.Tolerance;

    private Task<Guid?> PauseInForceAsync() =>
        world.ReadAsync(db => db.AccessPauses.Where(p => p.LiftedAt == null).Select(p => (Guid?)p.Id).FirstOrDefaultAsync());

    private void SetFault(CallFault fault) =>
        (world.Cloud.FailBefore, world.Cloud.FailAfter, world.Cloud.FailRead) = (fault.BeforeCalls(), fault.AfterCalls(), fault.OfReads());

    /// <summary>Everything answers again and nobody does anything more: within an hour, in which reconciliation comes by, all is as it should be; and when all windows are over, nothing of ours is left.</summary>
    /// <param name="work">Has all portals work until nothing is due.</param>
    public async Task ComeToRestAsync(Func<Task> work)
    {
        SetFault(CallFault.None);
        world.Directory.Fault = null;
        world.DatabaseClock.Ahead = TimeSpan.Zero;
        foreach (var instance in world.Instances)
        {
            world.ActAs(instance);
            world.Machine.Ahead = TimeSpan.Zero;
            world.HearTheCloud();
            await world.ClaimAsync(most: 0);
        }

        if (await PauseInForceAsync() is { } pause)
            Assert.Empty((await world.ResumeAsync(pause)).Refusals);
        world.Cloud.ReadLag = TimeSpan.Zero;
        // All waits are shorter than an hour.
        for (var minute = 0; minute < 65; minute += 5)
        {
            await world.CompareAsync();
            world.Clock.Advance(TimeSpan.FromMinutes(5));
            await work();
        }

        await SettledAsync();
        world.Clock.Advance(TimeSpan.FromDays(1));
        await work();
        await SettledAsync();
        Assert.DoesNotContain(world.Cloud.Standing, a => AssignmentMark.IsOurs(a.Description));
        Assert.Equal(0, await world.ReadAsync(db => db.Grants.CountAsync(g => g.State != GrantState.Ended)));
        await EndsNeverMoveAsync();
        foreach (var grant in _promised.Keys)
            Assert.Equal(1, await world.ReadAsync(db => db.AuditEvents.CountAsync(e => e.GrantId == grant && e.Code == "grant.ended")));
    }

    /// <summary>What reconciliation comes to once nothing was written for ten minutes: every row of which the cloud might differ is looked at again.</summary>
    public async Task LookAtAllAsync()
    {
        await using var db = world.OpenDb();
        foreach (var row in await db.DesiredAssignments.ToListAsync())
            row.Doubt(world.Clock.GetUtcNow());
        await db.SaveChangesAsync();
    }

    /// <summary>No end is other than it was approved.</summary>
    public async Task EndsNeverMoveAsync()
    {
        var ends = await world.ReadAsync(db => db.Grants.ToDictionaryAsync(g => g.Id, g => g.EndsAt));
        Assert.Equal(_promised, ends);
        // Nor was one ever written that nobody approved for the trio.
        var approved = (await world.ReadAsync(db => db.Grants.AsNoTracking().Select(g => new { g.AssignmentId, g.EndsAt }).ToListAsync())).ToLookup(g => g.AssignmentId, g => (DateTimeOffset?)g.EndsAt);
        Assert.All(world.Cloud.Calls.Where(c => c.Verb == CloudVerb.Put), c => Assert.Contains(AssignmentMark.UntilOf(c.Description), approved[c.Name]));
    }

    /// <summary>Every role is there exactly if a live grant needs it now.</summary>
    /// <param name="excusedUntil">Until then, access that is needed may be missing, because clocks disagree or did a moment ago. What is not needed is never there.</param>
    /// <param name="within">How long a change may take: trios of which a window began or ended in the meantime are not judged.</param>
    public async Task SettledAsync(DateTimeOffset excusedUntil = default, TimeSpan within = default)
    {
        var now = world.Clock.GetUtcNow();
        var grants = await world.ReadAsync(db => db.Grants.AsNoTracking().ToListAsync());
        foreach (var trio in grants.GroupBy(g => g.AssignmentId).Where(t => !t.SelectMany(g => new[] { g.StartsAt, g.EndRequestedAt, g.EndsAt }).Any(c => c > now - within && c <= now)))
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
