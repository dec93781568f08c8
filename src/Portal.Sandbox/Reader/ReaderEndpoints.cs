using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Reader;

/// <summary>Who is to read what.</summary>
internal sealed record ReaderChoice(Guid? Person, string? Vault, string? Secret);

/// <summary>The front page and the reader page, on the browsers' port only.</summary>
internal static class ReaderEndpoints
{
    public static void AddReader(this IServiceCollection services, ReaderWire wire)
    {
        services.AddSingleton(wire);
        // Keys in memory: the form is worth nothing after a restart.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddAntiforgery(o =>
        {
            o.Cookie.Name = "sandbox-form";
            o.Cookie.SameSite = SameSiteMode.Strict;
            o.Cookie.HttpOnly = true;
        });
    }

    public static void MapReader(this WebApplication app, SandboxAddresses addresses)
    {
        var pages = app.MapGroup("").RequireHost($"localhost:{addresses.HttpPort}", $"127.0.0.1:{addresses.HttpPort}");
        pages.MapGet("/", () => ReaderPage.Front(addresses));
        pages.MapGet("/reader", (HttpContext http, SandboxControl control, IAntiforgery antiforgery) =>
            ReaderPage.Form(control, antiforgery.GetAndStoreTokens(http), new ReaderChoice(null, null, null)));
        pages.MapPost("/reader", ReadAsync);
    }

    private static async Task<IResult> ReadAsync(HttpContext http, SandboxControl control, IAntiforgery antiforgery, ReaderWire wire, SandboxAddresses addresses)
    {
        if (!await antiforgery.IsRequestValidAsync(http))
        {
            var stale = ReaderPage.Problem("This form is from an earlier start of the sandbox. Choose again.");
            return ReaderPage.Form(control, antiforgery.GetAndStoreTokens(http), new ReaderChoice(null, null, null), stale) with { Status = StatusCodes.Status400BadRequest };
        }

        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        var choice = new ReaderChoice(Guid.TryParse(form["person"], out var id) ? id : null, form["secret"].ToString().Split('/')[0], form["secret"].ToString().Split('/')[^1]);
        var tokens = antiforgery.GetAndStoreTokens(http);
        // Only what the lists offer: the vault's name becomes a host name.
        if (choice.Person is not { } oid || control.Directory.Find(oid) is not DirectoryUser person || control.Vaults.Latest(choice.Vault!).All(s => s.Name != choice.Secret))
            return ReaderPage.Form(control, tokens, choice, ReaderPage.Problem("There is no such person or secret.")) with { Status = StatusCodes.Status400BadRequest };

        var (reading, error) = await wire.ReadAsync(oid, choice.Vault!, choice.Secret!, http.RequestAborted);
        var above = reading is null ? ReaderPage.Problem(error!) : ReaderPage.Result(reading, person, choice, addresses, wire.CertificateFile);
        return ReaderPage.Form(control, tokens, choice, above);
    }
}
