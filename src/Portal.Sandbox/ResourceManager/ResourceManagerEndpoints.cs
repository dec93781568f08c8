using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Sandbox.Control;
using Portal.Sandbox.Entra;

namespace Portal.Sandbox.ResourceManager;

/// <summary>Azure Resource Manager on <c>management.azure.com</c>.</summary>
internal static partial class ResourceManagerEndpoints
{
    private const string HostName = "management.azure.com";

    public static void AddResourceManager(this IServiceCollection services, SandboxControl control) => services.AddSingleton(control.Resources);

    public static void MapResourceManager(this WebApplication app)
    {
        var control = app.Services.GetRequiredService<SandboxControl>();
        var tokens = app.Services.GetRequiredService<AccessTokenReader>();
        var addresses = app.Services.GetRequiredService<SandboxAddresses>();
        app.MapWhen(c => c.Request.IsHttps && c.Request.Host.Host.Equals(HostName, StringComparison.OrdinalIgnoreCase),
            branch => branch.Run(context => AnswerAsync(context, control, tokens, addresses)));
    }

    private static async Task AnswerAsync(HttpContext context, SandboxControl control, AccessTokenReader tokens, SandboxAddresses addresses)
    {
        WriteHeaders(context, control);
        try
        {
            var caller = await tokens.ReadAsync(context, Audiences.ResourceManager);
            if (caller is null)
            {
                await ArmChallenge.WriteAsync(context, addresses);
                return;
            }

            Throttle(context, control, caller);
            await RouteAsync(new ArmCall(context, caller, control.Directory.PrincipalsOf(caller.ObjectId), control));
        }
        catch (ArmException refusal)
        {
            await ArmCall.WriteAsync(context.Response, refusal.Status, ArmCall.ErrorBody(refusal.Code, refusal.Message));
        }
    }

    private static void WriteHeaders(HttpContext context, SandboxControl control)
    {
        var headers = context.Response.Headers;
        var id = Guid.NewGuid().ToString();
        var correlation = context.Request.Headers["x-ms-correlation-request-id"].ToString();
        var now = control.Clock.GetUtcNow();
        headers.Date = now.ToString("R", CultureInfo.InvariantCulture);
        headers["x-ms-request-id"] = id;
        headers["x-ms-correlation-request-id"] = Guid.TryParse(correlation, out _) ? correlation : id;
        headers["x-ms-routing-request-id"] = string.Create(CultureInfo.InvariantCulture, $"WESTEUROPE:{now:yyyyMMddTHHmmssZ}:{id}");
        headers.CacheControl = "no-cache";
        headers.Pragma = "no-cache";
        headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
        headers.XContentTypeOptions = "nosniff";
        if (context.Request.Headers["x-ms-return-client-request-id"] == "true" && Guid.TryParse(context.Request.Headers["x-ms-client-request-id"], out var asked)) headers["x-ms-client-request-id"] = asked.ToString();
    }

    private static void Throttle(HttpContext context, SandboxControl control, CallerToken caller)
    {
        var verb = context.Request.Method switch
        {
            "GET" or "HEAD" => VerbClass.Reads,
            "DELETE" => VerbClass.Deletes,
            _ => VerbClass.Writes,
        };
        var match = Subscription().Match(context.Request.Path.Value!);
        Guid? subscription = match.Success && Guid.TryParse(match.Groups[1].Value, out var id) ? id : null;
        var answer = control.Throttle.TakeResourceManager(subscription, caller.ObjectId, verb);
        var remaining = $"x-ms-ratelimit-remaining-{(subscription is null ? "tenant" : "subscription")}-{verb.ToString().ToLowerInvariant()}";
        context.Response.Headers[remaining] = answer.Remaining.ToString(CultureInfo.InvariantCulture);
        if (answer.RetryAfter == 0) return;
        context.Response.Headers.RetryAfter = answer.RetryAfter.ToString(CultureInfo.InvariantCulture);
        throw new ArmException(StatusCodes.Status429TooManyRequests, "SubscriptionRequestsThrottled",
            $"Number of '{verb.ToString().ToLowerInvariant()}' requests for subscription '{subscription?.ToString() ?? "tenant"}' and actor '{caller.ObjectId}' exceeded. "
            + $"Please try again after '{answer.RetryAfter}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.");
    }

    private static Task RouteAsync(ArmCall call)
    {
        var path = "/" + string.Join('/', call.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries));
        if (Authorization().Match(path) is { Success: true } authorization)
            return AuthorizationAsync(call, authorization.Groups[1].Value, authorization.Groups[2].Value, authorization.Groups[3] is { Success: true } name ? name.Value : null);
        if (Cancellation().Match(path) is { Success: true } cancellation)
            return CancellationAsync(call, cancellation.Groups[1].Value, cancellation.Groups[2].Value);
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (!call.IsGet && !IsMoreThanRead(call, parts)) throw ArmException.MethodNotAllowed(call.Request.Method);

        if (parts is [var tenants] && Is(tenants, "tenants")) return Resources("tenants", InventoryCalls.TenantsAsync);
        if (parts is not [var first, ..] || !Is(first, "subscriptions")) throw NoSuchAddress();
        if (parts.Length == 1) return Resources("subscriptions", InventoryCalls.SubscriptionsAsync);
        if (!Guid.TryParseExact(parts[1], "D", out var id)) throw new ArmException(400, "InvalidSubscriptionId", $"The provided subscription identifier '{parts[1]}' is malformed or invalid.");

        var subscription = ArmScope.OfSubscription(id);
        return parts[2..] switch
        {
            [] => Resources("subscriptions", c => InventoryCalls.SubscriptionAsync(c, subscription)),
            [var r] when Is(r, "resources") => Resources("resources", c => InventoryCalls.ResourcesAsync(c, subscription)),
            [var g] when Is(g, "resourceGroups") => Resources("resourceGroups", c => InventoryCalls.ResourceGroupsAsync(c, subscription, null)),
            [var g, var name] when Is(g, "resourceGroups") => Resources("resourceGroups", c => InventoryCalls.ResourceGroupsAsync(c, subscription, name)),
            [var g, var name, var r] when Is(g, "resourceGroups") && Is(r, "resources") =>
                Resources("resources", c => InventoryCalls.ResourcesAsync(c, ArmScope.OfResourceGroup(id, name))),
            [var p] when Is(p, "providers") => Resources("providers", c => InventoryCalls.ProvidersAsync(c, subscription)),
            [var p, var ns] when Is(p, "providers") => Resources("providers", c => InventoryCalls.ProviderAsync(c, subscription, ns)),
            [var p, var ns, var verb] when Is(p, "providers") && Is(verb, "register") => Resources("providers", c => InventoryCalls.RegisterAsync(c, subscription, ns)),
            [var p, var ns, var v] when IsVaults(p, ns, v) => Vaults(c => InventoryCalls.VaultsAsync(c, subscription)),
            [var g, var name, var p, var ns, var v] when Is(g, "resourceGroups") && IsVaults(p, ns, v) =>
                Vaults(c => InventoryCalls.VaultsAsync(c, ArmScope.OfResourceGroup(id, name))),
            [var g, _, var p, var ns, var v, _] when Is(g, "resourceGroups") && IsVaults(p, ns, v) => Vaults(c => InventoryCalls.VaultAsync(c, ArmScope.Parse(path))),
            _ => throw NoSuchAddress(),
        };

        Task Resources(string type, Func<ArmCall, Task> answer)
        {
            ApiVersions.Demand(call, "Microsoft.Resources", type);
            return answer(call);
        }

        Task Vaults(Func<ArmCall, Task> answer)
        {
            ApiVersions.Demand(call, "Microsoft.KeyVault", "vaults");
            return answer(call);
        }

        ArmException NoSuchAddress() => new(404, "InvalidResourceType", $"The resource type could not be found at '{path}' for api version '{call.ApiVersion}'.");
    }

    // The two that know another method than GET: whether a resource group exists, and the registration of a provider.
    private static bool IsMoreThanRead(ArmCall call, string[] parts) => parts switch
    {
        [var s, _, var g, _] => call.IsHead && Is(s, "subscriptions") && Is(g, "resourceGroups"),
        [var s, _, var p, _, var verb] => Is(s, "subscriptions") && Is(p, "providers") && Is(verb, "register"),
        _ => false,
    };

    private static ArmScope ScopeOf(string text) => ArmScope.TryParse(text, out var scope) ? scope.Value : throw new ArmException(400, "InvalidScope", $"The scope '{text}' is not valid.");

    private static Task CancellationAsync(ArmCall call, string scopeText, string name)
    {
        ApiVersions.Demand(call, "Microsoft.Authorization", "roleAssignmentScheduleRequests");
        return ScheduleRequestCalls.CancelAsync(call, ScopeOf(scopeText), name);
    }

    private static Task AuthorizationAsync(ArmCall call, string scopeText, string type, string? name)
    {
        var scope = ScopeOf(scopeText);
        switch (type.ToUpperInvariant())
        {
            case "ROLEASSIGNMENTS":
                ApiVersions.Demand(call, "Microsoft.Authorization", "roleAssignments");
                return RoleAssignmentCalls.AnswerAsync(call, scope, name);
            case "ROLEASSIGNMENTSUSAGEMETRICS":
                ApiVersions.Demand(call, "Microsoft.Authorization", "roleAssignmentsUsageMetrics");
                return RoleAssignmentCalls.UsageAsync(call, scope);
            case "ROLEDEFINITIONS":
                ApiVersions.Demand(call, "Microsoft.Authorization", "roleDefinitions");
                return RoleDefinitionCalls.AnswerAsync(call, scope, name);
            case "ROLEASSIGNMENTSCHEDULEREQUESTS":
                ApiVersions.Demand(call, "Microsoft.Authorization", "roleAssignmentScheduleRequests");
                return ScheduleRequestCalls.AnswerAsync(call, scope, name);
            case "ROLEASSIGNMENTSCHEDULES":
                ApiVersions.Demand(call, "Microsoft.Authorization", "roleAssignmentSchedules");
                return ScheduleCalls.AnswerAsync(call, scope, name, instances: false);
            case "ROLEASSIGNMENTSCHEDULEINSTANCES":
                ApiVersions.Demand(call, "Microsoft.Authorization", "roleAssignmentScheduleInstances");
                return ScheduleCalls.AnswerAsync(call, scope, name, instances: true);
            default:
                ApiVersions.Demand(call, "Microsoft.Authorization", "locks");
                return LockCalls.AnswerAsync(call, scope, name);
        }
    }

    private static bool IsVaults(string providers, string provider, string type) => Is(providers, "providers") && Is(provider, "Microsoft.KeyVault") && Is(type, "vaults");

    private static bool Is(string segment, string expected) => segment.Equals(expected, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^/+subscriptions/([0-9a-f-]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Subscription();

    // Greedy: the last such part counts, so that a scope may itself be one of the provider's objects.
    [GeneratedRegex(@"^(.*)/providers/Microsoft\.Authorization/(roleAssignments|roleAssignmentsUsageMetrics|roleDefinitions|locks|roleAssignmentScheduleRequests|roleAssignmentSchedules|roleAssignmentScheduleInstances)(?:/([^/]+))?$", RegexOptions.IgnoreCase)]
    private static partial Regex Authorization();

    [GeneratedRegex(@"^(.*)/providers/Microsoft\.Authorization/roleAssignmentScheduleRequests/([^/]+)/cancel$", RegexOptions.IgnoreCase)]
    private static partial Regex Cancellation();
}
