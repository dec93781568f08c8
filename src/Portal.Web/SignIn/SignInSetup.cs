using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.Options;
using Microsoft.Identity.Web;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Portal.Core;
using Portal.Web.Hosting;
using Portal.Web.Layout;

namespace Portal.Web.SignIn;

/// <summary>Sign-in with Entra ID: authorization code with PKCE, a cookie, and the person's standing looked at again and again.</summary>
public static class SignInSetup
{
    /// <summary>The public cloud's authority; sovereign clouds configure theirs as <c>AzureAd:Instance</c>.</summary>
    public const string PublicInstance = "https://login.microsoftonline.com/";

    private const string IssuerMetadata = "issuer-metadata";

    /// <summary>Whether people sign in on this machine, as they do at the sandbox, and not at a tenant.</summary>
    public static bool IsOnThisMachine(IConfiguration configuration) =>
        Uri.TryCreate(configuration["AzureAd:Instance"], UriKind.Absolute, out var instance) && instance.IsLoopback;

    /// <summary>Registers sign-in and the rule that nothing is shown to anyone who has not signed in.</summary>
    public static void AddPortalSignIn(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        if (string.IsNullOrEmpty(builder.Configuration["AzureAd:Instance"]))
            builder.Configuration["AzureAd:Instance"] = PublicInstance;

        services.AddAuthentication(OpenIdConnectDefaults.AuthenticationScheme)
            .AddMicrosoftIdentityWebApp(builder.Configuration.GetSection("AzureAd"))
            .EnableTokenAcquisitionToCallDownstreamApi()
            .AddInMemoryTokenCaches();
        services.AddBackChannel();
        services.AddCookie(builder.Environment, IsOnThisMachine(builder.Configuration));
        services.PostConfigure<OpenIdConnectOptions>(OpenIdConnectDefaults.AuthenticationScheme, openId =>
        {
            openId.ResponseType = OpenIdConnectResponseType.Code; // Microsoft.Identity.Web would ask for an id token only.
            openId.UsePkce = true;
            openId.Events.OnRedirectToIdentityProvider = OnlyWhereThereIsAPage(openId.Events.OnRedirectToIdentityProvider);
            openId.Events.OnTokenValidated = ThenRecord(openId.Events.OnTokenValidated);
            openId.Events.OnRemoteFailure = SignInFailure.ShowAsync;
            openId.Events.OnAccessDenied = SignInFailure.ShowDeniedAsync;
        });

        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        services.AddCascadingAuthenticationState();
        services.AddMemoryCache();
        services.AddSingleton<RecentStandings>().AddSingleton<OpenSignIns>().AddSingleton<StandingCheck>();
        services.AddScoped<CurrentActor>();
        services.AddScoped<AuthenticationStateProvider, StandingAuthenticationStateProvider>();
    }

    /// <summary>Every call of sign-in's own goes out through <see cref="CloudTransport"/>: token and keys, issuer metadata, and MSAL.</summary>
    private static void AddBackChannel(this IServiceCollection services)
    {
        // Has to come after AddMicrosoftIdentityWebApp, which copies its own handler over it.
        services.AddOptions<OpenIdConnectOptions>(OpenIdConnectDefaults.AuthenticationScheme)
            .Configure<CloudTransport>((openId, transport) => openId.BackchannelHttpHandler = transport.CreateHandler());
        services.AddHttpClient(IssuerMetadata).ConfigurePrimaryHttpMessageHandler(Transport);
        services.Configure<AadIssuerValidatorOptions>(validator => validator.HttpClientName = IssuerMetadata);
        services.AddHttpClient(Options.DefaultName).ConfigurePrimaryHttpMessageHandler(Transport);

        static HttpMessageHandler Transport(IServiceProvider services) => services.GetRequiredService<CloudTransport>().CreateHandler();
    }

    private static void AddCookie(this IServiceCollection services, IHostEnvironment environment, bool signInIsHere)
    {
        services.Configure<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme, cookie =>
        {
            cookie.Cookie.Name = environment.IsDevelopment() ? "portal" : "__Host-portal";
            cookie.Cookie.SameSite = SameSiteMode.Lax;
            cookie.Cookie.SecurePolicy = environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
            cookie.ExpireTimeSpan = OpenSignIns.Longest;
            cookie.SlidingExpiration = false;
            cookie.AccessDeniedPath = "/account/forbidden";
            cookie.Events.OnValidatePrincipal = RefuseWhoLostStandingAsync;
        });
        if (!environment.IsDevelopment())
            return;
        // On plain http not every browser keeps a cookie that is Secure, and one that is not Secure cannot be SameSite=None.
        // At the sandbox Lax does: ports do not make a site, so its form_post still carries them. A tenant's comes from another
        // site, which only SameSite=None takes part in; for http://localhost most browsers keep those too.
        var (site, secure) = signInIsHere ? (SameSiteMode.Lax, CookieSecurePolicy.SameAsRequest) : (SameSiteMode.None, CookieSecurePolicy.Always);
        services.Configure<OpenIdConnectOptions>(OpenIdConnectDefaults.AuthenticationScheme, openId =>
        {
            foreach (var cookie in (CookieBuilder[])[openId.CorrelationCookie, openId.NonceCookie])
                (cookie.SameSite, cookie.SecurePolicy) = (site, secure);
        });
    }

    private static async Task RefuseWhoLostStandingAsync(CookieValidatePrincipalContext context)
    {
        // Signing out waits for nobody, and is for those too who may not stay.
        if (context.Principal is not { } person || context.HttpContext.Request.Path.Equals(PortalUrls.SignOut))
            return;
        var check = context.HttpContext.RequestServices.GetRequiredService<StandingCheck>();
        if (!await check.StillStandsAsync(person, context.HttpContext.RequestAborted))
            context.RejectPrincipal();
    }

    private static Func<TokenValidatedContext, Task> ThenRecord(Func<TokenValidatedContext, Task> first) => async context =>
    {
        if (IdTokenCheck.Fault(context) is { } fault)
        {
            context.Fail(fault);
            return;
        }

        await first(context);
        if (context.Principal is not { } person)
            return;
        var signIns = context.HttpContext.RequestServices.GetRequiredService<OpenSignIns>();
        signIns.Begin(person, await SignInAgain.TakeAsync(context.Properties, person, signIns, context.HttpContext.RequestAborted));
        await SignInRecord.WriteAsync(person, context.HttpContext);
    };

    /// <summary>A fetch or a WebSocket cannot follow a redirect to a sign-in page: it is told 401 instead.</summary>
    private static Func<RedirectContext, Task> OnlyWhereThereIsAPage(Func<RedirectContext, Task> next) => context =>
    {
        if (ProblemPages.WantsPage(context.HttpContext))
            return next(context);
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.HandleResponse();
        return Task.CompletedTask;
    };
}
