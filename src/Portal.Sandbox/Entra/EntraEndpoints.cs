using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Entra;

/// <summary>The pages of the sign-in, and what clients ask of Entra besides tokens.</summary>
internal static class EntraEndpoints
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static void MapEntra(this WebApplication app)
    {
        var tenant = FenwickCompany.TenantId;
        var entra = app.MapGroup("").RequireHost(TenantName.Hosts);
        entra.MapMethods($"/{tenant}/oauth2/v2.0/authorize", ["GET", "POST"], Authorize);
        entra.MapMethods($"/{tenant}/oauth2/v2.0/logout", ["GET", "POST"], SignOut);
        entra.MapGet("/common/discovery/instance", InstanceDiscovery);
        entra.MapMethods("/{tenant}/oauth2/v2.0/{**rest}", ["GET", "POST"], (string tenant, string? rest) => Refused(IsOurs(tenant) ? EntraError.FlowNotOffered(rest) : EntraError.UnknownTenant(tenant)));
        entra.MapGet("/{tenant}/v2.0/.well-known/openid-configuration", (string tenant) => Refused(EntraError.UnknownTenant(tenant)));
    }

    private static IResult Authorize(HttpContext http, DirectoryState directory, SandboxAddresses addresses)
    {
        // On the https side the path exists for nobody: whoever comes there by hand is shown the way.
        if (http.GetOpenIddictServerRequest() is not { } request)
            return Results.Redirect($"http://localhost:{addresses.HttpPort}{http.Request.Path}{http.Request.QueryString}");

        var choice = (string?)request[SignInPages.PersonField];
        if (choice is null || !HttpMethods.IsPost(http.Request.Method))
        {
            if (request.HasPromptValue(OpenIddictConstants.PromptValues.None)) return Refuse(EntraError.InteractionNeeded());
            return SignInPages.SignIn(request, directory, addresses);
        }

        if (choice == SignInPages.Nobody) return Refuse(EntraError.Cancelled());
        if (!Guid.TryParse(choice, out var id) || directory.Find(id) is not DirectoryUser user) return SignInPages.Refused(EntraError.AccountUnknown().Description);
        if (!user.AccountEnabled) return SignInPages.Refused(EntraError.AccountDisabled().Description);

        var person = SignedInPerson.New(user.Id, request.Scope ?? "", ClaimsRequest.ContextsIn((string?)request["claims"]));
        return Results.SignIn(person.ToPrincipal(), authenticationScheme: Scheme);
    }

    private static IResult SignOut(HttpContext http, SandboxAddresses addresses)
    {
        if (http.GetOpenIddictServerRequest() is not { } request)
            return Results.Redirect($"http://localhost:{addresses.HttpPort}{http.Request.Path}{http.Request.QueryString}");
        return string.IsNullOrEmpty(request.PostLogoutRedirectUri) ? SignInPages.SignedOut(addresses) : Results.SignOut(authenticationSchemes: [Scheme]);
    }

    private static IResult Refuse(EntraError error) => Results.Forbid(new AuthenticationProperties(new Dictionary<string, string?>
    {
        [OpenIddictServerAspNetCoreConstants.Properties.Error] = error.Error,
        [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = error.Description,
    }), [Scheme]);

    /// <summary>What MSAL asks before it trusts an authority: here every name of the sandbox is one cloud.</summary>
    private static IResult InstanceDiscovery(SandboxAddresses addresses)
    {
        string[] names = [$"localhost:{addresses.HttpsPort}", "login.microsoftonline.com"];
        return Results.Json(new Dictionary<string, object>
        {
            ["tenant_discovery_endpoint"] = $"{addresses.Authority}/.well-known/openid-configuration",
            ["api-version"] = "1.1",
            ["metadata"] = names.Select(n => new { preferred_network = n, preferred_cache = n, aliases = new[] { n } }).ToArray(),
        });
    }

    // Its domain's name has been replaced by its id before.
    private static bool IsOurs(string tenant) => Guid.TryParse(tenant, out var id) && id == FenwickCompany.TenantId;

    private static IResult Refused(EntraError error)
    {
        var response = new OpenIddictResponse();
        (response.Error, response.ErrorDescription) = (error.Error, error.Description);
        EntraError.Complete(response, null);
        return Results.Json(response.GetParameters().ToDictionary(p => p.Key, p => (System.Text.Json.JsonElement)p.Value), statusCode: StatusCodes.Status400BadRequest);
    }
}
