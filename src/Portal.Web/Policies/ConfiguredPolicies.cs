using System.Globalization;
using Portal.Core.Catalog;
using Portal.Core.Policies;

namespace Portal.Web.Policies;

/// <summary>Reads the access policies of the configuration.</summary>
public static class ConfiguredPolicies
{
    /// <summary>The configuration section.</summary>
    public const string Section = "AccessPolicies";

    /// <summary>Reads them, in order of precedence.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="faults">Receives a sentence for each thing that cannot be read or is not valid, naming its key.</param>
    public static IReadOnlyList<PolicyDefinition> Read(IConfiguration configuration, ICollection<string> faults)
    {
        var policies = new List<PolicyDefinition>();
        foreach (var entry in configuration.GetSection(Section).GetChildren())
            policies.Add(ReadOne(entry, faults));
        foreach (var fault in PolicyDefinitionCheck.FaultsOf(policies, Section))
            faults.Add(fault);
        return policies;
    }

    private static PolicyDefinition ReadOne(IConfigurationSection entry, ICollection<string> faults)
    {
        var provider = Provider(entry, faults);
        return new PolicyDefinition
        {
            Name = entry["Name"] ?? "",
            Description = entry["Description"] ?? "",
            Vaults = Strings(entry, "Vaults") ?? [],
            // A membership is never about single secrets.
            Secrets = Strings(entry, "Secrets") ?? (provider == GrantProvider.GroupMembership ? [] : ["*"]),
            WholeVault = Flag(entry, "WholeVault", faults),
            Roles = Strings(entry, "Roles") ?? [],
            Eligible = Groups(entry, "Eligible", faults),
            Approvers = Groups(entry, "Approvers", faults),
            LongestWindow = Span(entry, "LongestWindow", TimeSpan.FromHours(8), faults),
            RequiresTicket = Flag(entry, "RequiresTicket", faults),
            LapsesAfter = Span(entry, "LapsesAfter", TimeSpan.FromHours(24), faults),
            Provider = provider,
            ProviderGroup = entry.GetSection("ProviderGroup").Exists() ? Group(entry.GetSection("ProviderGroup"), faults) : null,
        };
    }

    private static List<string>? Strings(IConfigurationSection entry, string key) =>
        entry.GetSection(key).GetChildren().Select(c => c.Value ?? "").ToList() is { Count: > 0 } values ? values : null;

    private static List<PolicyGroup> Groups(IConfigurationSection entry, string key, ICollection<string> faults)
    {
        var groups = new List<PolicyGroup>();
        foreach (var group in entry.GetSection(key).GetChildren())
            groups.Add(Group(group, faults));
        return groups;
    }

    private static PolicyGroup Group(IConfigurationSection group, ICollection<string> faults)
    {
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

    private static bool Flag(IConfigurationSection entry, string key, ICollection<string> faults)
    {
        if (string.IsNullOrEmpty(entry[key]))
            return false;
        if (!bool.TryParse(entry[key], out var value))
            faults.Add($"{entry.Path}:{key} must be true or false.");
        return value;
    }

    private static TimeSpan Span(IConfigurationSection entry, string key, TimeSpan otherwise, ICollection<string> faults)
    {
        if (string.IsNullOrEmpty(entry[key]))
            return otherwise;
        if (!TimeSpan.TryParse(entry[key], CultureInfo.InvariantCulture, out var value))
            faults.Add($"{entry.Path}:{key} must be a time span such as 08:00:00 or 1.00:00:00.");
        return value;
    }
}
