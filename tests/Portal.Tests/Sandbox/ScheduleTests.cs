using System.Text.Json.Nodes;
using Azure;
using Portal.Sandbox.Company;
using Portal.Sandbox.ResourceManager;

namespace Portal.Tests.Sandbox;

/// <summary>Privileged Identity Management for roles at a vault or a secret: requests, schedules, instances.</summary>
public sealed class ScheduleTests : IAsyncLifetime
{
    private static readonly ArmScope Secret = FenwickEstate.SecretScope("kv-payments-prod", "adyen-hmac-key");
    private static readonly Guid Portal = FenwickCompany.PortalPrincipal;
    private static readonly Guid User = BuiltInRoles.KeyVaultSecretsUser;
    private readonly SandboxFixture _sandbox = new();

    private CloudClients Cloud => new(_sandbox.Host, _sandbox.Handler);

    private ResourceState State => _sandbox.Host.Control.Resources;

    private DateTimeOffset Now => _sandbox.Host.Control.Clock.GetUtcNow();

    public ValueTask InitializeAsync() => _sandbox.InitializeAsync();

    public ValueTask DisposeAsync() => _sandbox.DisposeAsync();

    [Fact]
    public async Task A_role_is_given_for_a_time_and_the_clock_alone_takes_it()
    {
        var secrets = Cloud.Secrets("kv-payments-prod", FenwickCompany.Mira);
        var given = await PutAsync("AdminAssign", Now.AddMinutes(30));
        Assert.Equal(201, given.Status);
        JsonShape.Schedules.Fits("RoleAssignmentScheduleRequest", given.Json);
        Assert.Equal(("Provisioned", "User"), (Text(given, "status"), Text(given, "principalType")));
        Assert.Equal(200, (await secrets.GetSecretAsync("adyen-hmac-key", cancellationToken: CloudClients.Ct)).GetRawResponse().Status);

        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => secrets.GetSecretAsync("adyen-hmac-key", cancellationToken: CloudClients.Ct))).Status);
        Assert.Empty(State.RoleSchedules);
        Assert.DoesNotContain(State.RoleAssignments, a => a.Scope == Secret);
    }

    [Fact]
    public async Task What_the_clock_takes_is_honoured_no_longer_than_what_a_person_takes_whoever_looks_when()
    {
        _sandbox.Host.Control.Propagation.KeyVaultRemove = TimeSpan.FromMinutes(10);
        _sandbox.Host.Control.Propagation.ReadRemove = TimeSpan.FromMinutes(3);
        var secrets = Cloud.Secrets("kv-payments-prod", FenwickCompany.Mira);
        await PutAsync("AdminAssign", Now.AddMinutes(6));
        var name = State.RoleAssignments.Single(a => a.Scope == Secret).Name;
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromMinutes(14));
        // Nobody called meanwhile.
        Assert.Equal(404, (await Cloud.ArmAsync(HttpMethod.Get, CloudClients.AssignmentPath(Secret, name), Portal)).Status);
        Assert.Equal(200, (await secrets.GetSecretAsync("adyen-hmac-key", cancellationToken: CloudClients.Ct)).GetRawResponse().Status);
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => secrets.GetSecretAsync("adyen-hmac-key", cancellationToken: CloudClients.Ct))).Status);

        await PutAsync("AdminAssign", Now.AddMinutes(6));
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => secrets.GetSecretAsync("adyen-hmac-key", cancellationToken: CloudClients.Ct))).Status);
    }

    [Fact]
    public async Task Of_what_is_given_and_taken_who_watches_role_assignments_is_told()
    {
        var told = new List<(AssignmentChangeKind, DateTimeOffset)>();
        State.AssignmentChanged += change =>
        {
            if (change.Assignment.Scope == Secret) told.Add((change.Kind, change.At));
        };
        var (start, end) = (Now, Now.AddMinutes(6));
        await PutAsync("AdminAssign", end);
        await PutAsync("AdminUpdate", end.AddMinutes(1));
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Empty(State.RoleSchedules);
        Assert.Equal(AssignmentChangeKind.Made, told[0].Item1);
        Assert.InRange(told[0].Item2, start, start.AddMinutes(1));
        Assert.Equal((AssignmentChangeKind.Removed, end.AddMinutes(1)), told[1]);

        // Once somebody approves, and when somebody takes it.
        State.ScheduleApproval = true;
        var name = Guid.NewGuid();
        await PutAsync("AdminAssign", Now.AddHours(1), name);
        Assert.Equal(2, told.Count);
        State.ApproveScheduleRequest(name);
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromMinutes(6));
        await PutAsync("AdminRemove");
        Assert.Equal([AssignmentChangeKind.Made, AssignmentChangeKind.Removed], told.Skip(2).Select(t => t.Item1));
    }

    [Fact]
    public async Task What_is_given_is_shown_as_request_schedule_instance_and_role_assignment()
    {
        var name = Guid.NewGuid();
        await PutAsync("AdminAssign", Now.AddHours(1), name, "on call");
        var request = await GetAsync($"roleAssignmentScheduleRequests/{name}");
        JsonShape.Schedules.Fits("RoleAssignmentScheduleRequest", request.Json);
        Assert.Equal(("on call", Portal.ToString()), (Text(request, "justification"), Text(request, "requestorId")));

        var filter = Uri.EscapeDataString($"principalId eq '{FenwickCompany.Mira}'");
        var schedules = await GetAsync("roleAssignmentSchedules", filter);
        JsonShape.Schedules.Fits("RoleAssignmentScheduleListResult", schedules.Json);
        var schedule = Assert.Single(schedules.Json["value"]!.AsArray())!;
        Assert.EndsWith(name.ToString(), schedule["properties"]!["roleAssignmentScheduleRequestId"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(200, (await GetAsync("roleAssignmentSchedules/" + schedule["name"])).Status);

        var instances = await GetAsync("roleAssignmentScheduleInstances", filter);
        JsonShape.Schedules.Fits("RoleAssignmentScheduleInstanceListResult", instances.Json);
        var origin = Assert.Single(instances.Json["value"]!.AsArray())!["properties"]!["originRoleAssignmentId"]!.GetValue<string>();
        Assert.Equal(State.RoleAssignments.Single(a => a.Scope == Secret).Id, origin);
        Assert.Single((await GetAsync("roleAssignmentScheduleRequests", "asRequestor()")).Json["value"]!.AsArray());
        // What stands for good is listed as well, without an end.
        var oskar = await Cloud.ArmAsync(HttpMethod.Get, Path(FenwickEstate.VaultScope("kv-logistics-prod"), "roleAssignmentSchedules", Uri.EscapeDataString($"principalId eq '{FenwickCompany.Oskar}'")), Portal);
        Assert.Null(Assert.Single(oskar.Json["value"]!.AsArray())!["properties"]!["endDateTime"]);
    }

    [Fact]
    public async Task What_waits_for_an_approval_gives_nothing_yet_and_is_taken_back_once()
    {
        State.ScheduleApproval = true;
        var name = Guid.NewGuid();
        var asked = await PutAsync("AdminAssign", Now.AddHours(1), name);
        JsonShape.Schedules.Fits("RoleAssignmentScheduleRequest", asked.Json);
        Assert.Equal((201, "PendingApproval"), (asked.Status, Text(asked, "status")));
        Assert.DoesNotContain(State.RoleAssignments, a => a.Scope == Secret);

        var cancel = Path(Secret, $"roleAssignmentScheduleRequests/{name}/cancel");
        Assert.Equal((405, 403), ((await Cloud.ArmAsync(HttpMethod.Get, cancel, Portal)).Status, (await Cloud.ArmAsync(HttpMethod.Post, cancel, FenwickCompany.Mira)).Status));
        Assert.Equal(200, (await Cloud.ArmAsync(HttpMethod.Post, cancel, Portal)).Status);
        Assert.Equal("Canceled", Text(await GetAsync($"roleAssignmentScheduleRequests/{name}"), "status"));
        var again = await Cloud.ArmAsync(HttpMethod.Post, cancel, Portal);
        Assert.Equal((400, "RequestCannotBeCancelled"), (again.Status, again.Json["error"]!["code"]!.GetValue<string>()));
        Assert.Equal(404, (await Cloud.ArmAsync(HttpMethod.Post, cancel.Replace(name.ToString(), Guid.NewGuid().ToString(), StringComparison.Ordinal), Portal)).Status);

        // Approved, it gives what was asked for; what cannot be given any more fails.
        var (second, third) = (Guid.NewGuid(), Guid.NewGuid());
        await PutAsync("AdminAssign", Now.AddHours(1), second);
        // One at a time: what waits has to be decided, or taken back, before another is taken.
        foreach (var type in (string[])["AdminAssign", "AdminRemove"])
        {
            var refused = await PutAsync(type, Now.AddHours(2));
            Assert.Equal((400, "PendingRoleAssignmentRequest"), (refused.Status, refused.Json["error"]!["code"]!.GetValue<string>()));
        }

        Assert.Equal(ScheduleRequestStatus.Provisioned, State.ApproveScheduleRequest(second)!.Status);
        Assert.Contains(State.RoleAssignments, a => a.Scope == Secret);
        Assert.Equal("Provisioned", Text(await GetAsync($"roleAssignmentScheduleRequests/{second}"), "status"));
        Assert.Equal(400, (await PutAsync("AdminAssign", Now.AddHours(2), third)).Status);
        Assert.Equal("PendingApproval", Text(await PutAsync("AdminUpdate", Now.AddHours(2), third), "status"));
        State.RemoveAssignment(State.RoleAssignments.Single(a => a.Scope == Secret).Name);
        Assert.Equal(ScheduleRequestStatus.Failed, State.ApproveScheduleRequest(third)!.Status);
    }

    [Fact]
    public async Task As_target_the_caller_sees_what_was_made_for_them_and_nothing_else()
    {
        State.Assign(Secret, BuiltInRoles.KeyVaultReader, FenwickCompany.Priya, "User");
        State.Assign(FenwickEstate.VaultScope("kv-payments-prod"), BuiltInRoles.Reader, FenwickCompany.Mira, "User");
        // Her group's is made for the group.
        State.Assign(Secret, BuiltInRoles.KeyVaultReader, FenwickCompany.PaymentsEngineers, "Group");
        var name = Guid.NewGuid();
        await PutAsync("AdminAssign", Now.AddHours(1), name);

        foreach (var (filter, expected) in new[] { ("asTarget()", 2), ("astarget() and atScope()", 2), ($"asTarget() and principalId eq '{FenwickCompany.Priya}'", 0) })
        {
            foreach (var what in new[] { "roleAssignmentSchedules", "roleAssignmentScheduleInstances" })
            {
                var seen = await Cloud.ArmAsync(HttpMethod.Get, Path(Secret, what, Uri.EscapeDataString(filter)), FenwickCompany.Mira);
                Assert.Equal(200, seen.Status);
                Assert.Equal(expected, seen.Json["value"]!.AsArray().Count);
                Assert.All(seen.Json["value"]!.AsArray(), s => Assert.Equal(FenwickCompany.Mira.ToString(), s!["properties"]!["principalId"]!.GetValue<string>()));
            }
        }

        var requests = await Cloud.ArmAsync(HttpMethod.Get, Path(Secret, "roleAssignmentScheduleRequests", "asTarget()"), FenwickCompany.Mira);
        Assert.Equal(name.ToString(), Assert.Single(requests.Json["value"]!.AsArray())!["name"]!.GetValue<string>());
        Assert.Empty((await GetAsync("roleAssignmentScheduleRequests", "asTarget()")).Json["value"]!.AsArray());
        // Role assignments themselves know no such filter.
        await RefusedAsync(400, "InvalidFilter", null, Cloud.ArmAsync(HttpMethod.Get, CloudClients.AssignmentPath(Secret, query: "&$filter=asTarget()"), Portal));
    }

    [Fact]
    public async Task It_cannot_be_taken_in_its_first_five_minutes()
    {
        await PutAsync("AdminAssign", Now.AddHours(1));
        await RefusedAsync(400, "ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes.", PutAsync("AdminRemove"));
        Assert.Single(State.RoleSchedules);
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromMinutes(5));
        var removed = await PutAsync("AdminRemove");
        Assert.Equal((201, "Revoked"), (removed.Status, Text(removed, "status")));
        JsonShape.Schedules.Fits("RoleAssignmentScheduleRequest", removed.Json);
        Assert.Empty(State.RoleSchedules);
        await RefusedAsync(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.", PutAsync("AdminRemove"));
    }

    [Fact]
    public async Task Each_name_and_each_trio_is_taken_once()
    {
        var name = Guid.NewGuid();
        Assert.Equal(201, (await PutAsync("AdminAssign", Now.AddHours(1), name)).Status);
        await RefusedAsync(409, "RoleAssignmentRequestExists", $"A role assignment request with Id: {name} already exists.", PutAsync("AdminAssign", Now.AddHours(1), name));
        await RefusedAsync(400, "RoleAssignmentExists", "The Role assignment already exists.", PutAsync("AdminAssign", Now.AddHours(2)));
        // A plain assignment of the same trio stands in the way too, in both directions.
        var plain = await Cloud.ArmAsync(HttpMethod.Put, CloudClients.AssignmentPath(Secret, Guid.NewGuid()), Portal, CloudClients.Grant(User, FenwickCompany.Mira));
        Assert.Equal((409, "RoleAssignmentExists"), (plain.Status, plain.Code));
    }

    [Fact]
    public async Task An_end_is_moved_by_an_update()
    {
        await RefusedAsync(400, "RoleAssignmentDoesNotExist", null, PutAsync("AdminUpdate", Now.AddHours(1)));
        await PutAsync("AdminAssign", Now.AddMinutes(30));
        Assert.Equal(201, (await PutAsync("AdminUpdate", Now.AddHours(2))).Status);
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Single(State.RoleSchedules);
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Empty(State.RoleSchedules);
    }

    [Fact]
    public async Task Less_than_five_minutes_is_refused_and_so_is_what_is_no_schedule()
    {
        await RefusedAsync(400, "RoleAssignmentRequestPolicyValidationFailed", "The following policy rules failed: [\"ExpirationRule\"]", PutAsync("AdminAssign", Now.AddMinutes(4.9)));
        await RefusedAsync(400, "InvalidRoleAssignmentRequestSchedule", null, SendAsync(Guid.NewGuid(), new JsonObject { ["requestType"] = "AdminAssign" }));
        await RefusedAsync(400, "InvalidRoleAssignmentRequest", null, PutAsync("SelfActivate", Now.AddHours(1)));
        await RefusedAsync(404, "RoleAssignmentRequestNotFound", null, GetAsync($"roleAssignmentScheduleRequests/{Guid.NewGuid()}"));
        await RefusedAsync(400, "NoRegisteredProviderFound", null, Cloud.ArmAsync(HttpMethod.Get, Path(Secret, "roleAssignmentSchedules").Replace("2020-10-01", "2015-07-01", StringComparison.Ordinal), Portal));
        Assert.Empty(State.RoleSchedules);
    }

    [Theory]
    [InlineData("AfterDuration", "PT8H", null)]
    [InlineData("AfterDateTime", null, "2100-01-01T00:00:00Z")]
    [InlineData("NoExpiration", null, null)]
    public async Task A_request_shows_its_times_as_they_were_asked_for(string type, string? duration, string? end)
    {
        var (name, start) = (Guid.NewGuid(), Now.AddSeconds(-90));
        var made = await SendAsync(name, new JsonObject
        {
            ["requestType"] = "AdminAssign",
            ["scheduleInfo"] = new JsonObject
            {
                ["startDateTime"] = start.UtcDateTime.ToString("O"),
                ["expiration"] = new JsonObject { ["type"] = type.ToLowerInvariant(), ["duration"] = duration, ["endDateTime"] = end },
            },
        });
        Assert.Equal(201, made.Status);
        foreach (var answer in new[] { made, await GetAsync($"roleAssignmentScheduleRequests/{name}") })
        {
            JsonShape.Schedules.Fits("RoleAssignmentScheduleRequest", answer.Json);
            var shown = answer.Json["properties"]!["scheduleInfo"]!;
            Assert.Equal(start, shown["startDateTime"]!.GetValue<DateTimeOffset>());
            var expiration = shown["expiration"]!;
            Assert.Equal((type, duration), (expiration["type"]!.GetValue<string>(), expiration["duration"]?.GetValue<string>()));
            Assert.Equal(end is null ? null : DateTimeOffset.Parse(end, System.Globalization.CultureInfo.InvariantCulture), expiration["endDateTime"]?.GetValue<DateTimeOffset>());
        }
    }

    [Fact]
    public async Task A_principal_that_the_directory_does_not_know_is_no_subject_and_has_nothing_to_be_taken()
    {
        var nobody = Guid.NewGuid();
        await RefusedAsync(400, "SubjectNotFound", null, PutAsync("AdminAssign", Now.AddHours(1), principal: nobody));
        await RefusedAsync(400, "RoleAssignmentDoesNotExist", null, PutAsync("AdminRemove", principal: nobody));

        // Deleted since, it leaves behind what it was given, and that can be taken.
        await PutAsync("AdminAssign", Now.AddHours(1));
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromMinutes(6));
        _sandbox.Host.Control.Directory.Delete(FenwickCompany.Mira);
        Assert.Equal(201, (await PutAsync("AdminRemove")).Status);
        Assert.DoesNotContain(State.RoleAssignments, a => a.Scope == Secret);
    }

    [Fact]
    public async Task A_request_is_forgotten_after_45_days_and_what_it_gave_stays()
    {
        var name = Guid.NewGuid();
        await PutAsync("AdminAssign", Now.AddDays(90), name);
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromDays(44));
        Assert.Equal(200, (await GetAsync($"roleAssignmentScheduleRequests/{name}")).Status);
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(404, (await GetAsync($"roleAssignmentScheduleRequests/{name}")).Status);
        Assert.Empty((await GetAsync("roleAssignmentScheduleRequests", "asRequestor()")).Json["value"]!.AsArray());
        Assert.Single(State.RoleSchedules);
    }

    [Theory]
    [InlineData("P9000Y")]
    [InlineData("P30000Y")]
    [InlineData("eight hours")]
    [InlineData("")]
    public async Task A_duration_that_no_clock_holds_is_refused(string duration) =>
        await RefusedAsync(400, "InvalidRoleAssignmentRequestSchedule", null, SendAsync(Guid.NewGuid(), new JsonObject
        {
            ["requestType"] = "AdminAssign",
            ["scheduleInfo"] = new JsonObject { ["expiration"] = new JsonObject { ["type"] = "AfterDuration", ["duration"] = duration } },
        }));

    [Fact]
    public async Task Whoever_may_not_write_role_assignments_may_not_ask_for_schedules()
    {
        await RefusedAsync(403, "AuthorizationFailed", null, PutAsync("AdminAssign", Now.AddHours(1), caller: FenwickCompany.Mira));
        await RefusedAsync(403, "AuthorizationFailed", null, PutAsync("AdminAssign", Now.AddHours(1), role: BuiltInRoles.Owner));
    }

    [Fact]
    public async Task When_the_licence_lapses_schedules_stand_for_good_and_no_request_is_taken()
    {
        await PutAsync("AdminAssign", Now.AddMinutes(30));
        State.ScheduleLicence = false;
        Assert.Null(Assert.Single(State.RoleSchedules).EndsAt);
        _sandbox.Host.Control.Clock.Advance(TimeSpan.FromDays(2));
        var instances = await GetAsync("roleAssignmentScheduleInstances", Uri.EscapeDataString($"principalId eq '{FenwickCompany.Mira}'"));
        Assert.Null(Assert.Single(instances.Json["value"]!.AsArray())!["properties"]!["endDateTime"]);
        await RefusedAsync(400, "AadPremiumLicenseRequired", null, PutAsync("AdminRemove"));

        // The role assignment that carries it is one like any other.
        var name = State.RoleAssignments.Single(a => a.Scope == Secret).Name;
        Assert.Equal(200, (await Cloud.ArmAsync(HttpMethod.Delete, CloudClients.AssignmentPath(Secret, name), Portal)).Status);
        Assert.Empty(State.RoleSchedules);
    }

    private static string? Text(Answer answer, string property) => answer.Json["properties"]![property]?.GetValue<string>();

    private static string Path(ArmScope scope, string what, string? filter = null) =>
        $"{scope.Value}/providers/Microsoft.Authorization/{what}?api-version=2020-10-01{(filter is null ? "" : "&$filter=" + filter)}";

    private static async Task RefusedAsync(int status, string code, string? message, Task<Answer> call)
    {
        var answer = await call;
        Assert.Equal((status, code), (answer.Status, answer.Code));
        JsonShape.Schedules.Fits("CloudError", answer.Json);
        if (message is not null) Assert.Equal(message, answer.Message);
    }

    private Task<Answer> GetAsync(string what, string? filter = null) => Cloud.ArmAsync(HttpMethod.Get, Path(Secret, what, filter), Portal);

    private Task<Answer> PutAsync(string type, DateTimeOffset? until = null, Guid? name = null, string? justification = null, Guid? caller = null, Guid? role = null, Guid? principal = null)
    {
        var properties = new JsonObject { ["requestType"] = type, ["justification"] = justification };
        if (until is { } end) properties["scheduleInfo"] = new JsonObject { ["expiration"] = new JsonObject { ["type"] = "AfterDateTime", ["endDateTime"] = end.UtcDateTime.ToString("O") } };
        return SendAsync(name ?? Guid.NewGuid(), properties, caller, role, principal);
    }

    private Task<Answer> SendAsync(Guid name, JsonObject properties, Guid? caller = null, Guid? role = null, Guid? principal = null)
    {
        properties["principalId"] = (principal ?? FenwickCompany.Mira).ToString();
        properties["roleDefinitionId"] = $"/subscriptions/{FenwickEstate.Production}/providers/Microsoft.Authorization/roleDefinitions/{role ?? User}";
        return Cloud.ArmAsync(HttpMethod.Put, Path(Secret, $"roleAssignmentScheduleRequests/{name}"), caller ?? Portal, new JsonObject { ["properties"] = properties });
    }
}
