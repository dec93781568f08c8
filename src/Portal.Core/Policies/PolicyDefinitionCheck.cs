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
        faults.AddRange(JoinableDeciders(policies, section));
        return faults;
    }

    private static IEnumerable<string> JoinableDeciders(IReadOnlyList<PolicyDefinition> policies, string section)
    {
        for (var i = 0; i < policies.Count; i++)
            if (policies[i].Choice.GroupId is { } group && policies.Any(p => p.Eligible.Concat(p.Approvers).Any(g => g.Id == group)))
                // Whoever could join the deciders by asking would decide for themselves, under this policy or another.
                yield return $"{section}:{i}:ProviderGroup must be neither among Eligible nor among Approvers of any policy: membership would decide about membership.";
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
        if (policy.LongestWindow < policy.LeastWindow || policy.LongestWindow > PolicyDefinition.LongestWindowEver)
            yield return $"{key}:LongestWindow must lie between {policy.LeastWindow} and {PolicyDefinition.LongestWindowEver}.";
        if (policy.LapsesAfter < TimeSpan.FromMinutes(5) || policy.LapsesAfter > TimeSpan.FromDays(30))
            yield return $"{key}:LapsesAfter must lie between 00:05:00 and 30.00:00:00.";
        foreach (var fault in ProviderFaultsOf(policy, key))
            yield return fault;
    }

    private static IEnumerable<string> ProviderFaultsOf(PolicyDefinition policy, string key)
    {
        if (!Enum.IsDefined(policy.Provider))
            yield return $"{key}:Provider must be one of {string.Join(", ", Enum.GetNames<GrantProvider>())}.";
        if (policy.Provider != GrantProvider.GroupMembership)
        {
            if (policy.ProviderGroup is not null)
                yield return $"{key}:ProviderGroup is for the provider {GrantProvider.GroupMembership}.";
            yield break;
        }

        if (policy.ProviderGroup is null || policy.ProviderGroup.Id == Guid.Empty)
            yield return $"{key}:ProviderGroup must name the group that holds the role, by its object id.";
        // A membership gives all that the group holds: what was approved must not be less than what is given.
        if (!policy.WholeVault || policy.Secrets.Count > 0)
            yield return $"{key}: a membership cannot be narrower than what its group holds, so with {GrantProvider.GroupMembership} WholeVault must be true and Secrets be left out.";
        if (policy.Roles.Count != 1)
            yield return $"{key}:Roles must name the one role that the group holds.";
    }
}
