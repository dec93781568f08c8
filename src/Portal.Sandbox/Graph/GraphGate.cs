using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Portal.Sandbox.Entra;

namespace Portal.Sandbox.Graph;

/// <summary>
/// Stands before every Graph call: a valid Graph token, and one of the permissions that the documentation of the call names,
/// delegated (<c>scp</c>) or of the application (<c>roles</c>).
/// </summary>
/// <param name="permissions">Any one of these suffices; none means that a valid token does.</param>
/// <param name="ownPermission">A delegated permission that suffices for the caller's own account; null for none.</param>
internal sealed class GraphGate(string[] permissions, string? ownPermission) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        _ = GraphIds.Of(context);
        var reader = (AccessTokenReader)context.RequestServices.GetService(typeof(AccessTokenReader))!;
        if (await reader.ReadAsync(context, Audiences.Graph) is not { } caller) return Refusal(AccessTokenReader.FailureOf(context));

        var isMe = context.Request.Path.StartsWithSegments("/v1.0/me");
        if (isMe && caller.IsApp) return GraphError.BadRequest("/me request is only valid with delegated authentication flow.");
        var held = caller.IsApp ? caller.Roles : caller.Scopes;
        var own = !caller.IsApp && (isMe || string.Equals(context.GetRouteValue("id") as string, caller.ObjectId.ToString(), StringComparison.OrdinalIgnoreCase));
        var allowed = permissions.Length == 0 || permissions.Any(held.Contains) || (own && ownPermission is not null && held.Contains(ownPermission));
        return allowed ? await next(invocation) : GraphError.Forbidden();
    }

    private static GraphError Refusal(TokenFailure failure) => GraphError.Unauthenticated(failure switch
    {
        TokenFailure.Missing => "Access token is empty.",
        TokenFailure.Audience => "Access token validation failure. Invalid audience.",
        TokenFailure.Issuer => "Access token validation failure. Invalid issuer.",
        TokenFailure.Lifetime => "Lifetime validation failed, the token is expired.",
        TokenFailure.None or TokenFailure.Invalid => "IDX14100: JWT is not well formed, or its signature is not valid.",
        _ => throw new ArgumentOutOfRangeException(nameof(failure)),
    });
}
