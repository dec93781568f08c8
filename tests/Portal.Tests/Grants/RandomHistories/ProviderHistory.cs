using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants.RandomHistories;

/// <summary>A history of access by membership or by schedule as it is lived, and the judge of it.</summary>
internal sealed class ProviderHistory(PortalWorld world, GrantProvider provider)
{
    private static readonly Guid Readers = new("61a0c001-0000-4000-8000-000000000009");

    // As long as a lost call is looked for; what lands later in a group cannot be told from what somebody else has put there.
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(9);

    private readonly List<Guid> _grants = [];
    // Whom somebody else has put in while the portal said of itself that nothing there is its own.
    private readonly HashSet<Guid> _others = [];
    private readonly HashSet<Guid> _everByHand = [];

    /// <summary>A world in which access to the company's vault is given this way.</summary>
    public static async Task<PortalWorld> OpenAsync(GrantProvider provider, DatabaseKind kind = DatabaseKind.Sqlite)
    {
        var world = await PortalWorld.OpenAsync(kind);
        world.Directory.Add(Histories.Nadia);
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

    /// <summary>What keeps it.</summary>
    public FakeProvider Provider => provider == GrantProvider.GroupMembership ? world.Memberships : world.Schedules;

    /// <summary>Takes a step. Nobody has worked on what comes of it.</summary>
    /// <param name="step">Which.</param>
    /// <param name="meanwhile">What others do during an outage of the acting portal's database; null for nothing.</param>
    public async Task DoAsync(ProviderStep step, Func<Task>? meanwhile = null)
    {
        // Two calls are never made at the same instant.
        world.Clock.Advance(TimeSpan.FromMilliseconds(1));
        world.HearTheCloud();
        switch (step)
        {
            case ProviderStep.Promise when world.DatabaseClock.Ahead != TimeSpan.Zero:
                break;
            case ProviderStep.Promise p:
                var start = p.StartsIn is { } minutes ? world.Clock.GetUtcNow().AddMinutes(minutes) : (DateTimeOffset?)null;
                var scope = provider == GrantProvider.GroupMembership ? Company.VaultId(p.Other ? "kv-payments-test" : "kv-payments-prod") : p.Other ? Company.LedgerPassword : Company.Stripe;
                _grants.Add((await world.PromiseAsync(p.ForNadia ? Histories.Nadia : Company.Mira, PortalWorld.Draft(scope, p.Minutes, start))).Id);
                break;
            case ProviderStep.End e when _grants.Count > 0:
                var id = _grants[e.Which % _grants.Count];
                await world.EndAsync(id, e.Revoke);
                break;
            case ProviderStep.Pass p:
                world.Clock.Advance(TimeSpan.FromSeconds(p.Seconds));
                break;
            case ProviderStep.Fault f:
                SetFault(f.Kind);
                break;
            case ProviderStep.ByHand h when provider == GrantProvider.GroupMembership:
                await PutByHandAsync(h.ForNadia ? Histories.Nadia.ObjectId : Company.Mira.ObjectId, h.In);
                break;
            case ProviderStep.ByHand h:
                world.Schedules.HeldByAnother = h.In;
                break;
            case ProviderStep.LandLate:
                Provider.LandLate(Late);
                break;
            case ProviderStep.Look:
                await LookAsync();
                break;
            case ProviderStep.Restart:
                await world.RestartAsync();
                break;
            case ProviderStep.Outage o:
                var calls = Provider.Calls.Count;
                await world.EndureOutageAsync(TimeSpan.FromSeconds(o.Seconds), o.AuditOnly, meanwhile);
                // What came of a call could not be saved.
                foreach (var call in Provider.Calls.Skip(calls).Where(c => c.Verb == CloudVerb.Put))
                    LoseSight(call.Name, AssignmentIntent.Put);
                break;
            case ProviderStep.SetDatabase d:
                world.DatabaseClock.Ahead = TimeSpan.FromSeconds(d.Ahead);
                break;
            case ProviderStep.SlowReads s:
                Provider.ReadLag = TimeSpan.FromSeconds(s.Seconds);
                break;
        }
    }

    /// <summary>What all calls meet from now on.</summary>
    public void SetFault(CallFault fault) =>
        (Provider.FailBefore, Provider.FailAfter, Provider.FailRead) = (fault.BeforeCalls(), fault.AfterCalls(), fault.OfReads());

    /// <summary>A portal stands still with an announced call: until it goes on, the other does not know what comes of it.</summary>
    public void LoseSight(Guid row, AssignmentIntent call)
    {
        using var db = world.OpenDb();
        if (call == AssignmentIntent.Put)
            world.Memberships.Unanswered.Add(db.DesiredAssignments.Single(a => a.Id == row).PrincipalObjectId);
    }

    /// <summary>What the portal does every five minutes.</summary>
    public async Task LookAsync()
    {
        world.HearTheCloud();
        Assert.True((await world.Get<LookAgain>().ExecuteAsync(Actor.System, TestContext.Current.CancellationToken)).Succeeded);
    }

    /// <summary>Everybody has access exactly if a live grant needs it now.</summary>
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

    /// <summary>Everything answers again and nobody does anything more: within 80 minutes all is as it should be, and when all windows are over everything is ended.</summary>
    /// <param name="work">Has all portals work until nothing is due.</param>
    public async Task ComeToRestAsync(Func<Task> work)
    {
        SetFault(CallFault.None);
        world.DatabaseClock.Ahead = TimeSpan.Zero;
        Provider.ReadLag = TimeSpan.Zero;
        for (var minute = 0; minute < 80; minute += 5)
        {
            await LookAsync();
            await PassAsync(TimeSpan.FromMinutes(5), work);
        }

        await SettledAsync();
        await PassAsync(TimeSpan.FromDays(1), work);
        await SettledAsync();
        Assert.Equal(0, await world.ReadAsync(db => db.Grants.CountAsync(g => g.State != GrantState.Ended)));
        foreach (var grant in await world.ReadAsync(db => db.Grants.Select(g => g.Id).ToListAsync()))
            Assert.Equal(1, await world.ReadAsync(db => db.AuditEvents.CountAsync(e => e.GrantId == grant && e.Code == "grant.ended")));
    }

    private async Task PassAsync(TimeSpan time, Func<Task> work)
    {
        world.Clock.Advance(time);
        await work();
    }
}
