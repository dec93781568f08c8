using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Sandbox.Entra;

namespace Portal.Sandbox.KeyVault;

/// <summary>Key Vault's data plane on <c>{vault}.vault.azure.net</c>.</summary>
internal static class KeyVaultEndpoints
{
    private const string Suffix = ".vault.azure.net";
    private const string Resource = "https://vault.azure.net";

    private static readonly string[] Versions = ["2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"];

    public static void AddKeyVault(this IServiceCollection services, SandboxControl control) => services.AddSingleton(control.Vaults);

    public static void MapKeyVault(this WebApplication app)
    {
        var control = app.Services.GetRequiredService<SandboxControl>();
        var tokens = app.Services.GetRequiredService<AccessTokenReader>();
        var addresses = app.Services.GetRequiredService<SandboxAddresses>();
        app.MapWhen(c => c.Request.IsHttps && c.Request.Host.Host.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase),
            branch => branch.Run(context => AnswerAsync(context, control, tokens, addresses)));
    }

    private static async Task AnswerAsync(HttpContext context, SandboxControl control, AccessTokenReader tokens, SandboxAddresses addresses)
    {
        if (control.Resources.FindVault(context.Request.Host.Host[..^Suffix.Length]) is not { } vault)
        {
            // The name of a vault that is not there does not resolve: nothing answers. The status is for the log of calls alone.
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Abort();
            return;
        }

        WriteHeaders(context, control, vault.Location);
        try
        {
            var caller = await tokens.ReadAsync(context, Audiences.KeyVault);
            if (caller is null)
            {
                await ChallengeAsync(context, addresses);
                return;
            }

            Throttle(context, control, vault.Name);
            var version = context.Request.Query["api-version"].ToString();
            if (version.Length == 0) throw KeyVaultException.BadParameter("api-version must be specified");
            if (!Versions.Contains(version, StringComparer.OrdinalIgnoreCase))
                throw KeyVaultException.BadParameter($"The specified version ({version}) is not recognized. Consider using the latest supported version ({Versions[^1]}).");
            await SecretCalls.AnswerAsync(new KeyVaultCall(context, vault, caller, control.Directory.PrincipalsOf(caller.ObjectId), control, addresses));
        }
        catch (KeyVaultException refusal)
        {
            await KeyVaultCall.WriteAsync(context.Response, refusal.Status, refusal.Body());
        }
    }

    private static void WriteHeaders(HttpContext context, SandboxControl control, string region)
    {
        var headers = context.Response.Headers;
        headers.Date = control.Clock.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        headers["x-ms-request-id"] = Guid.NewGuid().ToString();
        if (Guid.TryParse(context.Request.Headers["x-ms-client-request-id"], out var id)) headers["x-ms-client-request-id"] = id.ToString();
        headers["x-ms-keyvault-region"] = region;
        headers["x-ms-keyvault-service-version"] = "sandbox";
        headers.CacheControl = "no-cache";
        headers.Pragma = "no-cache";
        headers.StrictTransportSecurity = "max-age=31536000;includeSubDomains";
        headers.XContentTypeOptions = "nosniff";
    }

    private static Task ChallengeAsync(HttpContext context, SandboxAddresses addresses)
    {
        context.Response.Headers.WWWAuthenticate = $"Bearer authorization=\"{addresses.Instance}{addresses.TenantId}\", resource=\"{Resource}\"";
        var message = AccessTokenReader.FailureOf(context) switch
        {
            TokenFailure.Missing => "AKV10000: Request is missing a Bearer or PoP token.",
            TokenFailure.Audience => $"AKV10022: Invalid audience. Expected {Resource}.",
            TokenFailure.Issuer => $"AKV10032: Invalid issuer. Expected {addresses.Authority}.",
            TokenFailure.Lifetime => "[TokenExpired] Error validating token: the token is expired or not yet valid.",
            TokenFailure.Invalid or TokenFailure.None => "[BearerReadAccessTokenFailed] Error validating token.",
        };
        return KeyVaultCall.WriteAsync(context.Response, StatusCodes.Status401Unauthorized, new KeyVaultException(401, "Unauthorized", message).Body());
    }

    private static void Throttle(HttpContext context, SandboxControl control, string vault)
    {
        var answer = control.Throttle.TakeVault(vault);
        if (answer.RetryAfter == 0) return;
        context.Response.Headers.RetryAfter = answer.RetryAfter.ToString(CultureInfo.InvariantCulture);
        throw new KeyVaultException(StatusCodes.Status429TooManyRequests, "Throttled",
            "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached", "VaultRequestTypeLimitReached");
    }
}
