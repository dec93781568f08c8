using Microsoft.Extensions.Localization;
using Portal.Core.Policies;
using Portal.Web.Components;
using Portal.Web.Resources;

namespace Portal.Web.Policies;

/// <summary>One fact of a policy in words.</summary>
/// <param name="Name">The word for what it is about: a key of <see cref="PolicyWords"/>.</param>
/// <param name="Value">What it says.</param>
public sealed record PolicyFact(string Name, string Value);

/// <summary>A fact that a new version of a policy says differently.</summary>
/// <param name="Name">The word for what it is about.</param>
/// <param name="Before">What the version before said.</param>
/// <param name="After">What the version after says.</param>
public sealed record PolicyChange(string Name, string Before, string After);

/// <summary>Policies in words.</summary>
public static class PolicyText
{
    /// <summary>All that a policy says, in the order in which people ask.</summary>
    public static IReadOnlyList<PolicyFact> FactsOf(PolicyDefinition rule, IStringLocalizer<PolicyWords> words, IStringLocalizer<ShellWords> shell) =>
    [
        new("Vaults", rule.Vaults is ["*"] ? words["Vaults.AllOf"] : List(rule.Vaults)),
        new("Secrets", Secrets(rule, words)),
        new("Roles", List(rule.Roles)),
        new("Eligible", List(rule.Eligible.Select(g => g.Name))),
        new("Approvers", List(rule.Approvers.Select(g => g.Name))),
        new("Longest", RelativeTime.Length(rule.LongestWindow, shell)),
        new("Ticket", words[rule.RequiresTicket ? "Ticket.Needed" : "Ticket.Optional"]),
        new("Lapses", RelativeTime.Length(rule.LapsesAfter, shell)),
        new("Provider", words[$"Provider.{rule.Provider}", rule.ProviderGroup?.Name ?? ""]),
    ];

    /// <summary>What one version says differently from another; empty when they say the same.</summary>
    public static IReadOnlyList<PolicyChange> ChangesBetween(PolicyDefinition before, PolicyDefinition after, IStringLocalizer<PolicyWords> words, IStringLocalizer<ShellWords> shell)
    {
        var old = FactsOf(before, words, shell).Append(new PolicyFact("Description", before.Description));
        var now = FactsOf(after, words, shell).Append(new PolicyFact("Description", after.Description));
        return [.. old.Zip(now, (o, n) => new PolicyChange(o.Name, o.Value, n.Value)).Where(c => c.Before != c.After)];
    }

    private static string Secrets(PolicyDefinition rule, IStringLocalizer<PolicyWords> words)
    {
        if (rule.Secrets.Count == 0)
            return words["WholeVault.Only"];
        var secrets = rule.Secrets is ["*"] ? words["Secrets.All"].Value : List(rule.Secrets);
        return rule.WholeVault ? $"{secrets}, {words["WholeVault"]}" : secrets;
    }

    private static string List(IEnumerable<string> names) => string.Join(", ", names);
}
