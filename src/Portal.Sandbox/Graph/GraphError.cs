using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Portal.Sandbox.Graph;

/// <summary>A refusal as Graph sends it: an OData error with a code, a message and the call's ids.</summary>
internal sealed record GraphError(int Status, string Code, string Message) : IResult
{
    public static GraphError Unauthenticated(string message) => new(StatusCodes.Status401Unauthorized, "InvalidAuthenticationToken", message);

    public static GraphError Forbidden() => new(StatusCodes.Status403Forbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");

    public static GraphError NotFound(string id) => new(StatusCodes.Status404NotFound, "Request_ResourceNotFound",
        $"Resource '{id}' does not exist or one of its queried reference-property objects are not present.");

    public static GraphError BadRequest(string message) => new(StatusCodes.Status400BadRequest, "Request_BadRequest", message);

    public static GraphError UnsupportedQuery(string message) => new(StatusCodes.Status400BadRequest, "Request_UnsupportedQuery", message);

    public Task ExecuteAsync(HttpContext context)
    {
        if (Status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"";
        var ids = GraphIds.Of(context);
        var body = new
        {
            error = new
            {
                code = Code,
                message = Message,
                innerError = new Dictionary<string, string>
                {
                    ["date"] = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture),
                    ["request-id"] = ids.Request,
                    ["client-request-id"] = ids.Client,
                },
            },
        };
        return Results.Json(body, statusCode: Status).ExecuteAsync(context);
    }
}

/// <summary>The ids that Graph gives every call, in the headers and in errors.</summary>
internal sealed record GraphIds(string Request, string Client)
{
    private static readonly object Key = new();

    public static GraphIds Of(HttpContext context)
    {
        if (context.Items[Key] is GraphIds known) return known;
        var request = Guid.NewGuid().ToString();
        var ids = new GraphIds(request, Guid.TryParse(context.Request.Headers["client-request-id"], out var client) ? client.ToString() : request);
        context.Items[Key] = ids;
        context.Response.Headers["request-id"] = ids.Request;
        context.Response.Headers["client-request-id"] = ids.Client;
        return ids;
    }
}
