using Portal.Core;
using Portal.Core.Catalog;
using Portal.Core.Data;
using Portal.Core.Grants;
using Portal.Core.Identity;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Azure;

/// <summary>Memberships through the real Graph client and schedules on the real ARM pipeline, on the sandbox's wire.</summary>
public sealed class ProvidersOnSandboxTests : IAsyncLifetime
{
    private static readonly ArmScope Secret = FenwickEstate.SecretScope("kv-logistics-prod", "maps-routing-api-key");
    private static readonly Guid Readers = FenwickCompany.LogisticsTestReaders;
    private readonly SandboxCloud _cloud = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;


    private IReadOnlyList<RoleSchedule> Schedules => _cloud.Sandbox.Control.Resources.RoleSchedules;

    private DateTimeOffset Now => _cloud.Sandbox.Control.Clock.GetUtcNow();

    private static AssignmentTarget Scheduled { get; } = new(
        Secret.Value.ToLowerInvariant(), new Guid("5d4f1a52-0000-5000-8000-000000000001"), FenwickCompany.Jonas, PrincipalKind.User, GrantableRole.SecretsOfficer.DefinitionId, null);

    private static AssignmentTarget Member { get; } = new(
        $"/groups/{Readers}", new Guid("5d4f1a52-0000-5000-8000-000000000002"), FenwickCompany.Jonas, PrincipalKind.User, Guid.Empty, Readers);

    public ValueTask InitializeAsync() => _cloud.InitializeAsync();

    public ValueTask DisposeAsync() => _cloud.DisposeAsync();

    [Fact]
    public async Task A_member_is_put_in_seen_and_taken_out_and_every_call_can_be_repeated()
    {
        var memberships = Of(GrantProvider.GroupMembership);
        Assert.Equal(ReadingKind.Missing, (await memberships.ReadAsync(Member, null, Ct)).Kind);
        foreach (var outcome in new[] { AssignmentWriteOutcome.Ours, AssignmentWriteOutcome.AlreadyThere })
        {
            Assert.Equal(outcome, (await memberships.PutAsync(Member, Now.AddHours(1), Ct)).Outcome);
            Assert.Equal(ReadingKind.AsOrdered, (await memberships.ReadAsync(Member, Now.AddHours(1), Ct)).Kind);
        }

        Assert.Equal([FenwickCompany.Jonas], _cloud.Sandbox.Control.Directory.MembersOf(Readers).Select(m => m.Id));
        for (var time = 0; time < 2; time++)
            await memberships.DeleteAsync(Member, Ct);
        Assert.Empty(_cloud.Sandbox.Control.Directory.MembersOf(Readers));
        Assert.NotNull(_cloud.Sandbox.Control.Directory.Find(FenwickCompany.Jonas));
    }

    [Fact]
    public async Task What_Graph_refuses_comes_out_with_its_code()
    {
        var portal = _cloud.Sandbox.Control.Directory.FindApplication(FenwickCompany.PortalClientId)!;
        _cloud.Sandbox.Control.Directory.Put(portal with { GraphRoles = ["Directory.Read.All"] });
        var fault = await Assert.ThrowsAsync<CloudCallException>(() => Of(GrantProvider.GroupMembership).PutAsync(Member, Now.AddHours(1), Ct));
        Assert.Equal(("Authorization_RequestDenied", 403, false), (fault.Code, fault.Status, fault.IsTransient));

        _cloud.Sandbox.Control.Faults.Add("*", "/members", Fault.Error(429, "TooManyRequests", retryAfter: "7"));
        var throttled = await Assert.ThrowsAsync<CloudCallException>(() => Of(GrantProvider.GroupMembership).DeleteAsync(Member, Ct));
        Assert.Equal(("TooManyRequests", true, TimeSpan.FromSeconds(7)), (throttled.Code, throttled.IsTransient, throttled.RetryAfter));
    }

    [Fact]
    public async Task A_schedule_is_made_moved_and_removed_and_every_call_can_be_repeated()
    {
        var schedules = Of(GrantProvider.PimSchedule);
        var (first, second) = (Now.AddHours(1), Now.AddHours(2));
        foreach (var until in new[] { first, first, second, second, first })
        {
            Assert.Equal(AssignmentWriteOutcome.Ours, (await schedules.PutAsync(Scheduled, until, Ct)).Outcome);
            Assert.Equal(ReadingKind.AsOrdered, (await schedules.ReadAsync(Scheduled, until, Ct)).Kind);
            Assert.Equal(until, Assert.Single(Schedules).EndsAt!.Value, TimeSpan.FromSeconds(1));
        }

        Assert.Equal(ReadingKind.Altered, (await schedules.ReadAsync(Scheduled, second, Ct)).Kind);
        _cloud.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(5));
        for (var time = 0; time < 2; time++)
            await schedules.DeleteAsync(Scheduled, Ct);
        Assert.Empty(Schedules);
        Assert.Equal(ReadingKind.Missing, (await schedules.ReadAsync(Scheduled, first, Ct)).Kind);
        // Given again until the same instant: the name of the first time is used up.
        await schedules.PutAsync(Scheduled, first, Ct);
        Assert.Single(Schedules);
    }

    [Fact]
    public async Task A_lost_answer_is_made_good_under_the_same_name()
    {
        var schedules = Of(GrantProvider.PimSchedule);
        var until = Now.AddHours(1);
        _cloud.Sandbox.Control.Faults.Add("PUT", "/roleAssignmentScheduleRequests/", Fault.ResetAfter).Nth(1);
        Assert.Equal("NoAnswer", (await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, until, Ct))).Code);
        Assert.Equal(AssignmentWriteOutcome.Ours, (await schedules.PutAsync(Scheduled, until, Ct)).Outcome);
        Assert.Single(Schedules);
        Assert.Single(_cloud.Sandbox.Control.Resources.ScheduleRequests);
    }

    [Fact]
    public async Task A_request_that_arrives_after_its_repetition_was_taken_and_undone_gives_nothing()
    {
        var schedules = Of(GrantProvider.PimSchedule);
        var until = Now.AddHours(1);
        var release = new TaskCompletionSource();
        var held = _cloud.Sandbox.Control.Faults.Add("PUT", "/roleAssignmentScheduleRequests/", Fault.HoldUntil(release.Task)).Nth(1);
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var late = schedules.PutAsync(Scheduled, until, impatient.Token);
        while (held.Fired == 0)
            await Task.Delay(20, Ct);
        await Task.Delay(100, Ct);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => late);

        await schedules.PutAsync(Scheduled, until, Ct);
        _cloud.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(5));
        await schedules.DeleteAsync(Scheduled, Ct);
        var before = _cloud.Sandbox.Control.Requests.Calls.Count(c => c.Method == "PUT");
        release.SetResult();
        while (_cloud.Sandbox.Control.Requests.Calls.Count(c => c.Method == "PUT") == before)
            await Task.Delay(20, Ct);
        Assert.Empty(Schedules);
    }

    [Fact]
    public async Task In_its_first_five_minutes_it_says_when_it_can_be_removed()
    {
        var schedules = Of(GrantProvider.PimSchedule);
        await schedules.PutAsync(Scheduled, Now.AddHours(1), Ct);
        var fault = await Assert.ThrowsAsync<CloudCallException>(() => schedules.DeleteAsync(Scheduled, Ct));
        Assert.Equal("ActiveDurationTooShort", fault.Code);
        Assert.InRange(fault.RetryAfter!.Value, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        Assert.Single(Schedules);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(1, 0)]
    [InlineData(-1, -1)]
    public async Task So_it_does_whatever_the_clocks_of_the_machine_and_of_the_database_are_set_to(int machine, int database)
    {
        var schedules = Of(GrantProvider.PimSchedule);
        await schedules.PutAsync(Scheduled, Now.AddHours(1), Ct);
        _cloud.Get<ClockWatch>().HearDatabase(Now.AddHours(database), _cloud.Machine.GetTimestamp());
        _cloud.Machine.Ahead = TimeSpan.FromHours(machine);
        var fault = await Assert.ThrowsAsync<CloudCallException>(() => schedules.DeleteAsync(Scheduled, Ct));
        Assert.Equal("ActiveDurationTooShort", fault.Code);
        Assert.InRange(fault.RetryAfter!.Value, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task What_somebody_else_gave_is_neither_taken_over_nor_taken()
    {
        var standing = _cloud.Sandbox.Control.Resources.Assign(Secret, Scheduled.RoleDefinitionId, FenwickCompany.Jonas, "User");
        var schedules = Of(GrantProvider.PimSchedule);
        Assert.Equal(AssignmentWriteOutcome.HeldByAnother, (await schedules.PutAsync(Scheduled, Now.AddHours(1), Ct)).Outcome);
        Assert.Equal(ReadingKind.Missing, (await schedules.ReadAsync(Scheduled, null, Ct)).Kind);
        _cloud.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(10));
        await schedules.DeleteAsync(Scheduled, Ct);
        Assert.NotNull(_cloud.Sandbox.Control.Resources.FindAssignment(standing.Name));
        // The same role above or below the scope is another matter.
        _cloud.Sandbox.Control.Resources.RemoveAssignment(standing.Name);
        _cloud.Sandbox.Control.Resources.Assign(FenwickEstate.VaultScope("kv-logistics-prod"), Scheduled.RoleDefinitionId, FenwickCompany.Jonas, "User");
        Assert.Equal(AssignmentWriteOutcome.Ours, (await schedules.PutAsync(Scheduled, Now.AddHours(1), Ct)).Outcome);
    }

    [Fact]
    public async Task Without_a_licence_nothing_is_given_and_what_became_permanent_is_still_taken()
    {
        var schedules = Of(GrantProvider.PimSchedule);
        var until = Now.AddHours(1);
        await schedules.PutAsync(Scheduled, until, Ct);
        _cloud.Sandbox.Control.Resources.ScheduleLicence = false;
        Assert.Equal(ReadingKind.Altered, (await schedules.ReadAsync(Scheduled, until, Ct)).Kind);
        var lapsed = await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, until, Ct));
        Assert.Equal(("ScheduleTurnedPermanent", false), (lapsed.Code, lapsed.IsTransient));
        await schedules.DeleteAsync(Scheduled, Ct);
        Assert.Empty(Schedules);
        Assert.DoesNotContain(_cloud.Sandbox.Control.Resources.RoleAssignments, a => a.Scope == Secret);
        Assert.Equal("AadPremiumLicenseRequired", (await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, until, Ct))).Code);
    }

    [Theory]
    [InlineData("PendingApproval", "ScheduleNeedsApproval", false)]
    [InlineData("PendingProvisioning", "SchedulePending", true)]
    [InlineData("FailedAsResourceIsLocked", "ScheduleRefused", false)]
    public async Task A_request_that_is_not_carried_out_at_once_is_no_success(string status, string code, bool transient)
    {
        _cloud.Sandbox.Control.Faults.Add("PUT", "/roleAssignmentScheduleRequests/", Fault.Answer(201,
            $$$"""{"name":"{{{Guid.NewGuid()}}}","properties":{"status":"{{{status}}}","justification":null}}"""));
        var fault = await Assert.ThrowsAsync<CloudCallException>(() => Of(GrantProvider.PimSchedule).PutAsync(Scheduled, Now.AddHours(1), Ct));
        Assert.Equal((code, transient), (fault.Code, fault.IsTransient));
    }

    [Fact]
    public async Task A_request_that_waits_for_approval_in_Azure_is_withdrawn_with_the_grant_and_gives_nothing_later()
    {
        var resources = _cloud.Sandbox.Control.Resources;
        var schedules = Of(GrantProvider.PimSchedule);
        var until = Now.AddHours(1);
        resources.ScheduleApproval = true;
        Assert.Equal("ScheduleNeedsApproval", (await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, until, Ct))).Code);
        // Others' requests are none of ours, nor are ours about something else.
        var elsewhere = Scheduled with { PrincipalId = FenwickCompany.Mira, Name = Guid.NewGuid() };
        await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(elsewhere, until, Ct));

        for (var time = 0; time < 2; time++)
            await schedules.DeleteAsync(Scheduled, Ct);

        Assert.Equal([ScheduleRequestStatus.Canceled, ScheduleRequestStatus.PendingApproval], resources.ScheduleRequests.Select(r => r.Status));
        Assert.Null(resources.ApproveScheduleRequest(resources.ScheduleRequests[0].Name));
        Assert.Empty(Schedules);
        // Asked again until the same instant, and approved this time.
        await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, until, Ct));
        resources.ApproveScheduleRequest(resources.ScheduleRequests[2].Name);
        Assert.Equal(AssignmentWriteOutcome.Ours, (await schedules.PutAsync(Scheduled, until, Ct)).Outcome);
        Assert.Equal(ReadingKind.AsOrdered, (await schedules.ReadAsync(Scheduled, until, Ct)).Kind);
    }

    [Fact]
    public async Task While_one_end_waits_for_approval_another_takes_its_place_and_whatever_waits_goes_before_what_stands()
    {
        var resources = _cloud.Sandbox.Control.Resources;
        var schedules = Of(GrantProvider.PimSchedule);
        resources.ScheduleApproval = true;
        var (first, second, third) = (Now.AddHours(1), Now.AddHours(2), Now.AddHours(3));
        foreach (var until in new[] { first, second })
            Assert.Equal("ScheduleNeedsApproval", (await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, until, Ct))).Code);
        Assert.Equal([ScheduleRequestStatus.Canceled, ScheduleRequestStatus.PendingApproval], resources.ScheduleRequests.Select(r => r.Status));
        // Asked again, it is the same request that somebody is about to approve.
        Assert.Equal("ScheduleNeedsApproval", (await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, second, Ct))).Code);
        Assert.Equal(2, resources.ScheduleRequests.Count);
        // What is to be absent is not while that waits.
        Assert.Equal(ReadingKind.Altered, (await schedules.ReadAsync(Scheduled, null, Ct)).Kind);

        resources.ApproveScheduleRequest(resources.ScheduleRequests[1].Name);
        Assert.Equal(ReadingKind.AsOrdered, (await schedules.ReadAsync(Scheduled, second, Ct)).Kind);
        await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, third, Ct));
        _cloud.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(5));
        await schedules.DeleteAsync(Scheduled, Ct);
        Assert.Empty(Schedules);
        Assert.Equal([ScheduleRequestStatus.Canceled, ScheduleRequestStatus.Provisioned, ScheduleRequestStatus.Canceled, ScheduleRequestStatus.Revoked], resources.ScheduleRequests.Select(r => r.Status));
        Assert.Equal(ReadingKind.Missing, (await schedules.ReadAsync(Scheduled, null, Ct)).Kind);
    }

    [Theory]
    [InlineData("POST", "/cancel", 403, "AuthorizationFailed")]
    [InlineData("GET", "/roleAssignmentScheduleRequests?", 500, "InternalServerError")]
    public async Task What_stands_is_taken_also_where_what_waits_cannot_be_withdrawn(string method, string path, int status, string code)
    {
        var resources = _cloud.Sandbox.Control.Resources;
        var schedules = Of(GrantProvider.PimSchedule);
        await schedules.PutAsync(Scheduled, Now.AddHours(1), Ct);
        _cloud.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(5));
        resources.ScheduleApproval = true;
        await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, Now.AddHours(2), Ct));
        _cloud.Sandbox.Control.Faults.Add(call => call.Method == method && (call.Path + "?" + call.Query).Contains(path, StringComparison.OrdinalIgnoreCase), Fault.Error(status, code));
        Assert.Equal(code, (await Assert.ThrowsAsync<CloudCallException>(() => schedules.DeleteAsync(Scheduled, Ct))).Code);
        Assert.Empty(Schedules);

        _cloud.Sandbox.Control.Faults.Clear();
        await schedules.DeleteAsync(Scheduled, Ct);
        Assert.DoesNotContain(resources.ScheduleRequests, r => r.Status == ScheduleRequestStatus.PendingApproval);
    }

    [Fact]
    public async Task What_waits_for_approval_is_withdrawn_where_somebody_else_gave_the_role_meanwhile()
    {
        var resources = _cloud.Sandbox.Control.Resources;
        var schedules = Of(GrantProvider.PimSchedule);
        resources.ScheduleApproval = true;
        await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, Now.AddHours(1), Ct));
        resources.Assign(Secret, Scheduled.RoleDefinitionId, FenwickCompany.Jonas, "User");
        Assert.Equal(AssignmentWriteOutcome.HeldByAnother, (await schedules.PutAsync(Scheduled, Now.AddHours(1), Ct)).Outcome);
        Assert.Equal([ScheduleRequestStatus.Canceled], resources.ScheduleRequests.Select(r => r.Status));
    }

    [Fact]
    public async Task A_request_that_is_approved_just_before_it_is_withdrawn_is_not_taken_for_gone()
    {
        var resources = _cloud.Sandbox.Control.Resources;
        var schedules = Of(GrantProvider.PimSchedule);
        resources.ScheduleApproval = true;
        await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, Now.AddHours(1), Ct));
        var approved = new TaskCompletionSource();
        var held = _cloud.Sandbox.Control.Faults.Add("POST", "/cancel", Fault.HoldUntil(approved.Task));
        var removal = schedules.DeleteAsync(Scheduled, Ct);
        while (held.Fired == 0)
            await Task.Delay(10, Ct);
        Assert.Equal(ScheduleRequestStatus.Provisioned, resources.ApproveScheduleRequest(resources.ScheduleRequests[0].Name)!.Status);
        approved.SetResult();
        var fault = await Assert.ThrowsAsync<CloudCallException>(() => removal);
        Assert.Equal("ActiveDurationTooShort", fault.Code);
        _cloud.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(5));
        await schedules.DeleteAsync(Scheduled, Ct);
        Assert.Empty(Schedules);
    }

    [Fact]
    public async Task Nobody_is_in_a_group_that_is_gone_for_good_but_one_that_can_be_restored_is_not_believed()
    {
        var memberships = Of(GrantProvider.GroupMembership);
        var directory = _cloud.Sandbox.Control.Directory;
        await memberships.PutAsync(Member, Now.AddHours(1), Ct);
        directory.Delete(Readers);
        await memberships.DeleteAsync(Member, Ct);
        var fault = await Assert.ThrowsAsync<CloudCallException>(() => memberships.ReadAsync(Member, null, Ct));
        Assert.Equal((AttentionCode.GroupDeleted, false), (fault.Code, fault.IsTransient));

        // Restored, it has its members again: the removal that there was nothing to do for has to be made.
        directory.Restore(Readers);
        Assert.Equal(ReadingKind.AsOrdered, (await memberships.ReadAsync(Member, null, Ct)).Kind);
        await memberships.DeleteAsync(Member, Ct);
        Assert.Equal(ReadingKind.Missing, (await memberships.ReadAsync(Member, null, Ct)).Kind);

        directory.Delete(Readers);
        directory.Purge(Readers);
        await memberships.DeleteAsync(Member, Ct);
        Assert.Equal(ReadingKind.Missing, (await memberships.ReadAsync(Member, null, Ct)).Kind);
        Assert.Equal(404, (await Assert.ThrowsAsync<CloudCallException>(() => memberships.PutAsync(Member, Now.AddHours(1), Ct))).Status);
    }

    [Fact]
    public async Task What_stood_at_a_scope_that_is_gone_is_gone_with_it()
    {
        var schedules = Of(GrantProvider.PimSchedule);
        var until = Now.AddHours(1);
        await schedules.PutAsync(Scheduled, until, Ct);
        _cloud.Sandbox.Control.Clock.Advance(TimeSpan.FromMinutes(6));
        _cloud.Sandbox.Control.Resources.RemoveVault("kv-logistics-prod");
        await schedules.DeleteAsync(Scheduled, Ct);
        Assert.Equal(ReadingKind.Missing, (await schedules.ReadAsync(Scheduled, until, Ct)).Kind);
        Assert.Equal(404, (await Assert.ThrowsAsync<CloudCallException>(() => schedules.PutAsync(Scheduled, until, Ct))).Status);
        // What something in between says proves nothing, nor does what Azure says of something else.
        foreach (var other in new[] { Fault.Answer(404, "<html></html>"), Fault.Error(404, "InvalidResourceType") })
        {
            _cloud.Sandbox.Control.Faults.Clear();
            _cloud.Sandbox.Control.Faults.Add("GET", "/roleAssignmentSchedules", other);
            await Assert.ThrowsAsync<CloudCallException>(() => schedules.ReadAsync(Scheduled, until, Ct));
            await Assert.ThrowsAsync<CloudCallException>(() => schedules.DeleteAsync(Scheduled, Ct));
        }
    }

    private IGrantProvider Of(GrantProvider kind) => _cloud.Get<IEnumerable<IGrantProvider>>().Single(p => p.Kind == kind);
}
