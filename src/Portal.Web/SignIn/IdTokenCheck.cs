using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Portal.Web.SignIn;

/// <summary>What the OpenID Connect handler leaves unchecked in an id token that comes from the token endpoint.</summary>
/// <remarks>OpenID Connect Core 3.1.3.7 lets TLS stand for the signature there, and PKCE for the nonce. Entra ID always sends all of them, so nothing less is taken.</remarks>
internal static class IdTokenCheck
{
    /// <summary>Why the token is not taken; null when it is.</summary>
    public static string? Fault(TokenValidatedContext context)
    {
        var token = context.SecurityToken;
        if (token.SignatureAlgorithm != SecurityAlgorithms.RsaSha256 || string.IsNullOrEmpty(token.RawSignature))
            return "The id token is not signed with RS256.";
        // The handler gives the nonce only when a cookie of this browser holds it.
        if (string.IsNullOrEmpty(context.Nonce) || context.Nonce != token.Payload.Nonce)
            return "The id token is not for this sign-in.";
        var tenant = context.HttpContext.RequestServices.GetRequiredService<IConfiguration>()["AzureAd:TenantId"];
        return string.Equals(token.Payload.Claims.FirstOrDefault(claim => claim.Type == "tid")?.Value, tenant, StringComparison.OrdinalIgnoreCase) ? null : "The id token is of another tenant.";
    }
}
