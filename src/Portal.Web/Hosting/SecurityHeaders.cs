using System.Security.Cryptography;

namespace Portal.Web.Hosting;

/// <summary>What a browser is told not to do with the portal's pages.</summary>
public static class SecurityHeaders
{
    private static readonly object NonceKey = new();

    /// <summary>The nonce of this response's inline scripts.</summary>
    public static string ScriptNonce(this HttpContext context)
    {
        if (context.Items[NonceKey] is string known)
            return known;
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        context.Items[NonceKey] = nonce;
        return nonce;
    }

    /// <summary>Adds the headers to every response, the one to a fault included: that is cleared and written anew, so they are set just before it is sent.</summary>
    public static IApplicationBuilder UseSecurityHeaders(this WebApplication app)
    {
        var formTargets = string.Join(' ', FormTargets(app.Configuration));
        return app.Use((context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                Set(context, formTargets);
                return Task.CompletedTask;
            });
            return next(context);
        });
    }

    private static void Set(HttpContext context, string formTargets)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy(context.ScriptNonce(), formTargets);
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }

    /// <summary>The content security policy.</summary>
    /// <param name="nonce">The nonce of inline scripts.</param>
    /// <param name="formTargets">Origins that a form may lead to.</param>
    public static string Policy(string nonce, string formTargets) =>
        "default-src 'self'; base-uri 'self'; object-src 'none'; frame-src 'none'; frame-ancestors 'none'; "
        + $"script-src 'self' 'nonce-{nonce}'; "
        // MudBlazor writes style attributes and a style element for its theme (its issue 4529): without this its components do not lay out.
        + "style-src 'self' 'unsafe-inline'; "
        + "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + $"form-action {formTargets}";

    /// <summary>Signing out is a form whose answer leads to Entra ID, and browsers hold that redirect to form-action too.</summary>
    private static IEnumerable<string> FormTargets(IConfiguration configuration)
    {
        yield return "'self'";
        yield return new Uri(configuration["AzureAd:Instance"] ?? SignIn.SignInSetup.PublicInstance).GetLeftPart(UriPartial.Authority);
        foreach (var origin in configuration.GetSection("AzureAd:BrowserOrigins").GetChildren())
            if (Uri.TryCreate(origin.Value, UriKind.Absolute, out var uri))
                yield return uri.GetLeftPart(UriPartial.Authority);
    }
}
