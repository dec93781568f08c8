using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Portal.Sandbox.ResourceManager;

/// <summary><c>{scope}/providers/Microsoft.Authorization/roleDefinitions</c>, read only.</summary>
internal static partial class RoleDefinitionCalls
{
    private const string Provider = "Microsoft.Authorization/roleDefinitions";

    public static Task AnswerAsync(ArmCall call, ArmScope scope, string? name)
    {
        if (!call.IsGet) throw ArmException.MethodNotAllowed(call.Request.Method);
        // Built-in roles are the tenant's: everyone may read them at the root.
        if (!scope.IsRoot) call.Demand(scope, Provider + "/read");
        call.DemandExistence(scope);
        if (name is null) return call.PageAsync(call.State.RoleDefinitions.Where(Filter(call.Filter)), r => Shape(call, scope, r));
        return Guid.TryParse(name, out var id) && call.State.FindRole(id) is { } role
            ? call.AnswerAsync(200, Shape(call, scope, role))
            : throw new ArmException(404, "RoleDefinitionDoesNotExist", $"The specified role definition with ID '{name.Replace("-", "", StringComparison.Ordinal)}' does not exist.");
    }

    /// <summary>A role's id as it is seen from a scope: with that scope's subscription in front, also where what names the role stands above it.</summary>
    public static string IdAt(ArmScope scope, Guid role) =>
        $"{(scope.SubscriptionId is { } subscription ? ArmScope.OfSubscription(subscription).Value : "")}/providers/{Provider}/{role}";

    private static Func<RoleDefinition, bool> Filter(string filter)
    {
        if (filter.Length == 0 || filter.Equals("atScopeAndBelow()", StringComparison.OrdinalIgnoreCase)) return _ => true;
        var match = Equality().Match(filter);
        var value = match.Groups[2].Value.Replace("''", "'", StringComparison.Ordinal);
        return match.Groups[1].Value.ToUpperInvariant() switch
        {
            "ROLENAME" => r => r.RoleName.Equals(value, StringComparison.OrdinalIgnoreCase),
            "TYPE" => r => Kind(r).Equals(value, StringComparison.OrdinalIgnoreCase),
            _ => throw new ArmException(400, "InvalidFilter", $"The filter '{filter}' is not supported. Supported filters are 'atScopeAndBelow()', 'roleName eq' and 'type eq'."),
        };
    }

    private static string Kind(RoleDefinition role) => role.IsBuiltIn ? "BuiltInRole" : "CustomRole";

    private static JsonNode Shape(ArmCall call, ArmScope scope, RoleDefinition role)
    {
        var permissions = new JsonObject
        {
            ["actions"] = Array(role.Actions),
            ["notActions"] = Array(role.NotActions),
            ["dataActions"] = Array(role.DataActions),
            ["notDataActions"] = Array(role.NotDataActions),
        };
        if (role.Condition is { } condition)
        {
            permissions["conditionVersion"] = "2.0";
            permissions["condition"] = condition.Text;
        }

        return new JsonObject
        {
            ["properties"] = new JsonObject
            {
                ["roleName"] = role.RoleName,
                ["type"] = Kind(role),
                ["description"] = role.Description,
                // Only a built-in role can be given anywhere.
                ["assignableScopes"] = role.IsBuiltIn ? new JsonArray("/") : [.. call.State.Subscriptions.Select(s => (JsonNode)s.Scope.Value)],
                ["permissions"] = new JsonArray(permissions),
                ["createdBy"] = null,
                ["updatedBy"] = null,
            },
            ["id"] = IdAt(scope, role.Id),
            ["type"] = Provider,
            ["name"] = role.Id.ToString(),
        };
    }

    private static JsonArray Array(ImmutableArray<string> items) => [.. items.Select(i => (JsonNode)JsonValue.Create(i))];

    [GeneratedRegex(@"^(roleName|type)\s+eq\s+'((?:[^']|'')*)'$", RegexOptions.IgnoreCase)]
    private static partial Regex Equality();
}
