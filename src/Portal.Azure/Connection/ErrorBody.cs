using System.Text.Json;

namespace Portal.Azure.Connection;

/// <summary>The error that Resource Manager, Key Vault and Graph all send as <c>{"error":{"code","message"}}</c>.</summary>
internal sealed record ErrorBody(string? Code, string? Message)
{
    /// <summary>Reads a body that may be anything.</summary>
    /// <param name="body">The bytes.</param>
    /// <param name="isObject">Whether it is a whole JSON object at all.</param>
    /// <returns>Null when it holds no error with a code or a message.</returns>
    internal static ErrorBody? Read(ReadOnlyMemory<byte> body, out bool isObject)
    {
        isObject = false;
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            isObject = root.ValueKind == JsonValueKind.Object;
            // A token endpoint says "error" too, with a string.
            if (!isObject || !root.TryGetProperty("error", out var error) || error.ValueKind is not (JsonValueKind.Object or JsonValueKind.String))
                return null;
            if (error.ValueKind == JsonValueKind.String)
                return new ErrorBody(error.GetString(), Text(root, "error_description"));
            var code = Text(error, "code");
            // Key Vault says Forbidden to everything and the reason one level down; the others' inner errors say less than the outer.
            if (code == "Forbidden" && error.TryGetProperty("innererror", out var inner) && inner.ValueKind == JsonValueKind.Object)
                code = Text(inner, "code") ?? code;
            return new ErrorBody(string.IsNullOrEmpty(code) ? null : code, Text(error, "message"));
        }
        catch (JsonException)
        {
            return null; // HTML, nothing, or half of something: the caller says so.
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
