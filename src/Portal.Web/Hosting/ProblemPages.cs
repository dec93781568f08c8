using System.Diagnostics;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Diagnostics;

namespace Portal.Web.Hosting;

/// <summary>How an HTTP error looks: a page for a browser, Problem Details (RFC 9457) for everything else.</summary>
public static class ProblemPages
{
    /// <summary>The page for a status.</summary>
    public const string Path = "/problem/{0}";

    /// <summary>Registers Problem Details.</summary>
    public static IServiceCollection AddProblemPages(this IServiceCollection services) => services
        // A request that cannot be read is the caller's fault in Development too: 400, not an exception.
        .Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = false)
        .AddProblemDetails(problems =>
        problems.CustomizeProblemDetails = context =>
            context.ProblemDetails.Extensions["traceId"] = Activity.Current?.TraceId.ToString() ?? context.HttpContext.TraceIdentifier);

    /// <summary>Turns exceptions and bare error statuses into answers.</summary>
    public static void UseProblemPages(this WebApplication app)
    {
        app.UseWhen(context => !WantsPage(context), branch => branch.UseExceptionHandler().UseStatusCodePages());
        app.UseWhen(WantsPage, branch => branch
            .UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandlingPath = string.Format(null, Path, 500), CreateScopeForErrors = true })
            .UseStatusCodePagesWithReExecute(Path, createScopeForStatusCodePages: true)
            .Use(AsPage));
    }

    /// <summary>A page that explains what became of a form is asked for, not sent: without this the refused form is looked at, and refused, once more.</summary>
    private static Task AsPage(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IStatusCodeReExecuteFeature>() is not null || context.Features.Get<IExceptionHandlerFeature>() is not null)
        {
            context.Request.Method = HttpMethods.Get;
            context.Features.Set<IAntiforgeryValidationFeature>(null);
        }

        return next(context);
    }

    /// <summary>Whether a person in a browser waits for a page.</summary>
    public static bool WantsPage(HttpContext context) =>
        context.Request.GetTypedHeaders().Accept is { Count: > 0 } accept
        && accept.Any(type => type.MatchesMediaType(System.Net.Mime.MediaTypeNames.Text.Html) && type.MediaType != "*/*");
}
