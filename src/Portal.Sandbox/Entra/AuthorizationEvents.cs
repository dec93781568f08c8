using Microsoft.AspNetCore;
using OpenIddict.Server;
using Portal.Sandbox.Company;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Portal.Sandbox.Entra;

/// <summary>The checks before and after the sign-in page, and at sign-out.</summary>
internal sealed class AuthorizationEvents(ClientRegistrations registrations, DirectoryState directory) :
    IOpenIddictServerHandler<ValidateAuthorizationRequestContext>, IOpenIddictServerHandler<ApplyAuthorizationResponseContext>,
    IOpenIddictServerHandler<ExtractEndSessionRequestContext>, IOpenIddictServerHandler<ValidateEndSessionRequestContext>
{
    public ValueTask HandleAsync(ValidateAuthorizationRequestContext context)
    {
        var error = registrations.Find(context.ClientId) switch
        {
            null => EntraError.UnknownClient(context.ClientId),
            var client when !registrations.AllowsRedirect(client.AppId, context.RedirectUri) => EntraError.RedirectMismatch(context.RedirectUri, client.AppId),
            var client => Consent(client, context.Request?.Scope),
        };
        if (error is not null) context.Reject(error.Error, error.Description);
        return ValueTask.CompletedTask;
    }

    public async ValueTask HandleAsync(ApplyAuthorizationResponseContext context)
    {
        if (context.Response.Error is null) return;
        EntraError.Complete(context.Response, (string?)context.Request?["client-request-id"]);
        // Without an address that is registered the browser stays here: an error is no way to send it anywhere else.
        if (context.RedirectUri is not null || context.Transaction.GetHttpRequest()?.HttpContext is not { } http) return;
        await SignInPages.Refused(context.Response.ErrorDescription!).ExecuteAsync(http);
        context.HandleRequest();
    }

    public ValueTask HandleAsync(ExtractEndSessionRequestContext context)
    {
        // Nobody stays signed in here, so there is nobody whom the hint could tell from others.
        if (context.Request is { } request) request.IdTokenHint = null;
        return ValueTask.CompletedTask;
    }

    public ValueTask HandleAsync(ValidateEndSessionRequestContext context)
    {
        if (context.PostLogoutRedirectUri is not { Length: > 0 } uri) return ValueTask.CompletedTask;
        var allowed = context.ClientId is { } id
            ? registrations.Find(id) is { } client && registrations.AllowsPostLogout(client.AppId, uri)
            : registrations.AllowsPostLogout(FenwickCompany.PortalClientId, uri) || registrations.AllowsPostLogout(FenwickCompany.ExplorerClientId, uri);
        if (!allowed) context.Reject("invalid_request", EntraError.RedirectMismatch(uri, FenwickCompany.PortalClientId).Description);
        return ValueTask.CompletedTask;
    }

    private EntraError? Consent(DirectoryServicePrincipal client, string? scope)
    {
        var (resources, error) = RequestedScopes.ParseAll(scope, directory);
        return error ?? resources.Select(r => r.Delegated(client).Error).FirstOrDefault(e => e is not null);
    }
}
