using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Portal.Core.Identity;
using Portal.Web.Hosting;
using Portal.Web.Layout;

namespace Portal.Web.SignIn;

/// <summary>The addresses that sign a person in and out, and that tell a page whether its reader still is.</summary>
public static class AccountEndpoints
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

    private static ChallengeHttpResult SignIn(string? returnUrl) => TypedResults.Challenge(
        new AuthenticationProperties { RedirectUri = LocalUrl.OrHome(returnUrl) },
        [OpenIdConnectDefaults.AuthenticationScheme]);

    // Whoever is not signed in is led to signing in, as from everything else. No page answers this, which would record what it shows as read.
    private static NoContent Session(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        return TypedResults.NoContent();
    }

    private static async Task<IResult> SignOut(HttpContext context, [FromForm] string? reason)
    {
        // Somebody whose cookie is gone already has nothing to sign out of.
        if (context.User.Identity?.IsAuthenticated != true)
            return TypedResults.LocalRedirect(PortalUrls.SignedOut);
        await SignInRecord.WriteAsync(SignInStep.Out, context.User, context);
        return TypedResults.SignOut(
            new AuthenticationProperties { RedirectUri = PortalUrls.SignedOut },
            [CookieAuthenticationDefaults.AuthenticationScheme, OpenIdConnectDefaults.AuthenticationScheme]);
    }
}
