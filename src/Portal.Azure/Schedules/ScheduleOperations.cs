using System.Globalization;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.ResourceManager;
using Portal.Azure.Connection;
using Portal.Core;

namespace Portal.Azure.Schedules;

/// <summary>Schedules of Privileged Identity Management at one scope. Stands in for <c>RoleAssignmentScheduleRequestCollection</c> and its like of Azure.ResourceManager.Authorization, which can take its place.</summary>
internal sealed class ScheduleOperations(ArmClient client, ResourceIdentifier scope) : ArmCalls(client, scope)
{
    private const string ApiVersion = "2020-10-01";
    private const string Requests = "/providers/Microsoft.Authorization/roleAssignmentScheduleRequests";
    private const string Schedules = "/providers/Microsoft.Authorization/roleAssignmentSchedules";
    private const string Instances = "/providers/Microsoft.Authorization/roleAssignmentScheduleInstances";

    /// <summary>Sends a request. Its name can be used once.</summary>
    internal Task<ScheduleRequestSeen> AskAsync(Guid name, ScheduleRequestContent properties, CancellationToken ct) =>
        CloudFaults.GuardAsync(async () =>
        {
            using var message = Message(RequestMethod.Put, $"{Requests}/{name}", ApiVersion);
            message.Request.Headers.Add("Content-Type", "application/json");
            message.Request.Content = RequestContent.Create(BinaryData.FromObjectAsJson(new { properties }, JsonSerializerOptions.Web));
            return ReadRequest(await SendAsync(message, ct));
        }, ct);

    /// <summary>Reads a request.</summary>
    /// <returns>Null when there is none of that name; Azure forgets them after some weeks.</returns>
    internal async Task<ScheduleRequestSeen?> FindRequestAsync(Guid name, CancellationToken ct)
    {
        try
        {
            return await CloudFaults.GuardAsync(async () =>
            {
                using var message = Message(RequestMethod.Get, $"{Requests}/{name}", ApiVersion);
                return ReadRequest(await SendAsync(message, ct));
            }, ct);
        }
        catch (CloudCallException e) when (CloudFaults.IsMissing(e))
        {
            return null;
        }
    }

    /// <summary>The requests about a principal: at this scope, but also above and below it.</summary>
    internal IAsyncEnumerable<ScheduleRequestListed> ListRequestsForAsync(Guid principalId, CancellationToken ct) =>
        ListAsync(() => Message(RequestMethod.Get, Requests, ApiVersion, $"principalId eq '{principalId}'"), request =>
        {
            var properties = PropertiesOf(request);
            return new ScheduleRequestListed(request.NeededGuid("name"), properties.Needed("scope"), properties.NeededGuid("principalId"),
                LastGuid(properties, "roleDefinitionId") ?? throw CloudFaults.Unreadable("A request without its role."), properties.Needed("status"), properties.Text("justification"));
        }, ct);

    /// <summary>Takes a request back that has not been carried out. Azure's answer says nothing; what came of it, the request says itself.</summary>
    internal async Task CancelAsync(Guid name, CancellationToken ct)
    {
        try
        {
            await CloudFaults.GuardAsync(async () =>
            {
                using var message = Message(RequestMethod.Post, $"{Requests}/{name}/cancel", ApiVersion);
                return await SendAsync(message, ct);
            }, ct);
        }
        catch (CloudCallException e) when (e is { Status: 200, Code: CloudFaults.UnreadableAnswer } or { Code: ScheduleFaults.NotToCancel })
        {
            // A success without a body; or it was decided a moment ago.
        }
    }

    /// <summary>The schedules of a principal: at this scope, but also above and below it.</summary>
    internal IAsyncEnumerable<ScheduleSeen> ListForAsync(Guid principalId, CancellationToken ct) =>
        ListAsync(() => Message(RequestMethod.Get, Schedules, ApiVersion, $"principalId eq '{principalId}'"), ReadSchedule, ct);

    /// <summary>What carries the schedules of a principal now: pairs of a schedule and the name of its role assignment.</summary>
    internal IAsyncEnumerable<(Guid Schedule, Guid Assignment)> ListCarriersAsync(Guid principalId, CancellationToken ct) =>
        ListAsync(() => Message(RequestMethod.Get, Instances, ApiVersion, $"principalId eq '{principalId}'"), instance =>
        {
            var properties = PropertiesOf(instance);
            return (LastGuid(properties, "roleAssignmentScheduleId") ?? throw CloudFaults.Unreadable("An instance without its schedule."),
                LastGuid(properties, "originRoleAssignmentId") ?? instance.NeededGuid("name"));
        }, ct);

    private static ScheduleRequestSeen ReadRequest(Response response)
    {
        using var document = JsonDocument.Parse(response.Content);
        var properties = PropertiesOf(document.RootElement);
        return new ScheduleRequestSeen(document.RootElement.NeededGuid("name"), properties.Needed("status"), properties.Text("justification"), CloudFaults.CallOf(response));
    }

    private static ScheduleSeen ReadSchedule(JsonElement schedule)
    {
        var properties = PropertiesOf(schedule);
        return new ScheduleSeen(
            schedule.NeededGuid("name"),
            properties.Needed("scope"),
            properties.NeededGuid("principalId"),
            LastGuid(properties, "roleDefinitionId") ?? throw CloudFaults.Unreadable("A schedule without its role."),
            LastGuid(properties, "roleAssignmentScheduleRequestId"),
            Instant(properties, "startDateTime") ?? Instant(properties, "createdOn"),
            Instant(properties, "endDateTime"));
    }

    private static JsonElement PropertiesOf(JsonElement element) => element.Member("properties") ?? throw CloudFaults.Unreadable("An answer without properties.");

    // Ids come with and without the scope in front: only the GUID at the end says which it is.
    private static Guid? LastGuid(JsonElement properties, string name) =>
        properties.Text(name) is { } id && Guid.TryParse(id[(id.LastIndexOf('/') + 1)..], out var guid) ? guid : null;

    private static DateTimeOffset? Instant(JsonElement properties, string name) =>
        properties.Text(name) is not { } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at
        : throw CloudFaults.Unreadable($"{name} in the answer is no instant.");
}

/// <summary>The properties of a request as they are sent. The start is left out: at once.</summary>
internal sealed record ScheduleRequestContent(Guid PrincipalId, string RoleDefinitionId, string RequestType, string Justification, string? TargetRoleAssignmentScheduleId, ScheduleInfo? ScheduleInfo);

/// <summary>When a schedule ends.</summary>
internal sealed record ScheduleInfo(ScheduleExpiration Expiration)
{
    internal static ScheduleInfo Until(DateTimeOffset end) => new(new ScheduleExpiration("AfterDateTime", end.UtcDateTime));
}

/// <summary>An end as it is sent.</summary>
internal sealed record ScheduleExpiration(string Type, DateTime EndDateTime);

/// <summary>A request as Azure shows it.</summary>
internal sealed record ScheduleRequestSeen(Guid Name, string Status, string? Justification, ProviderCall ProviderCall);

/// <summary>A request as Azure lists it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Scope">Where it is to hold.</param>
/// <param name="PrincipalId">For whom.</param>
/// <param name="RoleDefinitionId">The role definition's GUID.</param>
/// <param name="Status">How far it has come.</param>
/// <param name="Justification">Why, in the requestor's words.</param>
internal sealed record ScheduleRequestListed(Guid Name, string Scope, Guid PrincipalId, Guid RoleDefinitionId, string Status, string? Justification);

/// <summary>A schedule as Azure shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Scope">Where it holds.</param>
/// <param name="PrincipalId">For whom.</param>
/// <param name="RoleDefinitionId">The role definition's GUID.</param>
/// <param name="RequestName">The request that made it; null for a role assignment that none made.</param>
/// <param name="StartsAt">From when; null when Azure does not say.</param>
/// <param name="EndsAt">Until when; null for good.</param>
internal sealed record ScheduleSeen(Guid Name, string Scope, Guid PrincipalId, Guid RoleDefinitionId, Guid? RequestName, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt);
