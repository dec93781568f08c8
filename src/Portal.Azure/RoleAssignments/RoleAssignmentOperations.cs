using System.Globalization;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.ResourceManager;
using Portal.Azure.Connection;
using Portal.Core;
using Portal.Core.Grants;
using Portal.Core.Identity;

namespace Portal.Azure.RoleAssignments;

/// <summary>Role assignments at one scope. Stands in for <c>RoleAssignmentCollection</c> of Azure.ResourceManager.Authorization, which can take its place.</summary>
internal sealed class RoleAssignmentOperations(ArmClient client, ResourceIdentifier scope) : ArmCalls(client, scope)
{
    private const string ApiVersion = "2022-04-01";
    private const string Path = "/providers/Microsoft.Authorization/roleAssignments";

    internal Task<(AssignmentSeen Assignment, ProviderCall Call)> PutAsync(Guid name, RoleAssignmentContent properties, CancellationToken ct) =>
        CloudFaults.GuardAsync(async () =>
        {
            using var message = Message(RequestMethod.Put, $"{Path}/{name}", ApiVersion);
            message.Request.Headers.Add("Content-Type", "application/json");
            message.Request.Content = RequestContent.Create(BinaryData.FromObjectAsJson(new { properties }, JsonSerializerOptions.Web));
            var response = await SendAsync(message, ct);
            return (Read(response), CloudFaults.CallOf(response));
        }, ct);

    /// <summary>The assignment with a name; null for none.</summary>
    internal Task<AssignmentSeen?> FindAsync(Guid name, CancellationToken ct) =>
        CloudFaults.GuardAsync(async () =>
        {
            using var message = Message(RequestMethod.Get, $"{Path}/{name}", ApiVersion);
            return await FindAsync(message, ct) is { } found ? Read(found) : null;
        }, ct);

    internal Task<ProviderCall> DeleteAsync(Guid name, CancellationToken ct) =>
        CloudFaults.GuardAsync(async () =>
        {
            using var message = Message(RequestMethod.Delete, $"{Path}/{name}", ApiVersion);
            return CloudFaults.CallOf(await SendAsync(message, ct));
        }, ct);

    // In none of the published definitions; Azure's own portal asks so. Whatever else comes back counts as not known.
    internal Task<AssignmentUsage> ReadUsageAsync(CancellationToken ct) =>
        CloudFaults.GuardAsync(async () =>
        {
            using var message = Message(RequestMethod.Get, "/providers/Microsoft.Authorization/roleAssignmentsUsageMetrics", "2019-08-01-preview");
            using var document = JsonDocument.Parse((await SendAsync(message, ct)).Content);
            return new AssignmentUsage(Count("roleAssignmentsCurrentCount"), Count("roleAssignmentsLimit"));

            int Count(string name) => document.RootElement.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var count)
                ? count
                : throw CloudFaults.Unreadable($"The answer lacks {name}.");
        }, ct);

    /// <summary>What Azure lists for a principal: at this scope, but also above and below it.</summary>
    internal IAsyncEnumerable<AssignmentSeen> ListForAsync(Guid principalId, CancellationToken ct) =>
        ListAsync(() => Message(RequestMethod.Get, Path, ApiVersion, $"principalId eq '{principalId}'"), Read, ct);

    /// <summary>What Azure lists without a filter: everyone's, at this scope, above and below it.</summary>
    internal IAsyncEnumerable<AssignmentSeen> ListAsync(CancellationToken ct) =>
        ListAsync(() => Message(RequestMethod.Get, Path, ApiVersion), Read, ct);

    private static AssignmentSeen Read(Response response)
    {
        using var document = JsonDocument.Parse(response.Content);
        return Read(document.RootElement);
    }

    private static AssignmentSeen Read(JsonElement assignment)
    {
        var properties = assignment.Member("properties") ?? throw CloudFaults.Unreadable("An assignment without properties.");
        var role = properties.Needed("roleDefinitionId");
        // The same role comes with and without the subscription in front: only the GUID at the end says which it is.
        return new AssignmentSeen(
            properties.Needed("scope"),
            assignment.NeededGuid("name"),
            properties.NeededGuid("principalId"),
            Guid.TryParse(role[(role.LastIndexOf('/') + 1)..], out var id) ? id : throw CloudFaults.Unreadable("roleDefinitionId in the answer names no role."),
            properties.Text("description"))
        {
            PrincipalKind = Enum.TryParse<PrincipalKind>(properties.Text("principalType"), ignoreCase: true, out var kind) && Enum.IsDefined(kind) ? kind : null,
            Condition = properties.Text("condition") is { Length: > 0 } condition ? condition : null,
            WrittenAt = Instant(properties.Text("updatedOn")) ?? Instant(properties.Text("createdOn")),
        };
    }

    private static DateTimeOffset? Instant(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
}

/// <summary>The properties of a role assignment as they are sent.</summary>
internal sealed record RoleAssignmentContent(string RoleDefinitionId, Guid PrincipalId, string PrincipalType, string Description);
