using System.Text.Json.Nodes;

namespace Portal.Tests.Sandbox;

/// <summary>Checks an answer against a definition: type, required, properties, items, enum, const, $ref, additionalProperties and <c>false</c>.</summary>
internal sealed class JsonShape(string file)
{
    private readonly JsonObject _definitions = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", file)))!["definitions"]!.AsObject();

    public static JsonShape Authorization { get; } = new("authorization-2022-04-01.defs.json");

    public static JsonShape Schedules { get; } = new("authorization-2020-10-01.defs.json");

    public static JsonShape KeyVault { get; } = new("keyvault-secrets-7.6.defs.json");

    /// <summary>What does not fit; empty when all does.</summary>
    public IReadOnlyList<string> Check(string definition, JsonNode? value)
    {
        var faults = new List<string>();
        Walk(_definitions[definition] ?? throw new KeyNotFoundException(definition), value, definition, faults);
        return faults;
    }

    public void Fits(string definition, JsonNode? value) => Assert.Empty(Check(definition, value));

    private void Walk(JsonNode schema, JsonNode? value, string at, List<string> faults)
    {
        if (schema is JsonValue boolean && boolean.TryGetValue<bool>(out var allowed))
        {
            if (!allowed) faults.Add($"{at}: must not be there");
            return;
        }

        var rules = schema.AsObject();
        if (rules["$ref"] is { } reference)
        {
            Walk(_definitions[reference.GetValue<string>()["#/definitions/".Length..]]!, value, at, faults);
            return;
        }

        var types = rules["type"] switch { null => [], JsonArray many => many.Select(t => t!.GetValue<string>()).ToList(), var one => [one.GetValue<string>()] };
        if (types.Count > 0 && !types.Contains(TypeOf(value)) && !(TypeOf(value) == "integer" && types.Contains("number"))) faults.Add($"{at}: is {TypeOf(value)}, not {string.Join(" or ", types)}");
        if (rules["const"] is { } fix && !JsonNode.DeepEquals(fix, value)) faults.Add($"{at}: is not {fix}");
        if (rules["enum"] is JsonArray choice && !choice.Any(c => JsonNode.DeepEquals(c, value))) faults.Add($"{at}: {value} is none of {choice.ToJsonString()}");
        if (rules["format"]?.GetValue<string>() == "date-time" && !DateTimeOffset.TryParse(value?.GetValue<string>(), out _)) faults.Add($"{at}: is no date-time");

        if (value is JsonObject found)
        {
            foreach (var name in (rules["required"] as JsonArray ?? []).Select(n => n!.GetValue<string>()))
                if (!found.ContainsKey(name)) faults.Add($"{at}.{name}: is missing");
            foreach (var (name, child) in found)
            {
                if (rules["properties"]?[name] is { } known) Walk(known, child, $"{at}.{name}", faults);
                else if (rules["additionalProperties"] is { } other) Walk(other, child, $"{at}.{name}", faults);
            }
        }

        if (value is JsonArray items && rules["items"] is { } item)
            for (var i = 0; i < items.Count; i++) Walk(item, items[i], $"{at}[{i}]", faults);
    }

    private static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or System.Text.Json.JsonValueKind.Null => "null",
        System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => "boolean",
        System.Text.Json.JsonValueKind.Number => value.ToJsonString().Contains('.', StringComparison.Ordinal) ? "number" : "integer",
        System.Text.Json.JsonValueKind.String => "string",
        System.Text.Json.JsonValueKind.Array => "array",
        _ => "object",
    };
}

public sealed class JsonShapeTests
{
    [Theory]
    [InlineData("SecretItem", """{"id":"x","attributes":{},"value":"leak"}""")]
    [InlineData("SecretItem", """{"id":"x"}""")]
    [InlineData("SecretListResult", """{"value":[{"id":1,"attributes":{}}]}""")]
    [InlineData("SecretBundle", """{"id":"x","value":"v","attributes":{"recoveryLevel":"Maybe"}}""")]
    [InlineData("SecretBundle", """{"id":"x","value":"v","tags":{"a":1}}""")]
    public void A_wrong_shape_is_found(string definition, string json) => Assert.NotEmpty(JsonShape.KeyVault.Check(definition, JsonNode.Parse(json)));

    [Fact]
    public void A_wrong_constant_is_found() =>
        Assert.NotEmpty(JsonShape.Authorization.Check("RoleAssignment", JsonNode.Parse("""{"id":"i","name":"n","type":"other","properties":{"roleDefinitionId":"r","principalId":"p"}}""")));
}
