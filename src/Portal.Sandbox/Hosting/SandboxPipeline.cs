using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Sandbox.Company;
using Portal.Sandbox.Control;
using Portal.Sandbox.Entra;

namespace Portal.Sandbox.Hosting;

/// <summary>What stands before every service: the host name, and the log of calls.</summary>
internal static class SandboxPipeline
{
    private static readonly string[] Services = ["localhost", "127.0.0.1", "management.azure.com", "graph.microsoft.com", "login.microsoftonline.com"];
    private static readonly string[] Browsers = ["localhost", "127.0.0.1"];

    /// <summary>
    /// Refuses names that are not ours. On the browsers' port that is what stops a foreign page from reaching it through a
    /// name of its own that resolves to this machine (DNS rebinding).
    /// </summary>
    public static void UseKnownHosts(this WebApplication app) => app.Use(async (context, next) =>
    {
        var host = context.Request.Host.Host;
        var known = context.Request.IsHttps
            ? Services.Contains(host, StringComparer.OrdinalIgnoreCase) || host.EndsWith(".vault.azure.net", StringComparison.OrdinalIgnoreCase)
                || host.EndsWith(".blob.core.windows.net", StringComparison.OrdinalIgnoreCase)
            : Browsers.Contains(host, StringComparer.OrdinalIgnoreCase);
        if (!known) context.Response.StatusCode = (int)HttpStatusCode.MisdirectedRequest;
        else if (!context.Request.IsHttps && !IsPage(context.Request.Path)) context.Response.StatusCode = (int)HttpStatusCode.NotFound;
        else await next(context);
    });

    /// <summary>No token, key or service over plain http: only what a browser shows.</summary>
    private static bool IsPage(PathString path) =>
        path == "/" || path.StartsWithSegments("/reader")
        || path == $"/{FenwickCompany.TenantId}/oauth2/v2.0/authorize" || path == $"/{FenwickCompany.TenantId}/oauth2/v2.0/logout";

    /// <summary>Writes every call to <see cref="RequestLog"/> before the first byte of its answer leaves: whoever has an answer finds its call there.</summary>
    public static void UseRequestLog(this WebApplication app)
    {
        var control = app.Services.GetRequiredService<SandboxControl>();
        app.Use(async (context, next) =>
        {
            // Kept before: routing and the handlers may rewrite them.
            var (method, path, query) = (context.Request.Method, context.Request.Path.ToString(), context.Request.QueryString.ToString());
            var noted = false;
            context.Response.OnStarting(() =>
            {
                Note(context.Response.StatusCode);
                return Task.CompletedTask;
            });
            var status = StatusCodes.Status500InternalServerError;
            try
            {
                await next(context);
                status = context.Response.StatusCode;
            }
            finally
            {
                // Of an answer that was broken off before it began.
                Note(status);
            }

            void Note(int answered)
            {
                if (noted) return;
                noted = true;
                control.Requests.Add(new LoggedRequest(control.Clock.GetUtcNow(), context.Request.Host.Host, method, path, query, answered, AccessTokenReader.CallerOf(context)?.ObjectId));
            }
        });
    }
}
