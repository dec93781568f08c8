using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml;

namespace Portal.Sandbox.ResourceManager;

/// <summary><c>{scope}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests</c>: giving, changing and taking roles through Privileged Identity Management.</summary>
internal static class ScheduleRequestCalls
{
    private const string Provider = "Microsoft.Authorization/roleAssignmentScheduleRequests";
    private const string Write = "Microsoft.Authorization/roleAssignments/write";
    private const string Read = "Microsoft.Authorization/roleAssignments/read";

    public static Task AnswerAsync(ArmCall call, ArmScope scope, string? name)
    {
        if (name is null) return call.IsGet ? ListAsync(call, scope) : throw ArmException.MethodNotAllowed(call.Request.Method);
        var id = IdOf(name);
        if (call.IsGet) return GetAsync(call, scope, id);
        if (call.IsPut) return PutAsync(call, scope, id);
        throw ArmException.MethodNotAllowed(call.Request.Method);
    }

    /// <summary><c>POST …/{name}/cancel</c>.</summary>
    public static Task CancelAsync(ArmCall call, ArmScope scope, string name)
    {
        if (!call.IsPost) throw ArmException.MethodNotAllowed(call.Request.Method);
        call.Demand(scope, Read);
        call.DemandExistence(scope);
        var request = Find(call, scope, IdOf(name));
        // Whoever may not ask for it may not take it back either.
        call.Demand(scope, Write, RoleAssignmentCalls.Input("write", "Request", request.Target.RoleDefinitionId, request.Target.PrincipalId, request.Target.PrincipalType));
        // Code and words as the service gives them, by a report of its users.
        if (!call.State.CancelScheduleRequest(request.Name))
            throw new ArmException(400, "RequestCannotBeCancelled", "Request is not in cancellable state.");
        return call.NothingAsync(200);
    }

    private static Guid IdOf(string name) => Guid.TryParse(name, out var id) ? id
        : throw new ArmException(400, "InvalidRoleAssignmentScheduleRequestId", $"The role assignment schedule request ID '{name}' is not valid. It must be a GUID.");

    private static Task GetAsync(ArmCall call, ArmScope scope, Guid name)
    {
        call.Demand(scope, Read);
        call.DemandExistence(scope);
        return call.AnswerAsync(200, Shape(call, Find(call, scope, name)));
    }

    // The code is the one that the service has for its older address; the status is this address's own for what is not there.
    private static ScheduleRequest Find(ArmCall call, ArmScope scope, Guid name) =>
        call.State.ScheduleRequests.FirstOrDefault(r => r.Name == name && r.Target.Scope == scope) ?? throw new ArmException(404, "RoleAssignmentRequestNotFound", "The Role assignment request is not found.");

    private static Task ListAsync(ArmCall call, ArmScope scope)
    {
        call.Demand(scope, Read);
        call.DemandExistence(scope);
        if (call.Filter.Equals("asRequestor()", StringComparison.OrdinalIgnoreCase))
            return call.PageAsync(call.State.ScheduleRequests.Where(r => r.RequestorId == call.Caller.ObjectId && (r.Target.Scope.Covers(scope) || scope.Covers(r.Target.Scope))), r => Shape(call, r));
        var wanted = RoleAssignmentCalls.Wanted(call, scope, ofSchedules: true);
        return call.PageAsync(call.State.ScheduleRequests.Where(r => wanted(r.Target)), r => Shape(call, r));
    }

    private static async Task PutAsync(ArmCall call, ArmScope scope, Guid name)
    {
        var body = await call.BodyAsync();
        var properties = body["properties"] as JsonObject ?? throw RoleAssignmentCalls.BadFormat();
        var roleId = RoleAssignmentCalls.RoleIdOf(RoleAssignmentCalls.Text(properties, "roleDefinitionId"));
        if (!Guid.TryParse(RoleAssignmentCalls.Text(properties, "principalId"), out var principal))
            throw new ArmException(400, "InvalidPrincipalId", $"The Principal ID '{RoleAssignmentCalls.Text(properties, "principalId")}' is not valid. Principal ID must be a GUID.");
        if (RoleAssignmentCalls.Text(properties, "requestType") is not { } asked || !Enum.TryParse<ScheduleRequestType>(asked, ignoreCase: true, out var type) || !Enum.IsDefined(type))
            throw new ArmException(400, "InvalidRoleAssignmentRequest", "The sandbox takes the request types AdminAssign, AdminUpdate and AdminRemove.");

        call.Demand(scope, Write, RoleAssignmentCalls.Input("write", "Request", roleId, principal, RoleAssignmentCalls.TypeOf(call.Control.Directory.Find(principal))));
        call.DemandExistence(scope);
        if (type == ScheduleRequestType.AdminRemove) DemandRemovable(call, scope);
        else call.DemandUnlocked(scope, $"{scope}/providers/{Provider}/{name}");
        if (call.State.FindRole(roleId) is null)
            throw new ArmException(404, "RoleDefinitionDoesNotExist", $"The specified role definition with ID '{roleId:N}' does not exist.");
        var principalType = PrincipalType(call, principal, type);
        var (condition, version) = RoleAssignmentCalls.CheckedCondition(properties);

        var (times, endsAt) = type == ScheduleRequestType.AdminRemove ? (null, null) : TimesOf(call, properties["scheduleInfo"] as JsonObject);
        var ticket = properties["ticketInfo"] as JsonObject;
        var (outcome, taken) = call.State.Take(new ScheduleRequest(
            name, type,
            new RoleAssignment(name, scope, roleId, principal, principalType) { Condition = condition, ConditionVersion = version, CreatedBy = call.Caller.ObjectId, UpdatedBy = call.Caller.ObjectId },
            endsAt, call.Caller.ObjectId)
        {
            Times = times,
            Justification = RoleAssignmentCalls.Text(properties, "justification"),
            TicketNumber = ticket is null ? null : RoleAssignmentCalls.Text(ticket, "ticketNumber"),
            TicketSystem = ticket is null ? null : RoleAssignmentCalls.Text(ticket, "ticketSystem"),
        });
        if (taken is null) throw Refusal(outcome, name);
        await call.AnswerAsync(201, Shape(call, taken));
    }

    // Codes and words as the service gives them, the misspelling included; the last two are Graph's for the same service.
    private static ArmException Refusal(ScheduleOutcome outcome, Guid name) => outcome switch
    {
        ScheduleOutcome.RequestExists => new(409, "RoleAssignmentRequestExists", $"A role assignment request with Id: {name} already exists."),
        ScheduleOutcome.AssignmentExists => new(400, "RoleAssignmentExists", "The Role assignment already exists."),
        ScheduleOutcome.AssignmentMissing => new(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist."),
        ScheduleOutcome.TooYoung => new(400, "ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes."),
        ScheduleOutcome.LimitExceeded => new(400, "RoleAssignmentLimitExceeded", "No more role assignments can be created."),
        ScheduleOutcome.TooShort => new(400, "RoleAssignmentRequestPolicyValidationFailed", "The following policy rules failed: [\"ExpirationRule\"]"),
        ScheduleOutcome.NotLicensed => new(400, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."),
        ScheduleOutcome.OneWaits => new(400, "PendingRoleAssignmentRequest", "There is already an existing pending Role assignment request."),
        ScheduleOutcome.Taken => throw new InvalidOperationException("A request that was taken is no refusal."),
    };

    private static void DemandRemovable(ArmCall call, ArmScope scope)
    {
        if (call.State.LocksOn(scope) is { Count: > 0 } locks)
            throw new ArmException(409, "ScopeLocked",
                $"The scope '{scope}' cannot perform delete operation because following scope(s) are locked: '{string.Join(',', locks.Select(l => l.Scope.Value).Distinct(StringComparer.OrdinalIgnoreCase))}'. Please remove the lock and try again.");
    }

    // This service has a code of its own for a principal that it does not know, or not yet. To take from one that is gone, nobody has to know it.
    private static string PrincipalType(ArmCall call, Guid principal, ScheduleRequestType type)
    {
        var known = RoleAssignmentCalls.TypeOf(call.Control.Directory.Find(principal));
        if (type == ScheduleRequestType.AdminRemove) return known ?? "User";
        return known is null || call.Control.Propagation.IsHidden(principal) ? throw new ArmException(400, "SubjectNotFound", "The subject is not found.") : known;
    }

    private static (ScheduleTimes? Times, DateTimeOffset? EndsAt) TimesOf(ArmCall call, JsonObject? schedule)
    {
        var now = call.Control.Clock.GetUtcNow();
        if (schedule is null) throw Invalid("scheduleInfo is missing");
        var start = RoleAssignmentCalls.Text(schedule, "startDateTime") is { } from ? Instant(from) : (DateTimeOffset?)null;
        // Azure would keep it for later; the sandbox knows no assignment that is not there yet.
        if (start > now + TimeSpan.FromMinutes(1)) throw Invalid("the sandbox takes no start in the future");
        var expiration = schedule["expiration"] as JsonObject ?? throw Invalid("expiration is missing");
        switch (RoleAssignmentCalls.Text(expiration, "type")?.ToUpperInvariant())
        {
            case "NOEXPIRATION": return (new ScheduleTimes(start, "NoExpiration", null), null);
            case "AFTERDATETIME": return (new ScheduleTimes(start, "AfterDateTime", null), Instant(RoleAssignmentCalls.Text(expiration, "endDateTime")));
            case "AFTERDURATION":
                var duration = RoleAssignmentCalls.Text(expiration, "duration") ?? "";
                try
                {
                    return (new ScheduleTimes(start, "AfterDuration", duration), (start > now ? start.Value : now) + XmlConvert.ToTimeSpan(duration));
                }
                catch (Exception e) when (e is FormatException or OverflowException or ArgumentOutOfRangeException)
                {
                    throw Invalid("duration is no ISO 8601 duration, or one that ends after all time");
                }

            default: throw Invalid("the expiration has no known type");
        }
    }

    private static DateTimeOffset Instant(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : throw Invalid($"'{text}' is no instant");

    private static ArmException Invalid(string why) => new(400, "InvalidRoleAssignmentRequestSchedule", $"The role assignment request schedule is invalid: {why}.");

    private static JsonNode Shape(ArmCall call, ScheduleRequest r) => new JsonObject
    {
        ["properties"] = new JsonObject
        {
            ["targetRoleAssignmentScheduleId"] = r.ScheduleId == Guid.Empty ? null : r.ScheduleId.ToString(),
            ["targetRoleAssignmentScheduleInstanceId"] = null,
            ["scope"] = r.Target.Scope.Value,
            ["roleDefinitionId"] = ScheduleCalls.RoleId(r.Target),
            ["principalId"] = r.Target.PrincipalId.ToString(),
            ["principalType"] = r.Target.PrincipalType,
            ["requestType"] = r.Type.ToString(),
            ["status"] = r.Status.ToString(),
            ["approvalId"] = null,
            ["scheduleInfo"] = new JsonObject
            {
                ["startDateTime"] = RoleAssignmentCalls.Instant(r.Times?.StartsAt ?? r.CreatedOn),
                ["expiration"] = new JsonObject
                {
                    ["type"] = r.Times?.Type ?? "NoExpiration",
                    ["endDateTime"] = r is { Times.Duration: null, EndsAt: { } end } ? RoleAssignmentCalls.Instant(end) : null,
                    ["duration"] = r.Times?.Duration,
                },
            },
            ["ticketInfo"] = new JsonObject { ["ticketNumber"] = r.TicketNumber, ["ticketSystem"] = r.TicketSystem },
            ["justification"] = r.Justification,
            ["requestorId"] = r.RequestorId.ToString(),
            ["createdOn"] = RoleAssignmentCalls.Instant(r.CreatedOn),
            ["condition"] = r.Target.Condition,
            ["conditionVersion"] = r.Target.ConditionVersion,
            ["expandedProperties"] = ScheduleCalls.Expanded(call, r.Target),
        },
        ["name"] = r.Name.ToString(),
        ["id"] = $"{r.Target.Scope.Value}/providers/Microsoft.Authorization/RoleAssignmentScheduleRequests/{r.Name}",
        ["type"] = "Microsoft.Authorization/RoleAssignmentScheduleRequests",
    };
}
