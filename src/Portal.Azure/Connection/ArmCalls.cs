using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.ResourceManager;

namespace Portal.Azure.Connection;

/// <summary>Calls on ArmClient's own pipeline (token, telemetry, transport), for resource types whose package is not referenced.</summary>
internal abstract class ArmCalls(ArmClient client, ResourceIdentifier id) : ArmResource(client, id)
{
    /// <summary>A message to a path below this resource.</summary>
    protected HttpMessage Message(RequestMethod method, string suffix, string apiVersion, string? filter = null)
    {
        var message = Message(method);
        message.Request.Uri.Reset(Endpoint);
        foreach (var segment in (Id + suffix).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            message.Request.Uri.AppendPath("/", false);
            message.Request.Uri.AppendPath(segment, true);
        }
        message.Request.Uri.AppendQuery("api-version", apiVersion, false);
        if (filter is not null)
            message.Request.Uri.AppendQuery("$filter", filter, true);
        return message;
    }

    /// <summary>Sends, and gives the answer if it is a success.</summary>
    protected async Task<Response> SendAsync(HttpMessage message, CancellationToken ct)
    {
        await Pipeline.SendAsync(message, ct);
        // Only a 401, or a read's 404, comes here: everything else that is no success has been turned into an exception on its way.
        return message.Response.IsError ? throw CloudFaults.Of(message.Response) : message.Response;
    }

    /// <summary>Sends a read, and gives the answer; null where Azure itself says that there is nothing. A 404 that somebody in between made up does not come here.</summary>
    protected async Task<Response?> FindAsync(HttpMessage message, CancellationToken ct)
    {
        await Pipeline.SendAsync(message, ct);
        return message.Response switch
        {
            { IsError: false } found => found,
            { Status: 404 } => null,
            var refused => throw CloudFaults.Of(refused),
        };
    }

    /// <summary>All items of a list, read page by page.</summary>
    /// <param name="first">Makes the message for the first page.</param>
    /// <param name="read">Reads one item.</param>
    /// <param name="ct">Cancels.</param>
    protected async IAsyncEnumerable<T> ListAsync<T>(Func<HttpMessage> first, Func<JsonElement, T> read, [EnumeratorCancellation] CancellationToken ct)
    {
        var trail = new PageTrail(Endpoint);
        Uri? next = null;
        do
        {
            var link = next;
            var (items, nextLink) = await CloudFaults.GuardAsync(async () =>
            {
                using var message = link is null ? first() : Message(RequestMethod.Get);
                if (link is not null)
                    message.Request.Uri.Reset(link);
                var response = await SendAsync(message, ct);
                using var page = JsonDocument.Parse(response.Content);
                if (page.RootElement.Member("value") is not { ValueKind: JsonValueKind.Array } value)
                    throw CloudFaults.Unreadable("A list without its items.");
                return ((List<T>)[.. value.EnumerateArray().Select(read)], page.RootElement.Text("nextLink"));
            }, ct);
            next = trail.Next(nextLink);
            foreach (var item in items)
                yield return item;
        }
        while (next is not null);
    }

    private HttpMessage Message(RequestMethod method)
    {
        var message = Pipeline.CreateMessage();
        message.Request.Method = method;
        message.Request.Headers.Add("Accept", "application/json");
        return message;
    }
}

/// <summary>Reads members that may be missing or of another kind than they should.</summary>
internal static class JsonReading
{
    internal static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    internal static string? Text(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>A text that has to be there.</summary>
    internal static string Needed(this JsonElement element, string name) =>
        element.Text(name) ?? throw CloudFaults.Unreadable($"The answer lacks {name}.");

    /// <summary>A GUID that has to be there.</summary>
    internal static Guid NeededGuid(this JsonElement element, string name) =>
        Guid.TryParse(element.Needed(name), out var id) ? id : throw CloudFaults.Unreadable($"{name} in the answer is no GUID.");
}
