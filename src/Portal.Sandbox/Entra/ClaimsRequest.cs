using System.Text.Json;

namespace Portal.Sandbox.Entra;

/// <summary>The <c>claims</c> parameter: which authentication contexts (<c>acrs</c>) are asked for, the step-up of Conditional Access.</summary>
internal static class ClaimsRequest
{
    /// <summary>The contexts (<c>c1</c> to <c>c99</c>) asked for, for the id or the access token; empty when none are, or when it is no such JSON.</summary>
    public static IReadOnlyList<string> ContextsIn(string? claims)
    {
        if (string.IsNullOrWhiteSpace(claims)) return [];
        try
        {
            using var json = JsonDocument.Parse(claims);
            return [.. Contexts(json.RootElement).Where(IsContext).Distinct(StringComparer.Ordinal)];
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The second where a text in it has something that is no character.
            return [];
        }
    }

    private static IEnumerable<string> Contexts(JsonElement root)
    {
        foreach (var token in new[] { "id_token", "access_token" })
        {
            if (Member(Member(root, token), "acrs") is not { } acrs) continue;
            if (Member(acrs, "value") is { ValueKind: JsonValueKind.String } value) yield return value.GetString()!;
            if (Member(acrs, "values") is not { ValueKind: JsonValueKind.Array } values) continue;
            foreach (var item in values.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.String)) yield return item.GetString()!;
        }
    }

    private static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } o && o.TryGetProperty(name, out var member) ? member : null;

    private static bool IsContext(string value) => value is ['c', >= '1' and <= '9'] or ['c', >= '1' and <= '9', >= '0' and <= '9'];
}
