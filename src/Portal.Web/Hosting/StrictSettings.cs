using System.Globalization;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Memory;

namespace Portal.Web.Hosting;

/// <summary>In which form a setting is read.</summary>
public enum SettingForm
{
    /// <summary>One value.</summary>
    Value,

    /// <summary>A list of texts.</summary>
    Texts,

    /// <summary>A list of sections.</summary>
    Sections,

    /// <summary>A section with keys of its own, which whoever reads it checks.</summary>
    Section,
}

/// <summary>A setting that there is.</summary>
/// <param name="Key">Its key within its section.</param>
/// <param name="Form">The form in which it is read.</param>
public sealed record KnownSetting(string Key, SettingForm Form = SettingForm.Value)
{
    /// <summary>What to do about a list with nothing in it, as the rest of a sentence; null where an empty list means what it says.</summary>
    public string? WhenEmpty { get; init; } = "name at least one.";
}

/// <summary>Reads the configuration strictly: a key that nobody reads is a fault, and so is one in a form in which it reads as if it were not there. Passed over, both leave a default in force, and that may be the widest that there is.</summary>
public static class StrictSettings
{
    /// <summary>Finds the keys of a section that there are not, and those in the wrong form.</summary>
    /// <param name="section">The section.</param>
    /// <param name="known">All settings that it may have.</param>
    /// <param name="faults">Receives a sentence for each, beginning with its key. No values of sections are repeated.</param>
    /// <param name="hint">What to say about a key that is none and that people expect; null for nothing special.</param>
    public static void Check(IConfigurationSection section, IReadOnlyList<KnownSetting> known, ICollection<string> faults, Func<string, string?>? hint = null)
    {
        foreach (var child in section.GetChildren())
            if (known.FirstOrDefault(k => k.Key.Equals(child.Key, StringComparison.OrdinalIgnoreCase)) is { } setting)
                CheckForm(child, setting, faults);
            else
                faults.Add($"{child.Path}: {hint?.Invoke(child.Key) ?? NoSuchSetting(child.Key, known)}");
    }

    /// <summary>Finds out whether a setting is in the form in which it is read.</summary>
    /// <param name="setting">What is configured.</param>
    /// <param name="known">How it is read.</param>
    /// <param name="faults">Receives a sentence when it is not, beginning with its key.</param>
    /// <returns>True when it is.</returns>
    public static bool CheckForm(IConfigurationSection setting, KnownSetting known, ICollection<string> faults)
    {
        var entries = setting.GetChildren().ToList();
        var before = faults.Count;
        switch (known.Form)
        {
            case SettingForm.Value when entries.Count > 0:
                faults.Add($"{setting.Path}: must be one value, not a list or a section.");
                break;
            case SettingForm.Texts or SettingForm.Sections when !string.IsNullOrEmpty(setting.Value) || !entries.All(e => int.TryParse(e.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _)):
                var entry = known.Form == SettingForm.Texts && !string.IsNullOrEmpty(setting.Value) ? $"\"{setting.Value}\"" : "…";
                faults.Add($"{setting.Path}: must be a list, also with one entry: [ {entry} ], or as an environment variable {setting.Path.Replace(":", "__", StringComparison.Ordinal)}__0.");
                break;
            case SettingForm.Texts or SettingForm.Sections when entries.Count == 0 && known.WhenEmpty is { } advice:
                faults.Add($"{setting.Path}: empty; {advice}");
                break;
            case SettingForm.Texts:
                foreach (var blank in entries.Where(e => string.IsNullOrWhiteSpace(e.Value)))
                    faults.Add($"{blank.Path}: missing; must be a text.");
                break;
        }

        return faults.Count == before;
    }

    /// <summary>Finds out whether a list has entries in more than one place, such as two files. The configuration lays lists over each other entry by entry: a shorter one leaves the tail of the one below, and a section becomes a mixture of two.</summary>
    /// <param name="configuration">The configuration; what is no root knows of no places.</param>
    /// <param name="path">The list's key.</param>
    /// <param name="faults">Receives a sentence that names the places.</param>
    public static void CheckOnePlace(IConfiguration configuration, string path, ICollection<string> faults)
    {
        if (configuration is not IConfigurationRoot root)
            return;
        // An empty list that a later place fills mixes nothing. And a host may show one place twice, such as its arguments: what says the same cannot be mixed.
        var places = root.Providers.Select(p => (Name: NameOf(p), Entries: string.Join('\n', EntriesOf(p, path)))).Where(p => p.Entries.Length > 0).SkipWhile(p => p.Entries == $"{path}=").DistinctBy(p => p.Entries).ToList();
        if (places.Count > 1)
            faults.Add($"{path}: there are entries in {string.Join(" and in ", places.Select(p => p.Name))}, and entry by entry the later would be laid over the earlier. Keep all of them in one place.");
    }

    private static IEnumerable<string> EntriesOf(IConfigurationProvider provider, string path)
    {
        if (provider.TryGet(path, out var value))
            yield return $"{path}={value}";
        foreach (var key in provider.GetChildKeys([], path).Distinct(StringComparer.OrdinalIgnoreCase))
            foreach (var entry in EntriesOf(provider, ConfigurationPath.Combine(path, key)))
                yield return entry;
    }

    private static string NameOf(IConfigurationProvider provider) => provider switch
    {
        FileConfigurationProvider file => file.Source.Path ?? "a file",
        StreamConfigurationProvider => "a stream",
        EnvironmentVariablesConfigurationProvider => "the environment",
        CommandLineConfigurationProvider => "the command line",
        MemoryConfigurationProvider => "memory",
        _ => provider.ToString() ?? provider.GetType().Name,
    };

    private static string NoSuchSetting(string key, IReadOnlyList<KnownSetting> known)
    {
        var (nearest, distance) = known.Select(k => (k.Key, Distance: Distance(key, k.Key))).MinBy(k => k.Distance);
        if (distance * 3 <= nearest.Length)
            return $"there is no such setting; did you mean {nearest}?";
        return $"there is no such setting; there {(known.Count == 1 ? "is only" : "are")} {string.Join(", ", known.Select(k => k.Key))}.";
    }

    // How many letters have to be changed, put in or left out.
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var same = char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]);
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (same ? 0 : 1)));
            }
        }

        return row[other.Length];
    }
}
