using System.Collections.Immutable;

namespace Portal.Sandbox.ResourceManager;

/// <summary>The api-versions that Resource Manager takes, by resource type.</summary>
internal static class ApiVersions
{
    // Oldest first. Of Azure's own lists: those whose answers look as the sandbox's do.
    private static readonly ImmutableArray<string> Resources =
    [
        "2015-11-01", "2016-06-01", "2018-05-01", "2019-05-01", "2019-06-01", "2019-07-01", "2019-10-01", "2019-11-01", "2020-01-01", "2020-06-01", "2020-10-01",
        "2021-01-01", "2021-04-01", "2022-01-01", "2022-09-01", "2022-12-01", "2023-07-01", "2024-03-01", "2024-07-01", "2024-11-01", "2025-03-01", "2025-04-01",
    ];

    private static readonly ImmutableArray<string> RoleAssignments = ["2015-07-01", "2018-01-01-preview", "2018-07-01", "2018-09-01-preview", "2020-04-01-preview", "2020-08-01-preview", "2020-10-01-preview", "2022-04-01"];
    private static readonly ImmutableArray<string> Usage = ["2019-08-01-preview"];
    private static readonly ImmutableArray<string> Schedules = ["2020-10-01-preview", "2020-10-01", "2022-04-01-preview"];
    private static readonly ImmutableArray<string> RoleDefinitions = ["2015-07-01", "2018-01-01-preview", "2018-07-01", "2022-04-01", "2022-05-01-preview"];
    private static readonly ImmutableArray<string> Locks = ["2016-09-01", "2017-04-01", "2020-05-01"];
    private static readonly ImmutableArray<string> Vaults = ["2021-10-01", "2022-07-01", "2022-11-01", "2023-02-01", "2023-07-01", "2024-04-01-preview", "2024-11-01", "2024-12-01-preview", "2025-05-01", "2026-02-01"];

    /// <summary>The providers that the sandbox has, spelled as Azure does.</summary>
    public static ImmutableArray<string> Providers { get; } = ["Microsoft.Authorization", "Microsoft.KeyVault", "Microsoft.Resources"];

    /// <summary>The types of a provider, each with its versions; empty for a provider that the sandbox does not have.</summary>
    public static IEnumerable<(string Type, ImmutableArray<string> Versions)> Of(string provider) => provider.ToUpperInvariant() switch
    {
        "MICROSOFT.AUTHORIZATION" => [("roleAssignments", RoleAssignments), ("roleDefinitions", RoleDefinitions), ("locks", Locks), ("roleAssignmentsUsageMetrics", Usage),
            ("roleAssignmentScheduleRequests", Schedules), ("roleAssignmentSchedules", Schedules), ("roleAssignmentScheduleInstances", Schedules)],
        "MICROSOFT.KEYVAULT" => [("vaults", Vaults)],
        "MICROSOFT.RESOURCES" => [("subscriptions", Resources), ("resourceGroups", Resources), ("resources", Resources), ("tenants", Resources), ("providers", Resources)],
        _ => [],
    };

    /// <summary>Refuses a version that a type does not have.</summary>
    /// <exception cref="ArmException">400.</exception>
    public static void Demand(ArmCall call, string provider, string type)
    {
        if (call.ApiVersion.Length == 0)
            throw new ArmException(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.");
        var versions = Of(provider).First(t => t.Type == type).Versions;
        if (versions.Contains(call.ApiVersion, StringComparer.OrdinalIgnoreCase)) return;
        var list = string.Join(", ", versions);
        throw provider == "Microsoft.Resources"
            ? new ArmException(400, "InvalidApiVersionParameter", $"The api-version '{call.ApiVersion}' is invalid. The supported versions are '{list.Replace(" ", "", StringComparison.Ordinal)}'.")
            : new ArmException(400, "NoRegisteredProviderFound",
                $"No registered resource provider found for location 'westeurope' and API version '{call.ApiVersion}' for type '{type}'. The supported api-versions are '{list}'. The supported locations are ', westeurope'.");
    }
}
