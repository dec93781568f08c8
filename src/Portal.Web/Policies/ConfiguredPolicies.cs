using System.Globalization;
using System.Text.RegularExpressions;
using Portal.Core.Catalog;
using Portal.Core.Policies;
using Portal.Web.Hosting;

namespace Portal.Web.Policies;

/// <summary>Reads the access policies of the configuration.</summary>
public static partial class ConfiguredPolicies
{
    /// <summary>The configuration section.</summary>
    public const string Section = "AccessPolicies";

    private const string WholeVault = "WholeVault";

    private static readonly KnownSetting[] Known =
    [
        new("Name"),
        new("Description"),
        new("Vaults", SettingForm.Texts),
        new("Secrets", SettingForm.Texts) { WhenEmpty = $"name at least one secret, or leave it out. For the vault as a whole and no single secrets, leave it out and set {WholeVault} to \"only\"." },
        new(WholeVault),
        new("Roles", SettingForm.Texts),
        new("Eligible", SettingForm.Sections),
        new("Approvers", SettingForm.Sections),
        new("LongestWindow"),
        new("RequiresTicket"),
        new("LapsesAfter"),
        new("Provider"),
        new("ProviderGroup", SettingForm.Section),
    ];

    private static readonly KnownSetting[] KnownOfGroup = [new("Id"), new("Name")];

    /// <summary>Reads them, in order of precedence.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="faults">Receives a sentence for each thing that cannot be read, would be passed over or is not valid, naming its key.</param>
    public static IReadOnlyList<PolicyDefinition> Read(IConfiguration configuration, ICollection<string> faults)
    {
        var policies = new List<PolicyDefinition>();
        var section = configuration.GetSection(Section);
        StrictSettings.CheckOnePlace(configuration, Section, faults);
        if (!StrictSettings.CheckForm(section, new KnownSetting(Section, SettingForm.Sections) { WhenEmpty = null }, faults))
            return policies;
        var found = new List<string>();
        foreach (var entry in section.GetChildren())
            policies.Add(ReadOne(entry, found));
        // What could not be read is not said a second time in other words.
        foreach (var fault in PolicyDefinitionCheck.FaultsOf(policies, Section).Where(f => !IsSaid(f, found)).ToList())
            found.Add(fault);
        foreach (var fault in found)
            faults.Add(fault);
        return policies;
    }

    private static bool IsSaid(string fault, List<string> found)
    {
        var key = fault[..fault.IndexOf(' ', StringComparison.Ordinal)].TrimEnd(':');
        // One setting of one policy; what is about more than that is always said.
        return key.Count(c => c == ':') >= 2 && found.Any(f => f.StartsWith(key + ":", StringComparison.Ordinal) || f.StartsWith(key + " ", StringComparison.Ordinal));
    }

    private static PolicyDefinition ReadOne(IConfigurationSection entry, ICollection<string> faults)
    {
        StrictSettings.Check(entry, Known, faults);
        var provider = Provider(entry, faults);
        var wholeVaultOnly = "only".Equals(entry[WholeVault], StringComparison.OrdinalIgnoreCase);
        var secrets = Strings(entry, "Secrets");
        if (wholeVaultOnly && secrets.Count > 0)
            faults.Add($"{entry.Path}:Secrets: must be left out where {WholeVault} is \"only\".");
        return new PolicyDefinition
        {
            Name = entry["Name"] ?? "",
            Description = entry["Description"] ?? "",
            Vaults = Strings(entry, "Vaults"),
            // A membership is never about single secrets.
            Secrets = secrets.Count > 0 || wholeVaultOnly || provider == GrantProvider.GroupMembership ? secrets : ["*"],
            WholeVault = wholeVaultOnly || Flag(entry, WholeVault, "true, false or \"only\"", faults),
            Roles = Strings(entry, "Roles"),
            Eligible = Groups(entry, "Eligible", faults),
            Approvers = Groups(entry, "Approvers", faults),
            LongestWindow = Span(entry, "LongestWindow", TimeSpan.FromHours(8), faults),
            RequiresTicket = Flag(entry, "RequiresTicket", "true or false", faults),
            LapsesAfter = Span(entry, "LapsesAfter", TimeSpan.FromHours(24), faults),
            Provider = provider,
            ProviderGroup = entry.GetSection("ProviderGroup").Exists() ? Group(entry.GetSection("ProviderGroup"), faults) : null,
        };
    }

    private static List<string> Strings(IConfigurationSection entry, string key) => [.. entry.GetSection(key).GetChildren().Select(c => c.Value ?? "")];

    private static List<PolicyGroup> Groups(IConfigurationSection entry, string key, ICollection<string> faults)
    {
        var groups = new List<PolicyGroup>();
        var section = entry.GetSection(key);
        // Said before, where the section is looked at as a whole.
        if (!StrictSettings.CheckForm(section, new KnownSetting(key, SettingForm.Sections), []))
            return groups;
        foreach (var group in section.GetChildren())
            groups.Add(Group(group, faults));
        return groups;
    }

    private static PolicyGroup Group(IConfigurationSection group, ICollection<string> faults)
    {
        StrictSettings.Check(group, KnownOfGroup, faults);
        if (!Guid.TryParseExact(group["Id"], "D", out var id))
            faults.Add($"{group.Path}:Id must be a group's object id, as a GUID.");
        return new PolicyGroup(id, group["Name"] is { Length: > 0 } name ? name : id.ToString());
    }

    private static GrantProvider Provider(IConfigurationSection entry, ICollection<string> faults)
    {
        if (string.IsNullOrEmpty(entry["Provider"]))
            return GrantProvider.RoleAssignment;
        // By name only: a number would be taken too, and means nothing to whoever reads it.
        if (Enum.GetNames<GrantProvider>().FirstOrDefault(n => n.Equals(entry["Provider"], StringComparison.OrdinalIgnoreCase)) is { } name)
            return Enum.Parse<GrantProvider>(name);
        faults.Add($"{entry.Path}:Provider must be one of {string.Join(", ", Enum.GetNames<GrantProvider>())}.");
        return GrantProvider.RoleAssignment;
    }

    private static bool Flag(IConfigurationSection entry, string key, string values, ICollection<string> faults)
    {
        if (string.IsNullOrEmpty(entry[key]))
            return false;
        if (!bool.TryParse(entry[key], out var value))
            faults.Add($"{entry.Path}:{key} must be {values}.");
        return value;
    }

    private static TimeSpan Span(IConfigurationSection entry, string key, TimeSpan otherwise, ICollection<string> faults)
    {
        if (string.IsNullOrEmpty(entry[key]))
            return otherwise;
        // 8 alone would be eight days, and 24:00:00 is 24 days to a parser that wants to please: both are more than was meant.
        if (Length().IsMatch(entry[key]!) && TimeSpan.TryParseExact(entry[key], "c", CultureInfo.InvariantCulture, out var value))
            return value;
        faults.Add($"{entry.Path}:{key}: '{entry[key]}' is not valid; hours:minutes:seconds below a day (08:00:00), days.hours:minutes:seconds from a day on (one day is 1.00:00:00, not 24:00:00).");
        return otherwise;
    }

    [GeneratedRegex("^([0-9]+\\.)?[0-9]{1,2}:[0-9]{2}:[0-9]{2}$")]
    private static partial Regex Length();
}
