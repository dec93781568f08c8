using Microsoft.AspNetCore.Authentication;
using Portal.Web.Layout;

namespace Portal.Web.SignIn;

/// <summary>What a person sees when Entra ID does not let them in, or the answer cannot be used.</summary>
internal static partial class SignInFailure
{
    /// <summary>Shows the page for an answer that cannot be used: too old, tampered with, or for somebody else.</summary>
    public static Task ShowAsync(RemoteFailureContext context)
    {
        LogFailed(Logger(context.HttpContext), context.Failure);
        return Show(context, PortalUrls.SignInFailed);
    }

    /// <summary>Shows the page for a person whom Entra ID refused.</summary>
    public static Task ShowDeniedAsync(AccessDeniedContext context) => Show(context, PortalUrls.Forbidden);

    private static Task Show(HandleRequestContext<RemoteAuthenticationOptions> context, string url)
    {
        context.HandleResponse();
        context.Response.Redirect(url);
        return Task.CompletedTask;
    }

    private static ILogger Logger(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Portal.Web.SignIn");

    [LoggerMessage(LogLevel.Warning, "A sign-in failed")]
    private static partial void LogFailed(ILogger logger, Exception? failure);
}
