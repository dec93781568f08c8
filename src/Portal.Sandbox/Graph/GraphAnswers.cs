using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Portal.Sandbox.Graph;

/// <summary>Answers under the OData options of the call: <c>$select</c>, <c>$filter</c>, <c>$top</c>, <c>$skiptoken</c>, <c>$count</c>.</summary>
internal static class GraphAnswers
{
    private const int DefaultPage = 100;
    private const int LargestPage = 999;
    private static readonly string[] Known = ["$select", "$filter", "$top", "$skiptoken", "$count"];

    // What Graph takes without the dollar at some of its addresses.
    private static readonly string[] WithoutDollar = ["select", "filter", "top", "skip", "skiptoken", "count", "expand", "orderby", "search", "format"];

    /// <summary>One object. With <paramref name="typed"/> it says its type, as it does where the address does not say it.</summary>
    public static IResult One(HttpContext context, string entitySet, Dictionary<string, object?> item, bool typed = false)
    {
        if (Unsupported(context.Request.Query, entitySet) is { } error) return error;
        var shown = new Dictionary<string, object?> { ["@odata.context"] = Context(entitySet + "/$entity") };
        foreach (var (name, value) in Select(context, item, typed)) shown[name] = value;
        return Results.Json(shown);
    }

    /// <summary>
    /// One page of a list. With <paramref name="typed"/> each item says its type, as lists of mixed objects do. Without <paramref name="paged"/> all
    /// come at once: where the address is an action, a page after the first could not be asked for.
    /// </summary>
    public static IResult List(HttpContext context, string entitySet, IEnumerable<Dictionary<string, object?>> items, bool typed = false, bool paged = true)
    {
        var query = context.Request.Query;
        if (Unsupported(query, entitySet) is { } unsupported) return unsupported;
        // Who says so is answered from the index that counts, and that knows more operators; a count is for them alone, and silently so.
        var counts = query["$count"] == "true" && string.Equals(context.Request.Headers["ConsistencyLevel"], "eventual", StringComparison.OrdinalIgnoreCase);
        var all = items.ToList();
        if (query.TryGetValue("$filter", out var filter))
        {
            var (predicate, error) = GraphFilter.Parse(filter.ToString(), GraphType.Of(entitySet), counts);
            if (predicate is null) return error!;
            all = [.. all.Where(predicate)];
        }

        if (!TryNumber(query["$top"], DefaultPage, 1, LargestPage, out var top)) return GraphError.BadRequest($"Invalid page size specified: '{query["$top"]}'. Must be between 1 and 999 inclusive.");
        if (!TryNumber(query["$skiptoken"], 0, 0, int.MaxValue, out var skip)) return new GraphError(StatusCodes.Status400BadRequest, "Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be included in your request.");

        if (!paged) (top, skip) = (all.Count, 0);

        var answer = new Dictionary<string, object?> { ["@odata.context"] = Context(entitySet) };
        if (counts) answer["@odata.count"] = all.Count;
        if (all.Count - skip > top) answer["@odata.nextLink"] = NextLink(context.Request, skip + top);
        answer["value"] = all.Skip(skip).Take(top).Select(i => Select(context, i, typed)).ToArray();
        return Results.Json(answer);
    }

    /// <summary>The result of an action that gives a list of values.</summary>
    public static IResult Values(string type, IEnumerable<object> values) =>
        Results.Json(new Dictionary<string, object> { ["@odata.context"] = Context($"Collection({type})"), ["value"] = values.ToArray() });

    private static Dictionary<string, object?> Select(HttpContext context, Dictionary<string, object?> item, bool typed = false)
    {
        var wanted = Selected(context.Request.Query) ?? GraphShapes.DefaultsOf(item);
        var all = wanted is null || wanted.Contains("*");
        return item.Where(p => p.Key == "@odata.type" ? typed : all || wanted!.Contains(p.Key, StringComparer.OrdinalIgnoreCase)).ToDictionary();
    }

    private static string[]? Selected(IQueryCollection query) =>
        query.TryGetValue("$select", out var select) ? select.ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : null;

    private static GraphError? Unsupported(IQueryCollection query, string entitySet)
    {
        if (query.Keys.FirstOrDefault(k => (k.StartsWith('$') && !Known.Contains(k)) || WithoutDollar.Contains(k, StringComparer.OrdinalIgnoreCase)) is { } key) return GraphError.UnsupportedQuery($"The sandbox does not know the query option '{key}'.");
        var type = GraphType.Of(entitySet);
        // Graph's own words, and then ours: what Graph may have and the sandbox has not would otherwise look like the caller's mistake.
        return Selected(query)?.FirstOrDefault(p => p != "*" && !type.Has(p)) is { } unknown
            ? new GraphError(StatusCodes.Status400BadRequest, "BadRequest", $"Parsing OData Select and Expand failed: Could not find a property named '{unknown}' on type '{type.Name}'. The sandbox has none of that name, also where Graph has one.")
            : null;
    }

    private static string NextLink(HttpRequest request, int offset)
    {
        var query = new QueryBuilder(request.Query.Where(q => q.Key != "$skiptoken").SelectMany(q => q.Value, (q, v) => KeyValuePair.Create(q.Key, v ?? "")))
        {
            { "$skiptoken", offset.ToString(CultureInfo.InvariantCulture) },
        };
        return $"{request.Scheme}://{request.Host}{request.Path}{query.ToQueryString()}";
    }

    private static bool TryNumber(string? text, int otherwise, int least, int most, out int number)
    {
        number = otherwise;
        return string.IsNullOrEmpty(text) || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most);
    }

    private static string Context(string what) => $"https://graph.microsoft.com/v1.0/$metadata#{what}";
}
