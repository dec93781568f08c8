using Microsoft.EntityFrameworkCore;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Sandbox.ResourceManager;
using Portal.Tests.Sandbox;
using Portal.Tests.World;

namespace Portal.Tests.Azure;

/// <summary>What the provider calls a call, by the real SDKs from the sandbox's wire to the audit trail.</summary>
public sealed class ProviderCallOnSandboxTests(SandboxCloud cloud, SandboxFixture sandbox) : IClassFixture<SandboxCloud>, IClassFixture<SandboxFixture>
{
    private static readonly ArmScope Secret = FenwickEstate.SecretScope("kv-logistics-prod", "maps-routing-api-key");

    private static readonly ProviderCall Refused = new("7d3c0d1e-0000-4000-8000-000000000001", "7d3c0d1e-0000-4000-8000-000000000002");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private DateTimeOffset Now => cloud.Sandbox.Control.Clock.GetUtcNow();

    [Fact]
    public async Task Role_assignments_and_schedules_bring_both_ids_of_each_call()
    {
        var order = new AssignmentOrder(Secret.Value, Guid.NewGuid(), FenwickCompany.Jonas, PrincipalKind.User, GrantableRole.SecretsUser.DefinitionId, "mark");
        var assignments = cloud.Get<IRoleAssignments>();
        var given = (await assignments.PutAsync(order, Ct)).Call;
        var taken = await assignments.DeleteAsync(order.Scope, order.Name, Ct);
        var target = new AssignmentTarget(Secret.Value.ToLowerInvariant(), Guid.NewGuid(), FenwickCompany.Jonas, PrincipalKind.User, GrantableRole.SecretsOfficer.DefinitionId, null);
        var scheduled = (await cloud.Get<IEnumerable<IGrantProvider>>().Single(p => p.Kind == GrantProvider.PimSchedule).PutAsync(target, Now.AddHours(1), Ct)).Call;
        ProviderCall[] calls = [given, taken, scheduled];
        Assert.All(calls, AssertBoth);
        Assert.Equal(3, calls.Select(c => c.RequestId).Distinct().Count());
        Assert.Equal(3, calls.Select(c => c.CorrelationId).Distinct().Count());
    }

    [Fact]
    public async Task Memberships_bring_the_id_that_Graph_gives_and_no_other()
    {
        var readers = FenwickCompany.LogisticsTestReaders;
        var target = new AssignmentTarget($"/groups/{readers}", Guid.NewGuid(), FenwickCompany.Jonas, PrincipalKind.User, Guid.Empty, readers);
        var memberships = cloud.Get<IEnumerable<IGrantProvider>>().Single(p => p.Kind == GrantProvider.GroupMembership);
        ProviderCall[] calls = [(await memberships.PutAsync(target, Now.AddHours(1), Ct)).Call, await memberships.DeleteAsync(target, Ct), await memberships.DeleteAsync(target, Ct)];
        Assert.All(calls, c => Assert.True(Guid.TryParse(c.RequestId, out _), c.ToString()));
        Assert.All(calls, c => Assert.Null(c.CorrelationId));
        Assert.Equal(3, calls.Select(c => c.RequestId).Distinct().Count());
    }

    [Fact]
    public async Task What_was_refused_brings_them_as_well()
    {
        var order = new AssignmentOrder(Secret.Value, Guid.NewGuid(), Guid.NewGuid(), PrincipalKind.User, GrantableRole.SecretsUser.DefinitionId, "mark");
        var refused = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().PutAsync(order, Ct));
        Assert.Equal("PrincipalNotFound", refused.Code);
        AssertBoth(refused.ProviderCall);
    }

    [Fact]
    public async Task The_trail_says_which_calls_gave_failed_and_took_the_role()
    {
        await using var world = await SandboxWorld.OpenAsync(sandbox.Host);
        var grant = await world.PromiseAsync(TimeSpan.FromHours(1));
        await world.SettleAsync(async () => (await world.GrantAsync(grant.Id)).State == GrantState.Active);
        world.Control.Faults.Add("DELETE", world.AssignmentId.ToString(), Fault.Answer(403, """{"error":{"code":"AuthorizationFailed","message":"No."}}""", headers: [("x-ms-request-id", Refused.RequestId!), ("x-ms-correlation-request-id", Refused.CorrelationId!)])).Nth(1);
        world.LeapTo(grant.EndsAt);
        await world.SettleAsync(async () => (await world.GrantAsync(grant.Id)).State == GrantState.Ended);

        var events = await world.ReadAsync(db => db.AuditEvents.AsNoTracking().Where(e => e.GrantId == grant.Id).OrderBy(e => e.Sequence).ToListAsync(Ct));
        string[] called = [AuditCode.GrantActivated.Value, AuditCode.GrantNeedsAttention.Value, AuditCode.GrantEnded.Value];
        Assert.Equal(called, events.Select(e => e.Code).Where(called.Contains));
        Assert.All(events.Where(e => called.Contains(e.Code)), e => AssertBoth(new ProviderCall(e.ProviderRequestId, e.ProviderCorrelationId)));
        Assert.Equal(Refused, Assert.Single(events.Where(e => e.Code == AuditCode.GrantNeedsAttention.Value).Select(e => new ProviderCall(e.ProviderRequestId, e.ProviderCorrelationId))));
        // What was announced had not been called yet.
        Assert.All(events.Where(e => !called.Contains(e.Code)), e => Assert.Null(e.ProviderRequestId ?? e.ProviderCorrelationId));
    }

    private static void AssertBoth(ProviderCall call)
    {
        Assert.True(Guid.TryParse(call.RequestId, out _), call.ToString());
        Assert.True(Guid.TryParse(call.CorrelationId, out _), call.ToString());
    }
}
