using System.Text.Json.Nodes;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.ResourceManager;

/// <summary><c>roleAssignmentSchedules</c> and <c>roleAssignmentScheduleInstances</c> at a scope. Assignments that stand for good are among them, without an end.</summary>
internal static class ScheduleCalls
{
    private const string Read = "Microsoft.Authorization/roleAssignments/read";

    public static Task AnswerAsync(ArmCall call, ArmScope scope, string? name, bool instances)
    {
        if (!call.IsGet) throw ArmException.MethodNotAllowed(call.Request.Method);
        call.Demand(scope, Read);
        call.DemandExistence(scope);
        var schedules = call.State.RoleSchedules.ToDictionary(s => s.AssignmentName);
        if (name is null)
        {
            var wanted = RoleAssignmentCalls.Wanted(call, scope, ofSchedules: true);
            return call.PageAsync(call.State.VisibleAssignments().Where(v => wanted(v.Assignment)), Shape);
        }

        var found = call.State.VisibleAssignments().Select(v => v.Assignment)
            .FirstOrDefault(a => a.Scope == scope && NameOf(a).ToString().Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArmException(404, instances ? "RoleAssignmentScheduleInstanceNotFound" : "RoleAssignmentScheduleNotFound", $"The role assignment schedule '{name}' is not found.");
        return call.AnswerAsync(200, Shape(found));

        Guid NameOf(RoleAssignment a) => !instances && schedules.TryGetValue(a.Name, out var schedule) ? schedule.Id : a.Name;

        JsonNode Shape(RoleAssignment a)
        {
            var schedule = schedules.GetValueOrDefault(a.Name);
            var properties = new JsonObject
            {
                ["assignmentType"] = "Assigned",
                ["scope"] = a.Scope.Value,
                ["roleDefinitionId"] = RoleId(a),
                ["principalId"] = a.PrincipalId.ToString(),
                ["principalType"] = a.PrincipalType,
                ["status"] = instances ? "Accepted" : "Provisioned",
                ["startDateTime"] = RoleAssignmentCalls.Instant(schedule?.StartsAt ?? a.CreatedOn),
                ["endDateTime"] = schedule?.EndsAt is { } end ? RoleAssignmentCalls.Instant(end) : null,
                ["memberType"] = "Direct",
                ["createdOn"] = RoleAssignmentCalls.Instant(a.CreatedOn),
                ["condition"] = a.Condition,
                ["conditionVersion"] = a.ConditionVersion,
                ["expandedProperties"] = Expanded(call, a),
            };
            if (instances)
            {
                properties["originRoleAssignmentId"] = a.Id;
                properties["roleAssignmentScheduleId"] = $"{a.Scope.Value}/providers/Microsoft.Authorization/RoleAssignmentSchedules/{schedule?.Id ?? a.Name}";
            }
            else
            {
                properties["updatedOn"] = RoleAssignmentCalls.Instant(a.UpdatedOn);
                properties["roleAssignmentScheduleRequestId"] = schedule is null ? null : $"{a.Scope.Value}/providers/Microsoft.Authorization/RoleAssignmentScheduleRequests/{schedule.Request}";
            }

            var type = instances ? "RoleAssignmentScheduleInstances" : "RoleAssignmentSchedules";
            return new JsonObject
            {
                ["properties"] = properties,
                ["name"] = NameOf(a).ToString(),
                ["id"] = $"{a.Scope.Value}/providers/Microsoft.Authorization/{type}/{NameOf(a)}",
                ["type"] = $"Microsoft.Authorization/{type}",
            };
        }
    }

    /// <summary>The role's id as these answers give it: with the subscription in front.</summary>
    public static string RoleId(RoleAssignment a) => RoleDefinitionCalls.IdAt(a.Scope, a.RoleDefinitionId);

    public static JsonNode Expanded(ArmCall call, RoleAssignment a)
    {
        var principal = call.Control.Directory.Find(a.PrincipalId);
        var role = call.State.FindRole(a.RoleDefinitionId);
        return new JsonObject
        {
            ["scope"] = Scope(call, a.Scope),
            ["roleDefinition"] = new JsonObject { ["id"] = RoleId(a), ["displayName"] = role?.RoleName, ["type"] = role?.IsBuiltIn == false ? "CustomRole" : "BuiltInRole" },
            ["principal"] = new JsonObject { ["id"] = a.PrincipalId.ToString(), ["displayName"] = principal?.DisplayName, ["email"] = (principal as DirectoryUser)?.UserPrincipalName, ["type"] = a.PrincipalType },
        };
    }

    private static JsonObject Scope(ArmCall call, ArmScope scope)
    {
        var (type, name) = scope switch
        {
            { SubscriptionId: null } => ("managementgroup", scope.Name),
            { ResourceGroup: null } => ("subscription", call.State.Subscriptions.FirstOrDefault(s => s.Scope == scope)?.DisplayName ?? scope.Name),
            _ => (scope == ArmScope.OfResourceGroup(scope.SubscriptionId.Value, scope.ResourceGroup) ? "resourcegroup" : "resource", scope.Name),
        };
        return new JsonObject { ["id"] = scope.Value, ["displayName"] = name, ["type"] = type };
    }
}
