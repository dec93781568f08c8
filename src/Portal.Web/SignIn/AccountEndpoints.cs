using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Portal.Web.Hosting;
using Portal.Web.Layout;

namespace Portal.Web.SignIn;

/// <summary>The addresses that sign a person in and out, and that tell a page whether its reader still is.</summary>
public static partial class AccountEndpoints
{
    /// <summary>Maps them.</summary>
    public static void MapAccount(this WebApplication app)
    {
        var account = app.MapGroup("/account").RequireRateLimiting(RateLimits.SignIn);
        account.MapGet("/signin", SignIn).AllowAnonymous();
        account.MapGet("/session", Session);
        // The form parameter is what makes the framework demand an antiforgery token.
        account.MapPost("/signout", SignOut).AllowAnonymous();
    }

    private static ChallengeHttpResult SignIn(ClaimsPrincipal user, string? returnUrl) => TypedResults.Challenge(
        SignInAgain.Note(user, new AuthenticationProperties { RedirectUri = LocalUrl.OrHome(returnUrl) }),
        [OpenIdConnectDefaults.AuthenticationScheme]);

    // Whoever is not signed in is led to signing in, as from everything else. No page answers this, which would record what it shows as read.
    private static NoContent Session(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        return TypedResults.NoContent();
    }

    // Whatever is down, the sign-in ends here. One that is worth nothing any more loses its cookie too.
    private static async Task<IResult> SignOut(HttpContext context, [FromForm] string? reason)
    {
        var signedIn = context.User.Identity?.IsAuthenticated == true;
        if (signedIn)
            await SignInRecord.NoteEndAsync(context.User, context);
        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        if (!signedIn)
            return TypedResults.LocalRedirect(PortalUrls.SignedOut);
        try
        {
            await context.SignOutAsync(OpenIdConnectDefaults.AuthenticationScheme, new AuthenticationProperties { RedirectUri = PortalUrls.SignedOut });
            return Results.Empty;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException && !context.Response.HasStarted)
        {
            LogNotTold(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Portal.Web.SignIn"), fault);
            return TypedResults.LocalRedirect(PortalUrls.SignedOut);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Entra ID could not be told of a sign-out; the sign-in has ended here")]
    private static partial void LogNotTold(ILogger logger, Exception fault);
}
