using System.Data.Common;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Audit;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Identity;
using Portal.Web.Components;
using Portal.Web.Hosting;
using Portal.Web.Layout;
using Portal.Web.Resources;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>The audit trail as a file.</summary>
public static partial class AuditEndpoints
{
    /// <summary>The parameter that names the format; CSV without it.</summary>
    public const string Format = "format";

    /// <summary>The parameter that names the size of the checkpoint to export at; the latest without it.</summary>
    public const string CheckpointSize = "checkpoint";

    /// <summary>The parameter by which the page that started a download follows it.</summary>
    public const string Ticket = "ticket";

    private static readonly string[] Names = [.. AuditAddress.Names, Format, CheckpointSize, Ticket];

    /// <summary>Maps the export and the evidence.</summary>
    public static void MapAudit(this WebApplication app)
    {
        app.MapGet(PortalUrls.AuditExport, ExportAsync).RequireRateLimiting(RateLimits.Export);
        app.MapGet(PortalUrls.AuditEvidence, EvidenceEndpoint.GetAsync).RequireRateLimiting(RateLimits.Export);
    }

    private static async Task<IResult> ExportAsync(HttpContext http, ExportAuditEvents export, NoteExport note, ExportProgress progress, IStringLocalizer<RefusalWords> words, ILogger<NoteExport> logger)
    {
        var ct = http.RequestAborted;
        // A parameter that is misspelt would otherwise export more than was meant.
        if (http.Request.Query.Keys.FirstOrDefault(name => !Names.Contains(name)) is { } unknown)
            return Problem(new Refusal(RefusalCode.FilterUnreadable, unknown, unknown), words);
        var read = AuditAddress.Of(http.Request.Query).Read();
        if (!read.Succeeded)
            return Problem(read.Refusals[0], words);
        if (Read(http.Request.Query[Format], ExportFormats.Find) is not { } format)
            return Problem(new Refusal(RefusalCode.FilterUnreadable, Format, http.Request.Query[Format].ToString()), words);
        var pinned = http.Request.Query[CheckpointSize].ToString();
        if (pinned.Length > 0 && !long.TryParse(pinned, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out _))
            return Problem(new Refusal(RefusalCode.FilterUnreadable, CheckpointSize, pinned), words);

        var at = pinned.Length > 0 ? long.Parse(pinned, System.Globalization.CultureInfo.InvariantCulture) : (long?)null;
        var part = ExportPart.Of(http.Request, format, at);
        var actor = await CurrentActor.OfAsync(http, ct);
        var result = await export.ExecuteAsync(new ExportOrder(read.Value, part.Size, part.From) { Wanted = part.Tag is null ? null : part.Continues }, actor, ct);
        // What was to go on may be gone or another by now, its filter for one: then all of it is sent.
        if (part.Tag is not null && !result.Succeeded && result.Refusals[0].Field == CheckpointSize)
        {
            if (part.OrNothing)
                return Results.StatusCode(StatusCodes.Status412PreconditionFailed);
            part = new ExportPart(format, at, 0, null);
            result = await export.ExecuteAsync(new ExportOrder(read.Value, at), actor, ct);
        }

        if (!result.Succeeded)
            // A browser that followed the link is shown the page for the status; a program is told all of it.
            return ProblemPages.WantsPage(http) ? Results.StatusCode(StatusOf(result.Refusals[0])) : Problem(result.Refusals[0], words);

        // How long the file is shows only when it is written, and without that no part of it can be named. On the record by now: the length tells of what is in it, and whoever knows the log can work out its tag.
        var length = part.From > 0 ? await part.MeasureAsync(result.Value.Again(), ct) : (long?)null;
        if (length <= part.From)
            return part.NothingThere(http.Response, length.Value);
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var followed = progress.Show(http.Request.Query[Ticket], actor, result.Value);
        try
        {
            part.WriteHeaders(http.Response, result.Value, length);
            await result.Value.WriteAsync(format, part.Cut(http.Response.Body), ct);
            result.Value.ThrowIfBroken();
            if (part.From == 0 && result.Value.CoversAll && actor.Has(PortalRole.Auditor))
                await NoteAsync(note, result.Value.Point.Size, actor, logger);
        }
        catch when (http.Response.HasStarted)
        {
            // The status is sent already: beside the file's last line, a broken connection is the only way left to say that it is not whole.
            await http.Response.Body.FlushAsync(CancellationToken.None);
            http.Abort();
            throw;
        }

        return Results.Empty;
    }

    // The file has come to its end and holds, whether that can be noted or not: retention then waits for the next one.
    private static async Task NoteAsync(NoteExport note, long size, Actor actor, ILogger logger)
    {
        try
        {
            await note.ExecuteAsync(size, actor, CancellationToken.None);
        }
        catch (Exception fault) when (fault is DbUpdateException or DbException)
        {
            LogNotNoted(logger, fault, size);
        }
    }

    [LoggerMessage(LogLevel.Error, "An export of all events up to {Size} came to its end, and that could not be noted: retention does not count on it")]
    private static partial void LogNotNoted(ILogger logger, Exception fault, long size);

    private static ExportFormat? Read(string? name, Func<string, ExportFormat?> find) => string.IsNullOrEmpty(name) ? ExportFormat.Csv : find(name);

    internal static IResult Problem(Refusal refusal, IStringLocalizer<RefusalWords> words)
    {
        var text = RefusalText.Of(refusal, words);
        return Results.Problem(
            title: text.Message,
            detail: text.WhatToDo,
            statusCode: StatusOf(refusal),
            extensions: new Dictionary<string, object?> { ["code"] = refusal.Code, ["field"] = refusal.Field });
    }

    internal static int StatusOf(Refusal refusal) =>
        refusal.Code is RefusalCode.SignedOut or RefusalCode.RoleMissing ? StatusCodes.Status403Forbidden : StatusCodes.Status400BadRequest;
}
