using System.Globalization;
using OpenIddict.Abstractions;
using Portal.Sandbox.Company;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Portal.Sandbox.Entra;

/// <summary>A refusal as Entra ID words it: the OAuth error and an AADSTS code (learn.microsoft.com/entra/identity-platform/reference-error-codes).</summary>
/// <param name="Error">The OAuth 2.0 error.</param>
/// <param name="Code">The AADSTS number.</param>
/// <param name="Text">What follows the number.</param>
internal sealed record EntraError(string Error, int Code, string Text)
{
    public string Description => string.Create(CultureInfo.InvariantCulture, $"AADSTS{Code}: {Text}");

    public static EntraError UnknownClient(string? clientId) => new(Errors.UnauthorizedClient, 700016,
        $"Application with identifier '{clientId}' was not found in the directory 'Fenwick Trading'.");

    public static EntraError SecretMissing() => new(Errors.InvalidClient, 7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.");

    public static EntraError SecretWrong(Guid clientId) => new(Errors.InvalidClient, 7000215,
        $"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{clientId}'.");

    public static EntraError RedirectMismatch(string? uri, Guid clientId) => new(Errors.InvalidRequest, 50011,
        $"The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the application '{clientId}'.");

    public static EntraError AccountDisabled() => new(Errors.InvalidGrant, 50057, "The user account is disabled.");

    public static EntraError AccountUnknown() => new(Errors.InvalidGrant, 50034, "The user account does not exist in the directory 'Fenwick Trading'.");

    public static EntraError CodeRedeemed() => new(Errors.InvalidGrant, 54005,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.");

    public static EntraError InvalidScope(string scope) => new(Errors.InvalidScope, 70011,
        $"The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.");

    public static EntraError SeveralResources(string scope) => new(Errors.InvalidRequest, 28000,
        $"Provided value for the input parameter scope is not valid because it contains more than one resource. Scope {scope} is not valid.");

    public static EntraError DefaultWithOthers(string scope) => new(Errors.InvalidScope, 70011,
        $"The provided value for the input parameter 'scope' is not valid. .default scope can't be combined with resource-specific scopes. The scope {scope} is not valid.");

    public static EntraError DefaultNeeded(string scope) => new(Errors.InvalidScope, 1002012,
        $"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).");

    public static EntraError UnknownResource(string resource) => new("invalid_resource", 500011,
        $"The resource principal named {resource} was not found in the tenant named Fenwick Trading.");

    public static EntraError ConsentMissing(DirectoryServicePrincipal client) => new(Errors.InvalidGrant, 65001,
        $"The user or administrator has not consented to use the application with ID '{client.AppId}' named '{client.DisplayName}'. Send an interactive authorization request for this user and resource.");

    public static EntraError UnknownTenant(string tenant) => new(Errors.InvalidRequest, 90002,
        $"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.");

    public static EntraError FlowNotOffered(string? endpoint) => new(Errors.UnsupportedGrantType, 70003,
        $"The app requested an unsupported grant type. The sandbox does not offer the flow of 'oauth2/v2.0/{endpoint}'.");

    public static EntraError InteractionNeeded() => new(Errors.LoginRequired, 50058,
        "A silent sign-in request was sent but no user is signed in.");

    public static EntraError Cancelled() => new(Errors.AccessDenied, 65004, "User declined to consent to access the app.");

    public static EntraError StepUpNeeded() => new("interaction_required", 50076,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.");

    /// <summary>A refusal of the OAuth layer itself, under the nearest number.</summary>
    public static EntraError From(string? error, string? text) => new(error ?? Errors.InvalidRequest, error switch
    {
        Errors.InvalidGrant => 70000,
        Errors.UnsupportedGrantType => 70003,
        Errors.UnsupportedResponseType => 700051,
        Errors.InvalidScope => 70011,
        Errors.InvalidClient => 7000216,
        _ => 900144,
    }, text ?? "The request is not valid.");

    /// <summary>Completes an error answer with the members that Entra adds: <c>error_codes</c>, <c>timestamp</c>, <c>trace_id</c>, <c>correlation_id</c>.</summary>
    public static void Complete(OpenIddictResponse response, string? correlationId)
    {
        var description = response.ErrorDescription;
        if (description is null || !description.StartsWith("AADSTS", StringComparison.Ordinal))
            response.ErrorDescription = description = From(response.Error, description).Description;
        var code = int.Parse(description.AsSpan(6, description.IndexOf(':', StringComparison.Ordinal) - 6), CultureInfo.InvariantCulture);
        var now = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var trace = Guid.NewGuid().ToString();
        var correlation = Guid.TryParse(correlationId, out var given) ? given.ToString() : Guid.NewGuid().ToString();
        response.ErrorDescription = $"{description} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}";
        response.ErrorUri = string.Create(CultureInfo.InvariantCulture, $"https://login.microsoftonline.com/error?code={code}");
        response["error_codes"] = System.Text.Json.JsonSerializer.SerializeToElement(new[] { code });
        response["timestamp"] = now;
        response["trace_id"] = trace;
        response["correlation_id"] = correlation;
        if (code == 65001) response["suberror"] = "consent_required";
    }
}
