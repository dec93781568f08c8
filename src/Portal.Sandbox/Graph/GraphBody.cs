using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Portal.Sandbox.Graph;

/// <summary>A call's JSON body, or null when there is none that can be read. Reading never answers by itself: who calls is checked first.</summary>
internal sealed record GraphBody<T>(T? Value) where T : class
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>Called by the framework for a handler's parameter.</summary>
    public static async ValueTask<GraphBody<T>> BindAsync(HttpContext context)
    {
        try
        {
            return new GraphBody<T>(await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Options, context.RequestAborted));
        }
        catch (JsonException)
        {
            return new GraphBody<T>((T?)null);
        }
    }
}

/// <summary>What bodies have in common.</summary>
internal static class GraphBody
{
    /// <summary>The refusal of a list of ids that holds something else; null when all are ids.</summary>
    public static GraphError? NoGuidIn(IEnumerable<string?> ids)
    {
        foreach (var id in ids)
            if (!Guid.TryParse(id, out _)) return GraphError.BadRequest($"Invalid GUID: {id ?? "null"}");
        return null;
    }
}
