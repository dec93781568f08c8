using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Localization;
using Microsoft.Net.Http.Headers;
using Portal.Core;
using Portal.Core.Approvals;
using Portal.Core.Audit.Exports;
using Portal.Web.Hosting;
using Portal.Web.Resources;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>The evidence of a period as a zip.</summary>
internal static class EvidenceEndpoint
{
    private static readonly string[] Names = ["from", "to", AuditEndpoints.Ticket];

    public static async Task<IResult> GetAsync(HttpContext http, MakeEvidencePack make, CountOpenItems count, EvidenceZip zip, ExportProgress progress, IStringLocalizer<RefusalWords> words)
    {
        var ct = http.RequestAborted;
        if (http.Request.Query.Keys.FirstOrDefault(name => !Names.Contains(name)) is { } unknown)
            return AuditEndpoints.Problem(new Refusal(RefusalCode.FilterUnreadable, unknown, unknown), words);
        var read = new AuditAddress { From = http.Request.Query["from"], To = http.Request.Query["to"] }.Read();
        if (!read.Succeeded)
            return AuditEndpoints.Problem(read.Refusals[0], words);
        var period = new EvidencePeriod(read.Value.From, read.Value.To);
        var actor = await CurrentActor.OfAsync(http, ct);
        var open = await count.ExecuteAsync(period, actor, ct);
        var evidence = open.Succeeded ? await make.ExecuteAsync(period, actor, ct) : Result<Evidence>.Refused(open.Refusals);
        if (!evidence.Succeeded)
            return ProblemPages.WantsPage(http) ? Results.StatusCode(AuditEndpoints.StatusOf(evidence.Refusals[0])) : AuditEndpoints.Problem(evidence.Refusals[0], words);

        using var followed = progress.Show(http.Request.Query[AuditEndpoints.Ticket], actor, evidence.Value.Events);
        var response = http.Response;
        response.ContentType = "application/zip";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = EvidenceZip.FileName(evidence.Value) }.ToString();
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        // The zip's own bookkeeping is a few bytes between files, which the library writes synchronously.
        if (http.Features.Get<IHttpBodyControlFeature>() is { } body)
            body.AllowSynchronousIO = true;
        try
        {
            await zip.WriteAsync(evidence.Value, open.Value, actor.DisplayName, response.Body, ct);
            evidence.Value.Events.ThrowIfBroken();
        }
        catch when (response.HasStarted)
        {
            http.Abort();
            throw;
        }

        return Results.Empty;
    }
}
