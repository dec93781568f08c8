using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MudBlazor.Services;
using Portal.Core;
using Portal.Core.Grants;
using Portal.Web.Audit;
using Portal.Web.Audit.Streaming;
using Portal.Web.Grants;
using Portal.Web.Layout;
using Portal.Web.Requests;
using Portal.Web.SignIn;
using Portal.Web.Workers;

namespace Portal.Web.Hosting;

/// <summary>Puts the portal together. Each concern has its own file; this one only names them, in order.</summary>
public static class PortalComposition
{
    /// <summary>Registers everything that the portal is made of.</summary>
    public static WebApplicationBuilder AddPortal(this WebApplicationBuilder builder)
    {
        // Published, the files lie in wwwroot; unpublished, the manifest of the build says where they lie.
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, "Portal.Web.staticwebassets.runtime.json")))
            builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);

        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(CloudTransport.Sockets);
        services.AddSingleton(provider => new SpoolOptions(Path.Combine(DataDirectory.Of(provider.GetRequiredService<IConfiguration>()), "spool")));
        services.AddSingleton(provider => SealingSetup.OptionsOf(provider.GetRequiredService<IConfiguration>()));
        services.AddPortalCore();
        services.AddSingleton<ExportProgress>().AddTransient<EvidenceZip>();
        services.AddScoped<LiveChanges>().AddScoped<IDelegatedTokens, DelegatedTokens>();
        services.AddPortalStart().AddWorker<GrantWorker>().AddWorker<OutageWorker>().AddWorker<PolicyWorker>().AddWorker<SignOuts>().AddWorker<WorkGauges>().AddWorker<ChangeRelay>().AddWorker<SealWorker>().AddWorker<AuditIndexWorker>();
        services.AddKeyRing();
        builder.AddPeriodicJobs();
        builder.AddOperations();
        builder.AddAuditStreams();
        services.AddAuditRetention();
        services.AddRequestLimits();
        builder.AddPortalSignIn();
        services.AddPortalLocalization();
        services.AddProblemPages();
        services.AddRateLimits();
        services.AddMudServices();
        services.AddLayout();
        services.AddRazorComponents().AddInteractiveServerComponents(circuit => circuit.DetailedErrors = builder.Environment.IsDevelopment());
        services.AddAntiforgery(forms => forms.Cookie.SecurePolicy = builder.Environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always);
        services.AddHsts(hsts => hsts.MaxAge = TimeSpan.FromDays(365));
        // Behind a proxy ASPNETCORE_FORWARDEDHEADERS_ENABLED=true switches this on; without it the headers are anyone's to forge.
        services.Configure<ForwardedHeadersOptions>(forwarded => forwarded.ForwardedHeaders |= ForwardedHeaders.XForwardedHost);
        services.ReadKeysLater();
        return builder;
    }

    /// <summary>Lays the request pipeline.</summary>
    public static WebApplication UsePortal(this WebApplication app)
    {
        app.UseSecurityHeaders();
        app.UseOperations();
        app.UsePreparation();
        app.UseProblemPages();
        if (!app.Environment.IsDevelopment())
            app.UseHsts().UseHttpsRedirection();
        app.UseRouting();
        app.UseRequestLocalization();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.UseCircuitOrigin();
        app.UseAntiforgery();

        app.MapStaticAssets().AllowAnonymous().DisableRateLimiting();
        app.MapAccount();
        app.MapAudit();
        app.MapAuditLog();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(server => server.ContentSecurityFrameAncestorsPolicy = null);
        app.SayWhereItListens();
        return app;
    }
}
