using Portal.Core.Grants;

namespace Portal.Tests.Azure;

/// <summary>Role assignments as Resource Manager writes them.</summary>
internal static class AssignmentJson
{
    internal static string Of(AssignmentOrder order) => Of(order.Scope, order.Name, order.PrincipalId, order.RoleDefinitionId, order.Description);

    internal static string Of(string scope, Guid name, Guid principal, Guid role, string description = "") => $$"""
        {"id":"{{scope}}/providers/Microsoft.Authorization/roleAssignments/{{name}}","type":"Microsoft.Authorization/roleAssignments","name":"{{name}}",
         "properties":{"roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/{{role.ToString().ToUpperInvariant()}}","principalId":"{{principal}}","principalType":"User","scope":"{{scope}}","description":"{{description}}","condition":null}
        }
        """;

    internal static string Page(string? nextLink, params string[] items) =>
        $$"""{"value":[{{string.Join(",", items)}}]{{(nextLink is null ? "" : $",\"nextLink\":\"{nextLink}\"")}}}""";
}
