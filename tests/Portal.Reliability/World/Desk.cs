using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Core.Policies;
using Portal.Core.Requests;
using Portal.Reliability.Judging;
using Portal.Sandbox.Company;

namespace Portal.Reliability.World;

/// <summary>Where people ask, approve and end: the portal's use cases on the lane's database, in the harness's own process, which nobody kills.</summary>
/// <remarks>Requests are written as they are after <c>SubmitRequest</c>: that one takes no window of seconds. From the decision on everything is the portal's own.</remarks>
internal sealed class Desk : IAsyncDisposable
{
    private readonly Lane _lane;
    private readonly ServiceProvider _services;
    private readonly List<Promise> _promises = [];
    private readonly Lock _lock = new();
    private readonly Actor _approver = Person(FenwickCompany.Priya, "Priya Raman", PortalRole.Approver, FenwickCompany.PaymentsApprovers);
    private readonly Actor _administrator = Person(FenwickCompany.Tomas, "Tomás Herrera", PortalRole.Administrator, FenwickCompany.PlatformAdministrators);
    private AccessPolicy _policy = null!;
    private Vault _vault = null!;

    private Desk(Lane lane)
    {
        _lane = lane;
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        services.AddPortalDb((_, options) => lane.Database.Configure(options));
        services.AddSingleton<IDirectory>(new LaneDirectory());
        services.AddSingleton(lane.Database.Clock);
        services.AddPortalCore();
        _services = services.BuildServiceProvider();
    }

    /// <summary>All that was approved so far: a copy.</summary>
    public IReadOnlyList<Promise> Promises
    {
        get
        {
            lock (_lock)
                return [.. _promises];
        }
    }

    public static async Task<Desk> OpenAsync(Lane lane)
    {
        var desk = new Desk(lane);
        var loaded = await desk.Get<LoadPolicies>().ExecuteAsync([PolicyOf(lane)], Actor.System, CancellationToken.None);
        if (!loaded.Succeeded)
            throw new InvalidOperationException("The lane's policy was not loaded.");
        await using var db = lane.Database.Open();
        var now = TimeProvider.System.Now();
        var estate = lane.Estate;
        desk._vault = new Vault(new VaultSeen(estate.VaultId, estate.VaultName, "westeurope", new Uri($"https://{estate.VaultName}.vault.azure.net/"), PermissionModel.RoleAssignments, new Dictionary<string, string>(), null), now);
        db.Vaults.Add(desk._vault);
        foreach (var secret in estate.SecretNames)
            db.Secrets.Add(new Secret(desk._vault, new SecretSeen(secret, true, null, null, new Dictionary<string, string>()), now));
        await db.SaveChangesAsync();
        desk._policy = await db.AccessPolicies.SingleAsync();
        return desk;
    }

    /// <summary>Someone asks for a trio and gets it approved.</summary>
    /// <param name="trio">For what.</param>
    /// <param name="duration">How long.</param>
    /// <param name="startsIn">In how long it begins; null for at once.</param>
    /// <returns>Null when the window was over before it could be approved.</returns>
    public async Task<Promise?> PromiseAsync(Trio trio, TimeSpan duration, TimeSpan? startsIn = null)
    {
        var clock = TimeProvider.System;
        var now = clock.Now();
        var request = new AccessRequest(Guid.NewGuid(), Holder(trio), _vault, trio.SecretName, GrantableRole.SecretsUser, new AccessWindow(now + startsIn, duration), "Reliability run", null, _policy, now);
        await using (var db = _lane.Database.Open())
        {
            db.AccessRequests.Add(request);
            await db.SaveChangesAsync();
        }

        // As coarse as what the portal writes down.
        var from = clock.GetUtcNow().CutToMillisecond();
        var decided = await Get<DecideRequest>().ExecuteAsync(new DecisionInput(request.Id, Verdict.Approved, null), _approver, CancellationToken.None);
        // The machine stood still for longer than the window lasted: nothing was approved, and the request makes room for the next, as it does in the portal.
        if (!decided.Succeeded && decided.Refusals.All(r => r.Code == RefusalCode.Lapsed))
        {
            // Nothing lapses by a time that Resource Manager has not borne out; the sandbox lives on this machine's clock, and nobody here asks it.
            Get<ClockWatch>().HearResourceManager(clock.GetUtcNow(), clock.GetTimestamp());
            await Get<LapseRequests>().ExecuteAsync(Actor.System, CancellationToken.None);
            return null;
        }

        Succeed(decided, "decide");
        var by = clock.GetUtcNow();
        var grant = await _lane.ReadAsync(db => db.Grants.AsNoTracking().SingleAsync(g => g.RequestId == request.Id));
        // The window is judged by what was asked: the row only says at which instant between the two the decision fell.
        if (startsIn is null && (grant.StartsAt < from || grant.StartsAt > by || grant.EndsAt - grant.StartsAt != duration))
            throw new InvalidOperationException($"Approved for {duration} between {from:O} and {by:O}, promised {grant.StartsAt:O} to {grant.EndsAt:O}.");
        var promise = new Promise { GrantId = grant.Id, RequestId = request.Id, Trio = trio, ApprovedFrom = from, ApprovedBy = by, StartsAt = grant.StartsAt, EndsAt = grant.EndsAt };
        lock (_lock)
            _promises.Add(promise);
        return promise;
    }

    /// <summary>Ends a grant early: its holder gives it back, or the administrator takes it.</summary>
    /// <returns>False when it was over already.</returns>
    public async Task<bool> EndAsync(Promise promise, bool revoke)
    {
        promise.EndAskedFrom = TimeProvider.System.GetUtcNow();
        var result = revoke
            ? await Get<RevokeGrant>().ExecuteAsync(new RevocationInput(promise.GrantId, "Reliability run"), _administrator, CancellationToken.None)
            : await Get<ReturnGrant>().ExecuteAsync(promise.GrantId, Holder(promise.Trio), CancellationToken.None);
        promise.EndAskedBy = TimeProvider.System.GetUtcNow();
        if (!result.Succeeded && result.Refusals.All(r => r.Code == RefusalCode.GrantEnded))
        {
            // It ran out meanwhile: its own end holds.
            (promise.EndAskedFrom, promise.EndAskedBy) = (null, null);
            return false;
        }

        Succeed(result, "end");
        return true;
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    private static Actor Holder(Trio trio) => Person(trio.PersonId, trio.PersonName, PortalRole.Requester, FenwickCompany.PaymentsEngineers);

    private static Actor Person(Guid id, string name, PortalRole role, Guid group) =>
        new(ActorKind.Person, new PrincipalId(FenwickCompany.TenantId, id), name, null, new HashSet<PortalRole> { role }, new HashSet<Guid> { group }) { Confirmed = true };

    private static void Succeed(Result<Done> result, string what)
    {
        if (!result.Succeeded)
            throw new InvalidOperationException($"{what}: {string.Join(", ", result.Refusals.Select(r => r.Code))}");
    }

    private static PolicyDefinition PolicyOf(Lane lane) => new()
    {
        Name = "payments",
        Vaults = [lane.Estate.VaultName],
        Roles = [GrantableRole.SecretsUser.Name],
        Eligible = [new(FenwickCompany.PaymentsEngineers, "payments-engineers")],
        Approvers = [new(FenwickCompany.PaymentsApprovers, "payments-approvers")],
        LongestWindow = TimeSpan.FromHours(1),
    };

    /// <summary>The desk's people are who they say they are; the worker asks the real directory.</summary>
    private sealed class LaneDirectory : IDirectory
    {
        public Task<Standing> StandingOfAsync(PrincipalId person, CancellationToken ct) =>
            Task.FromResult(new Standing(true, new HashSet<PortalRole> { PortalRole.Requester }, new HashSet<Guid> { FenwickCompany.PaymentsEngineers }));

        public Task<DirectoryPrincipal?> FindAsync(PrincipalId principal, CancellationToken ct) => Task.FromResult<DirectoryPrincipal?>(null);
    }
}
