using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Portal.Core.Identity;
using Portal.Web.Hosting;
using Portal.Web.Layout;

namespace Portal.Web.SignIn;

/// <summary>The two addresses that sign a person in and out.</summary>
public static class AccountEndpoints
{
    /// <summary>Maps them.</summary>
    public static void MapAccount(this WebApplication app)
    {
        var account = app.MapGroup("/account").RequireRateLimiting(RateLimits.SignIn);
        account.MapGet("/signin", SignIn).AllowAnonymous();
        // The form parameter is what makes the framework demand an antiforgery token.
        account.MapPost("/signout", SignOut).AllowAnonymous();
    }

    private static ChallengeHttpResult SignIn(string? returnUrl) => TypedResults.Challenge(
        new AuthenticationProperties { RedirectUri = LocalUrl.OrHome(returnUrl) },
        [OpenIdConnectDefaults.AuthenticationScheme]);

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
