using Portal.Core.Catalog;

namespace Portal.Core.Policies;

/// <summary>Finds what is wrong with configured policies: all of it at once, naming the key.</summary>
public static class PolicyDefinitionCheck
{
    /// <summary>Checks the policies of one configuration.</summary>
    /// <param name="policies">In the order of the configuration, which is the order of precedence.</param>
    /// <param name="section">The configuration section, for the messages.</param>
    /// <returns>A sentence per fault; empty when all is well.</returns>
    public static IReadOnlyList<string> FaultsOf(IReadOnlyList<PolicyDefinition> policies, string section = "AccessPolicies")
    {
        var faults = new List<string>();
        for (var i = 0; i < policies.Count; i++)
            faults.AddRange(FaultsOf(policies[i], $"{section}:{i}"));
        faults.AddRange(policies.GroupBy(p => p.Name, StringComparer.OrdinalIgnoreCase).Where(g => g.Key.Length > 0 && g.Count() > 1)
            .Select(g => $"{section}: the name '{g.Key}' is used {g.Count()} times; a policy's name must be unique."));
        return faults;
    }

    private static IEnumerable<string> FaultsOf(PolicyDefinition policy, string key)
    {
        if (string.IsNullOrWhiteSpace(policy.Name) || policy.Name.Length > 100)
            yield return $"{key}:Name must have 1 to 100 characters.";
        if (policy.Vaults.Count == 0 || policy.Vaults.Any(string.IsNullOrWhiteSpace))
            yield return $"{key}:Vaults must name at least one vault; * stands for any.";
        if (policy.Secrets.Count == 0 && !policy.WholeVault)
            yield return $"{key}:Secrets must name at least one secret, or WholeVault must be true.";
        if (policy.Roles.Count == 0)
            yield return $"{key}:Roles must name at least one role.";
        foreach (var role in policy.Roles.Where(r => GrantableRole.Find(r) is null))
            yield return $"{key}:Roles names '{role}'. The portal grants only: {string.Join(", ", GrantableRole.All.Select(r => r.Name))}.";
        if (policy.Eligible.Count == 0 || policy.Eligible.Any(g => g.Id == Guid.Empty))
            yield return $"{key}:Eligible must name at least one group by its object id.";
        if (policy.Approvers.Count == 0 || policy.Approvers.Any(g => g.Id == Guid.Empty))
            yield return $"{key}:Approvers must name at least one group by its object id; nothing is approved by nobody.";
        if (policy.LongestWindow < PolicyDefinition.ShortestWindow || policy.LongestWindow > PolicyDefinition.LongestWindowEver)
            yield return $"{key}:LongestWindow must lie between {PolicyDefinition.ShortestWindow} and {PolicyDefinition.LongestWindowEver}.";
        if (policy.LapsesAfter < TimeSpan.FromMinutes(5) || policy.LapsesAfter > TimeSpan.FromDays(30))
            yield return $"{key}:LapsesAfter must lie between 00:05:00 and 30.00:00:00.";
    }
}
