using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Grants;
using Portal.Core.Grants.Pacing;
using Portal.Core.Identity;

namespace Portal.Tests.Azure;

/// <summary>Of a call that never left the process it is said that it was not sent; of several, only where the first did not.</summary>
public sealed class NotSentTests
{
    private const string Sub = "11111111-0000-4000-8000-000000000001";

    private static readonly AssignmentTarget Target = new(
        $"/subscriptions/{Sub}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-payments-prod", Guid.NewGuid(), Guid.NewGuid(), PrincipalKind.User, GrantableRole.SecretsUser.DefinitionId, null);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(GrantProvider.PimSchedule)]
    [InlineData(GrantProvider.GroupMembership)]
    public async Task Without_a_token_nothing_is(GrantProvider provider)
    {
        using var cloud = new StubCloud(_ => StubCloud.Json(401, "{}")) { OwnIssuer = true };
        var fault = await PutAsync(cloud, provider);
        Assert.True(fault.WasNotSent);
        Assert.Empty(cloud.Calls);
    }

    [Theory]
    [InlineData(CallKind.Read, 0, true)]
    // The request is the second call, and one like it may have been sent before it.
    [InlineData(CallKind.Write, 1, false)]
    public async Task Of_a_schedule_that_pacing_holds_back_only_the_first_look_says_so(CallKind held, int sent, bool notSent)
    {
        using var cloud = new StubCloud(_ => StubCloud.Json(200, """{"value":[]}"""));
        HoldBack(cloud, held);
        var fault = await PutAsync(cloud, GrantProvider.PimSchedule);
        Assert.Equal((CallPacing.PacedCode, sent, notSent), (fault.Code, cloud.Calls.Count, fault.WasNotSent));
    }

    [Fact]
    public async Task Of_a_role_assignment_that_was_sent_and_cannot_be_asked_about_nobody_says_so()
    {
        using var cloud = new StubCloud(_ => StubCloud.Error(409, "RoleAssignmentExists"));
        HoldBack(cloud, CallKind.Read);
        var order = new AssignmentOrder(Target.Scope, Target.Name, Target.PrincipalId, Target.PrincipalKind, Target.RoleDefinitionId, "x");
        var fault = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().PutAsync(order, Ct));
        Assert.Equal((CallPacing.PacedCode, 1, false), (fault.Code, cloud.Calls.Count, fault.WasNotSent));

        HoldBack(cloud, CallKind.Write);
        fault = await Assert.ThrowsAsync<CloudCallException>(() => cloud.Get<IRoleAssignments>().PutAsync(order, Ct));
        Assert.Equal((CallPacing.PacedCode, 1, true), (fault.Code, cloud.Calls.Count, fault.WasNotSent));
    }

    private static void HoldBack(StubCloud cloud, CallKind kind) =>
        cloud.Get<CallPacing>().Answered(new CallAnswer(Sub, kind, Throttled: true, Remaining: null, TimeSpan.FromMinutes(1)));

    private static Task<CloudCallException> PutAsync(StubCloud cloud, GrantProvider provider) => Assert.ThrowsAsync<CloudCallException>(() =>
        cloud.Get<IEnumerable<IGrantProvider>>().Single(p => p.Kind == provider).PutAsync(provider == GrantProvider.GroupMembership ? Target with { GroupId = Guid.NewGuid() } : Target, DateTimeOffset.UnixEpoch.AddYears(60), Ct));
}
