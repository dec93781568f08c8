using System.Globalization;
using System.Text.Json;

namespace Portal.Tests.Audit;

/// <summary>What the published schema says of the classes and objects that the portal writes; <c>Data/ocsf-1.3.0.json</c> says where it is from.</summary>
internal static class OcsfSchema
{
    private static readonly JsonElement Facts = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "ocsf-1.3.0.json"))).RootElement;

    /// <summary>What is wrong with a line; nothing when it is an event of the schema.</summary>
    public static List<string> FaultsOf(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var kind = root.GetProperty("class_uid").GetInt32().ToString(CultureInfo.InvariantCulture);
        if (!Facts.GetProperty("classes").TryGetProperty(kind, out var type))
            return [$"{kind} is no class"];
        var faults = new List<string>();
        var host = root.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty("profiles", out var profiles) && profiles.EnumerateArray().Any(p => p.GetString() == "host");
        Check(root, kind, type, host, faults);
        if (root.GetProperty("category_uid").GetInt32() != root.GetProperty("class_uid").GetInt32() / 1000)
            faults.Add($"{kind}: category_uid is not the class's");
        if (root.GetProperty("type_uid").GetInt64() != (root.GetProperty("class_uid").GetInt64() * 100) + root.GetProperty("activity_id").GetInt64())
            faults.Add($"{kind}: type_uid is not class and activity");
        if (metadata.TryGetProperty("version", out var version) && version.GetString() != Facts.GetProperty("version").GetString())
            faults.Add($"metadata: version is not {Facts.GetProperty("version").GetString()}");
        return faults;
    }

    private static void Check(JsonElement it, string name, JsonElement type, bool host, List<string> faults)
    {
        foreach (var required in Names(type, "required").Where(r => !it.TryGetProperty(r, out _)))
            faults.Add($"{name}: {required} is missing");
        var known = Names(type, "attributes").Concat(host ? Names(type, "host_profile") : []).ToHashSet();
        foreach (var member in it.EnumerateObject())
        {
            if (!known.Contains(member.Name))
                faults.Add($"{name}: {member.Name} is unknown");
            if (type.GetProperty("enums").TryGetProperty(member.Name, out var values) && values.EnumerateArray().All(v => v.GetInt32() != member.Value.GetInt32()))
                faults.Add($"{name}: {member.Name} cannot be {member.Value}");
            // What is unmapped is of no shape.
            if (member.Value.ValueKind == JsonValueKind.Object && Facts.GetProperty("types").TryGetProperty(member.Name, out var of))
                Check(member.Value, member.Name, Facts.GetProperty("objects").GetProperty(of.GetString()!), host: false, faults);
            if (member.Value.ValueKind is JsonValueKind.Null || member.Value is { ValueKind: JsonValueKind.String } text && text.GetString() is "")
                faults.Add($"{name}: {member.Name} is empty");
        }

        if (!type.TryGetProperty("constraints", out var constraints))
            return;
        if (Names(constraints, "at_least_one") is { Count: > 0 } some && !some.Exists(s => it.TryGetProperty(s, out _)))
            faults.Add($"{name}: at least one of {string.Join(", ", some)}");
        if (Names(constraints, "just_one") is { Count: > 0 } one && one.Count(s => it.TryGetProperty(s, out _)) != 1)
            faults.Add($"{name}: just one of {string.Join(", ", one)}");
    }

    private static List<string> Names(JsonElement of, string list) =>
        of.TryGetProperty(list, out var names) ? [.. names.EnumerateArray().Select(n => n.GetString()!)] : [];
}
