using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Sandbox.Company;
using Portal.Sandbox.Entra;

namespace Portal.Sandbox.Storage;

/// <summary>Blob Storage on <c>{account}.blob.core.windows.net</c>, for callers with a token: no account keys, no signatures.</summary>
internal static class BlobEndpoints
{
    private const string Suffix = ".blob.core.windows.net";

    // The first version that takes tokens.
    private const string OldestVersion = "2017-11-09";

    public static void MapBlobs(this WebApplication app)
    {
        var control = app.Services.GetRequiredService<SandboxControl>();
        var tokens = app.Services.GetRequiredService<AccessTokenReader>();
        app.MapWhen(c => c.Request.IsHttps && c.Request.Host.Host.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase),
            branch => branch.Run(context => AnswerAsync(context, control, tokens)));
    }

    private static async Task AnswerAsync(HttpContext context, SandboxControl control, AccessTokenReader tokens)
    {
        var account = context.Request.Host.Host[..^Suffix.Length];
        if (!control.Blobs.HasAccount(account))
        {
            // The name of an account that is not there does not resolve: nothing answers. The status is for the log of calls alone.
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Abort();
            return;
        }

        var headers = context.Response.Headers;
        headers.Date = control.Clock.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        headers["x-ms-request-id"] = Guid.NewGuid().ToString();
        var version = context.Request.Headers["x-ms-version"].ToString();
        try
        {
            if (context.Request.Headers["x-ms-client-request-id"].ToString() is { Length: > 0 and <= 100 } id)
                headers["x-ms-client-request-id"] = BlobHeaders.IsPlain(id) ? id : throw BlobException.InvalidHeader("x-ms-client-request-id");
            var caller = await tokens.ReadAsync(context, Audiences.Storage) ?? throw NotAuthenticated(context);
            if (version.Length > 0 && !DateOnly.TryParseExact(version, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)) throw BlobException.InvalidHeader("x-ms-version");
            if (version.Length == 0 || string.CompareOrdinal(version, OldestVersion) < 0) throw BlobException.MissingHeader("x-ms-version");
            headers["x-ms-version"] = version;
            await BlobCalls.AnswerAsync(context, account, control.Directory.PrincipalsOf(caller.ObjectId), control);
        }
        catch (BlobException refusal)
        {
            context.Response.StatusCode = refusal.Status;
            headers["x-ms-error-code"] = refusal.Code;
            if (refusal.BehindSize is { } size)
                headers.ContentRange = $"bytes */{size}";
            // Clients read the body of every error that says it is XML: an answer to HEAD has none, so it must not say so.
            if (HttpMethods.IsHead(context.Request.Method)) return;
            context.Response.ContentType = "application/xml";
            var body = Encoding.UTF8.GetBytes(refusal.Body());
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
        }
    }

    private static BlobException NotAuthenticated(HttpContext context)
    {
        var failure = AccessTokenReader.FailureOf(context);
        context.Response.Headers.WWWAuthenticate = $"Bearer authorization_uri=https://login.microsoftonline.com/{FenwickCompany.TenantId}/oauth2/authorize resource_id=https://storage.azure.com";
        return failure == TokenFailure.Missing
            ? new BlobException(401, "NoAuthenticationInformation", "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.")
            : new BlobException(401, "InvalidAuthenticationInfo", $"Server failed to authenticate the request. Please refer to the information in the www-authenticate header. {failure} validation failed.");
    }
}
