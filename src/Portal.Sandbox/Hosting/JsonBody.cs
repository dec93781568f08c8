using System.Text.Json;
using System.Text.Json.Nodes;

namespace Portal.Sandbox.Hosting;

/// <summary>Bodies of calls as JSON whose texts are texts: a name that stands twice, or an escape or a byte that is no character, would only be found out where it is read, and be a fault there.</summary>
internal static class JsonBody
{
    private static readonly JsonDocumentOptions OneOfEachName = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a body.</summary>
    /// <returns>Null for the JSON <c>null</c>.</returns>
    /// <exception cref="JsonException">It is no such JSON.</exception>
    public static async Task<JsonNode?> ReadAsync(Stream body, CancellationToken ct)
    {
        try
        {
            var node = await JsonNode.ParseAsync(body, documentOptions: OneOfEachName, cancellationToken: ct);
            ReadTexts(node);
            return node;
        }
        catch (InvalidOperationException fault)
        {
            throw new JsonException("A text in it has something that is no character.", fault);
        }
    }

    // No deeper than the parser went.
    private static void ReadTexts(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var (_, member) in members) ReadTexts(member);
                break;
            case JsonArray items:
                foreach (var item in items) ReadTexts(item);
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                value.GetValue<string>();
                break;
        }
    }
}
