using Microsoft.EntityFrameworkCore;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Reconciliation;
using Portal.Core.Identity;
using Portal.Tests.World;

namespace Portal.Tests.Grants.Reconciliation;

/// <summary>What tests of reconciliation do with a world.</summary>
internal static class Reconciling
{
    /// <summary>Longer than a list may lag.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromMinutes(11);

    /// <summary>Compares, and nothing else.</summary>
    public static async Task<ReconciliationOutcome> CompareAsync(this PortalWorld world, Actor? actor = null) =>
        (await world.Get<ReconcileAssignments>().ExecuteAsync(actor ?? Actor.System, TestContext.Current.CancellationToken)).Value;

    /// <summary>Compares, and lets the worker do what came of it.</summary>
    public static async Task<ReconciliationOutcome> ReconcileAsync(this PortalWorld world)
    {
        var outcome = await world.CompareAsync();
        await world.WorkAsync();
        return outcome;
    }

    /// <summary>A grant of four hours that was given and confirmed some time ago.</summary>
    public static async Task<Grant> SettledGrantAsync(this PortalWorld world, string? scope = null, TestPerson? who = null)
    {
        var grant = await world.PromiseAsync(who, PortalWorld.Draft(scope, minutes: 240));
        await world.WorkAsync();
        await world.PassAsync(Settled);
        Assert.Equal(GrantState.Active, (await world.GrantOfAsync(grant.RequestId)).State);
        return await world.GrantOfAsync(grant.RequestId);
    }

    /// <summary>All drift, the earliest first.</summary>
    public static Task<List<Drift>> DriftsAsync(this PortalWorld world) => world.ReadAsync(db => db.Drifts.AsNoTracking().OrderBy(d => d.Id).ToListAsync());

    /// <summary>One with the portal's mark, as it would have been made for somebody.</summary>
    public static AssignmentSeen Marked(string scope, TestPerson who, DateTimeOffset until, Guid? name = null, Guid? role = null)
    {
        var roleId = role ?? GrantableRole.SecretsUser.DefinitionId;
        return new AssignmentSeen(scope, name ?? AssignmentName.Of(scope, who.ObjectId, roleId), who.ObjectId, roleId, AssignmentMark.For(until)) { TenantId = Company.Tenant, PrincipalKind = PrincipalKind.User };
    }
}
