using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Localization;
using Microsoft.Net.Http.Headers;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Web.Components;
using Portal.Web.Hosting;
using Portal.Web.Layout;
using Portal.Web.Resources;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>The audit trail as a file.</summary>
public static class AuditEndpoints
{
    /// <summary>Maps the export.</summary>
    public static void MapAudit(this WebApplication app) =>
        app.MapGet(PortalUrls.AuditExport, ExportAsync).RequireRateLimiting(RateLimits.Export);

    private static async Task<IResult> ExportAsync(HttpContext http, ExportAuditEvents export, TimeProvider clock, IStringLocalizer<RefusalWords> words)
    {
        var ct = http.RequestAborted;
        // A parameter that is misspelt would otherwise export more than was meant.
        if (http.Request.Query.Keys.FirstOrDefault(name => !AuditAddress.Names.Contains(name)) is { } unknown)
            return Problem(new Refusal(RefusalCode.FilterUnreadable, unknown, unknown), words);
        var read = AuditAddress.Of(http.Request.Query).Read();
        if (!read.Succeeded)
            return Problem(read.Refusals[0], words);
        var filter = read.Value;
        var result = await export.ExecuteAsync(filter, await CurrentActor.OfAsync(http, ct), ct);
        if (!result.Succeeded)
            // A browser that followed the link is shown the page for the status; a program is told all of it.
            return ProblemPages.WantsPage(http) ? Results.StatusCode(StatusOf(result.Refusals[0])) : Problem(result.Refusals[0], words);

        var response = http.Response;
        response.ContentType = AuditCsv.ContentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = FileName(filter, clock.Now()) }.ToString();
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await AuditCsv.WriteAsync(result.Value, response.Body, ct);
        }
        catch when (response.HasStarted)
        {
            // The status is sent already: a broken connection is the only way left to say that the file is not whole.
            http.Abort();
            throw;
        }

        return Results.Empty;
    }

    /// <summary>What the file is called: <c>audit-20261122T1740Z.csv</c> for all there is now; names of filters and the range where there are any.</summary>
    public static string FileName(AuditFilter filter, DateTimeOffset now)
    {
        var name = new StringBuilder("audit");
        foreach (var part in (string?[])[filter.VaultName, filter.SecretName, filter.RequestReference, filter.Code, filter.PersonObjectId?.ToString("D")])
            if (!string.IsNullOrEmpty(part))
                name.Append('-').Append([.. part.Take(60).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]);
        if (filter.From is { } from)
            name.Append("-from-").Append(Stamp(from));
        if (filter.To is { } to)
            name.Append("-to-").Append(Stamp(to));
        if (filter.To is null)
            name.Append('-').Append(Stamp(now));
        return name.Append(".csv").ToString();
    }

    private static string Stamp(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyyMMdd'T'HHmm'Z'", CultureInfo.InvariantCulture);

    private static IResult Problem(Refusal refusal, IStringLocalizer<RefusalWords> words)
    {
        var text = RefusalText.Of(refusal, words);
        return Results.Problem(
            title: text.Message,
            detail: text.WhatToDo,
            statusCode: StatusOf(refusal),
            extensions: new Dictionary<string, object?> { ["code"] = refusal.Code, ["field"] = refusal.Field });
    }

    private static int StatusOf(Refusal refusal) =>
        refusal.Code is RefusalCode.SignedOut or RefusalCode.RoleMissing ? StatusCodes.Status403Forbidden : StatusCodes.Status400BadRequest;
}
