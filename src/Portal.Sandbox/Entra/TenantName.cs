using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Portal.Sandbox.Company;

namespace Portal.Sandbox.Entra;

/// <summary>The tenant's domain name in the place of its id, as Entra ID takes it in every address.</summary>
internal static class TenantName
{
    /// <summary>The names under which sign-in answers.</summary>
    public static readonly string[] Hosts = ["localhost", "127.0.0.1", "login.microsoftonline.com"];

    private static readonly PathString Domain = "/" + FenwickCompany.Domain;
    private static readonly PathString Id = "/" + FenwickCompany.TenantId;

    /// <summary>Puts the id where the name is, so that whatever comes after knows the tenant by one of them only.</summary>
    public static void UseTenantName(this WebApplication app) => app.Use((context, next) =>
    {
        var request = context.Request;
        if (Hosts.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase) && request.Path.StartsWithSegments(Domain, StringComparison.OrdinalIgnoreCase, out var rest))
            request.Path = Id + rest;
        return next(context);
    });
}
