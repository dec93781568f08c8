using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Portal.Sandbox.Entra;
using Portal.Sandbox.Hosting;

namespace Portal.Sandbox.ResourceManager;

/// <summary>One call to Resource Manager: who calls, and how it is answered.</summary>
internal sealed class ArmCall(HttpContext context, CallerToken caller, IReadOnlySet<Guid> principals, SandboxControl control)
{
    public HttpRequest Request => context.Request;

    public CallerToken Caller => caller;

    public IReadOnlySet<Guid> Principals => principals;

    public ResourceState State => control.Resources;

    public SandboxControl Control => control;

    public string ApiVersion => Request.Query["api-version"].ToString();

    public string Filter => Request.Query["$filter"].ToString().Trim();

    public bool IsGet => HttpMethods.IsGet(Request.Method);

    public bool IsHead => HttpMethods.IsHead(Request.Method);

    public bool IsPut => HttpMethods.IsPut(Request.Method);

    public bool IsPost => HttpMethods.IsPost(Request.Method);

    public bool IsDelete => HttpMethods.IsDelete(Request.Method);

    /// <summary>Refuses unless the caller's role assignments allow an action on a resource at a scope.</summary>
    /// <exception cref="ArmException">403 AuthorizationFailed.</exception>
    public void Demand(ArmScope scope, string action, ConditionInput? input = null)
    {
        var decision = State.Decide(principals, scope, input ?? ConditionInput.Of(action), isData: false);
        if (decision.Allowed) return;
        var who = $"The client '{caller.Name ?? caller.AppId?.ToString() ?? caller.ObjectId.ToString()}' with object id '{caller.ObjectId}'";
        throw new ArmException(StatusCodes.Status403Forbidden, "AuthorizationFailed", decision.ConditionFailed
            ? $"{who} has an authorization with ABAC condition that is not fulfilled to perform action '{action}' over scope '{scope}' or the scope is invalid. "
                + "If access was recently granted, please refresh your credentials."
            : $"{who} does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. "
                + "If access was recently granted, please refresh your credentials.");
    }

    /// <summary>Refuses when a part of a scope does not exist.</summary>
    /// <exception cref="ArmException">404.</exception>
    public void DemandExistence(ArmScope scope)
    {
        switch (State.MissingPartOf(scope))
        {
            case MissingScope.Subscription: throw ArmException.SubscriptionNotFound(scope.SubscriptionId.ToString()!);
            case MissingScope.ResourceGroup: throw new ArmException(404, "ResourceGroupNotFound", $"Resource group '{scope.ResourceGroup}' could not be found.");
            case MissingScope.Resource: throw ArmException.ResourceNotFound(scope);
            case MissingScope.None: break;
        }
    }

    /// <summary>Refuses when a lock at the scope or above it stands against the call.</summary>
    /// <exception cref="ArmException">409 ScopeLocked.</exception>
    public void DemandUnlocked(ArmScope scope, string id)
    {
        var against = State.LocksOn(scope).Where(l => IsDelete || l.Level == "ReadOnly").Select(l => l.Scope.Value).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        if (against.Count == 0) return;
        throw new ArmException(409, "ScopeLocked",
            $"The scope '{id}' cannot perform {(IsDelete ? "delete" : "write")} operation because following scope(s) are locked: '{string.Join(',', against)}'. Please remove the lock and try again.");
    }

    /// <summary>The body as a JSON object.</summary>
    /// <exception cref="ArmException">400 InvalidRequestContent.</exception>
    public async Task<JsonObject> BodyAsync()
    {
        try
        {
            return await JsonBody.ReadAsync(Request.Body, context.RequestAborted) as JsonObject
                ?? throw new ArmException(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized: 'an object was expected.'.");
        }
        catch (JsonException e)
        {
            throw new ArmException(400, "InvalidRequestContent", $"The request content was invalid and could not be deserialized: '{e.Message}'.");
        }
    }

    public Task AnswerAsync(int status, JsonNode body) => WriteAsync(context.Response, status, body);

    public Task NothingAsync(int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    /// <summary>Answers one page of a list; the rest is behind <c>nextLink</c>, which starts after a position and so neither repeats nor skips.</summary>
    /// <param name="items">All of it, each with its position.</param>
    /// <param name="shape">How one is written.</param>
    /// <param name="most">The largest page that the caller wants, from <see cref="Top"/>; null for the sandbox's own size.</param>
    public Task PageAsync<T>(IEnumerable<(long Position, T Item)> items, Func<T, JsonNode> shape, int? most = null)
    {
        var size = Math.Min(most ?? State.PageSize, State.PageSize);
        var token = Request.Query["$skipToken"].FirstOrDefault() ?? Request.Query["$skiptoken"].FirstOrDefault();
        long after = 0;
        if (!string.IsNullOrEmpty(token) && !long.TryParse(token, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out after))
            throw new ArmException(400, "InvalidSkipToken", $"The skip token '{token}' is not valid.");

        var page = items.Where(i => i.Position > after).Take(size + 1).ToList();
        var body = new JsonObject { ["value"] = new JsonArray([.. page.Take(size).Select(i => shape(i.Item))]) };
        if (page.Count > size)
        {
            var query = Request.Query.Where(q => !q.Key.Equals("$skiptoken", StringComparison.OrdinalIgnoreCase))
                .Select(q => $"{Uri.EscapeDataString(q.Key).Replace("%24", "$", StringComparison.Ordinal)}={Uri.EscapeDataString(q.Value.ToString())}");
            var last = page[size - 1].Position;
            body["nextLink"] = $"https://{Request.Host}{Request.Path.ToUriComponent()}?{string.Join('&', query)}&$skipToken={last:x}";
        }

        return AnswerAsync(200, body);
    }

    /// <summary>Answers one page of a list whose order does not change while it is read.</summary>
    public Task PageAsync<T>(IEnumerable<T> items, Func<T, JsonNode> shape, int? most = null) => PageAsync(items.Select((item, at) => ((long)at + 1, item)), shape, most);

    /// <summary>The largest page that the caller wants (<c>$top</c>); null when it does not say.</summary>
    /// <exception cref="ArmException">400 InvalidTopParameter: no number from 1.</exception>
    public int? Top => Request.Query["$top"].FirstOrDefault() is not { } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var top) && top > 0 ? top
        : throw new ArmException(400, "InvalidTopParameter", $"The value '{text}' of the query parameter '$top' is not valid. It must be a whole number from 1.");

    public static Task WriteAsync(HttpResponse response, int status, JsonNode body)
    {
        response.StatusCode = status;
        // An answer to HEAD has no body, whatever came of it.
        if (HttpMethods.IsHead(response.HttpContext.Request.Method)) return Task.CompletedTask;
        response.ContentType = "application/json; charset=utf-8";
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body);
        response.ContentLength = bytes.Length;
        return response.Body.WriteAsync(bytes).AsTask();
    }

    public static JsonObject ErrorBody(string code, string message) => new() { ["error"] = new JsonObject { ["code"] = code, ["message"] = message } };
}

/// <summary>A refusal as Resource Manager words it.</summary>
internal sealed class ArmException(int status, string code, string message) : Exception(message)
{
    public int Status => status;

    public string Code => code;

    public static ArmException SubscriptionNotFound(string id) => new(404, "SubscriptionNotFound", $"The subscription '{id}' could not be found.");

    public static ArmException ResourceNotFound(ArmScope scope)
    {
        var parts = scope.Value.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var kind = parts.Length >= 8 ? $"{parts[5]}/{parts[6]}/{parts[7]}" : scope.Value;
        return new(404, "ResourceNotFound",
            $"The Resource '{kind}' under resource group '{scope.ResourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix");
    }

    public static ArmException MethodNotAllowed(string method) => new(405, "HttpMethodNotSupported", $"The HTTP method '{method}' is not supported at this address.");
}
