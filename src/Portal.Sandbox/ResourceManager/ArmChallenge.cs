using System.Globalization;
using Microsoft.AspNetCore.Http;
using Portal.Sandbox.Entra;

namespace Portal.Sandbox.ResourceManager;

/// <summary>Resource Manager's 401.</summary>
internal static class ArmChallenge
{
    public static Task WriteAsync(HttpContext context, SandboxAddresses addresses)
    {
        var (code, message) = AccessTokenReader.FailureOf(context) switch
        {
            TokenFailure.Missing => ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."),
            TokenFailure.Audience => ("InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource. It should exactly match with one of the allowed audiences "
                + string.Join(',', Audiences.ResourceManager.Where(a => a.StartsWith("https", StringComparison.Ordinal)).Select(a => $"'{a}'")) + "."),
            TokenFailure.Issuer => ("InvalidAuthenticationTokenTenant", string.Create(CultureInfo.InvariantCulture,
                $"The access token is from the wrong issuer. It must match the tenant '{addresses.Authority}' associated with this subscription. Please use the authority (URL) '{Authority(addresses)}' to get the token.")),
            TokenFailure.Lifetime => ("ExpiredAuthenticationToken", "The access token is expired or not yet valid."),
            TokenFailure.Invalid or TokenFailure.None => ("InvalidAuthenticationToken", "The access token is invalid."),
        };
        context.Response.Headers.WWWAuthenticate = $"Bearer authorization_uri=\"{Authority(addresses)}\", error=\"invalid_token\", error_description=\"{message.Replace('"', '\'')}\"";
        return ArmCall.WriteAsync(context.Response, StatusCodes.Status401Unauthorized, ArmCall.ErrorBody(code, message));
    }

    private static string Authority(SandboxAddresses addresses) => $"{addresses.Instance}{addresses.TenantId}";
}
