using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Core.Audit.Sealing;
using Portal.Web.Components;
using Portal.Web.Hosting;
using Portal.Web.Layout;
using Portal.Web.Resources;
using Portal.Web.SignIn;

namespace Portal.Web.Audit;

/// <summary>The sealed log for programs: its newest checkpoint, its keys, and proofs.</summary>
public static class AuditLogEndpoints
{
    // What has just happened is sealed within so long, or the last checkpoint has to do.
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);

    /// <summary>Maps them.</summary>
    public static void MapAuditLog(this WebApplication app)
    {
        var log = app.MapGroup("").RequireRateLimiting(RateLimits.Export).AddEndpointFilter(KeptNowhereAsync);
        log.MapGet(PortalUrls.AuditCheckpoint, CheckpointAsync);
        log.MapGet(PortalUrls.AuditKey, KeyAsync);
        log.MapGet(PortalUrls.AuditProof + "/{eventId:guid}", ProofAsync);
        log.MapGet(PortalUrls.AuditConsistency, ConsistencyAsync);
    }

    // What one person may know, and how the log stands at this moment: neither is for a cache to give again.
    private static ValueTask<object?> KeptNowhereAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        context.HttpContext.Response.Headers.CacheControl = "no-store";
        return next(context);
    }

    private static async Task<IResult> CheckpointAsync(HttpContext http, ListCheckpoints list, FreshCheckpoint fresh, IStringLocalizer<RefusalWords> words)
    {
        var ct = http.RequestAborted;
        var listed = await list.ExecuteAsync(new CheckpointQuery(Take: 1), await CurrentActor.OfAsync(http, ct), ct);
        if (!listed.Succeeded)
            return Problem(listed.Refusals[0], words);
        return await fresh.GetAsync(Wait, ct) is { } newest ? Text(newest.Note) : Problem(new Refusal(RefusalCode.NotFound), words);
    }

    private static async Task<IResult> KeyAsync(HttpContext http, ListCheckpoints list, IStringLocalizer<RefusalWords> words)
    {
        var ct = http.RequestAborted;
        var listed = await list.ExecuteAsync(new CheckpointQuery(Take: 1), await CurrentActor.OfAsync(http, ct), ct);
        return listed.Succeeded ? Text(string.Concat(listed.Value.Keys.Select(key => key + "\n"))) : Problem(listed.Refusals[0], words);
    }

    private static async Task<IResult> ProofAsync(Guid eventId, HttpContext http, GetInclusionProof proof, IStringLocalizer<RefusalWords> words)
    {
        var ct = http.RequestAborted;
        var proved = await proof.ExecuteAsync(new InclusionQuery(eventId), await CurrentActor.OfAsync(http, ct), ct);
        if (!proved.Succeeded)
            return Problem(proved.Refusals[0], words);
        var found = proved.Value;
        return Results.Json(new
        {
            event_id = found.EventId,
            state = found.State.ToString(),
            position = found.Position,
            leaf_hash = found.LeafHash is { } hash ? Convert.ToHexStringLower(hash) : null,
            proof = found.Hashes.Select(Convert.ToBase64String),
            checkpoint = found.Note,
            in_log_since = found.Since?.UtcDateTime,
            fault = found.Fault,
        });
    }

    private static async Task<IResult> ConsistencyAsync(HttpContext http, GetConsistencyProof proof, IStringLocalizer<RefusalWords> words, long? from, long? to)
    {
        var ct = http.RequestAborted;
        var proved = await proof.ExecuteAsync(new ConsistencyQuery(from ?? -1, to ?? -1), await CurrentActor.OfAsync(http, ct), ct);
        return proved.Succeeded
            ? Results.Json(new { from = proved.Value.From, to = proved.Value.To, proof = proved.Value.Hashes.Select(Convert.ToBase64String) })
            : Problem(proved.Refusals[0], words);
    }

    private static IResult Text(string text) => Results.Text(text, "text/plain; charset=utf-8");

    private static IResult Problem(Refusal refusal, IStringLocalizer<RefusalWords> words)
    {
        var text = RefusalText.Of(refusal, words);
        var status = refusal.Code switch
        {
            RefusalCode.SignedOut or RefusalCode.RoleMissing => StatusCodes.Status403Forbidden,
            RefusalCode.NotFound => StatusCodes.Status404NotFound,
            _ => StatusCodes.Status400BadRequest,
        };
        return Results.Problem(title: text.Message, detail: text.WhatToDo, statusCode: status, extensions: new Dictionary<string, object?> { ["code"] = refusal.Code, ["field"] = refusal.Field });
    }
}
