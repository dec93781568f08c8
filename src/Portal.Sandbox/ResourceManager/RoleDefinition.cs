using System.Collections.Immutable;

namespace Portal.Sandbox.ResourceManager;

/// <summary>What a role allows. Patterns may hold <c>*</c>, which stands for any characters, slashes included.</summary>
/// <param name="Id">GUID of the role.</param>
/// <param name="RoleName">Name for display, unique.</param>
/// <param name="Description">What it is for.</param>
public sealed record RoleDefinition(Guid Id, string RoleName, string Description)
{
    /// <summary>Allowed on resources, through Resource Manager.</summary>
    public ImmutableArray<string> Actions { get; init; } = [];

    /// <summary>Taken out of <see cref="Actions"/>.</summary>
    public ImmutableArray<string> NotActions { get; init; } = [];

    /// <summary>Allowed on data, such as secrets.</summary>
    public ImmutableArray<string> DataActions { get; init; } = [];

    /// <summary>Taken out of <see cref="DataActions"/>.</summary>
    public ImmutableArray<string> NotDataActions { get; init; } = [];

    /// <summary>Holds for every assignment of the role, besides the assignment's own; null when there is none.</summary>
    public AbacCondition? Condition { get; init; }

    /// <summary>False for a role that the company made.</summary>
    public bool IsBuiltIn { get; init; } = true;

    /// <summary>Whether the role, its condition left aside, allows an action on a resource.</summary>
    public bool AllowsAction(string action) => Any(Actions, action) && !Any(NotActions, action);

    /// <summary>Whether the role, its condition left aside, allows an action on data.</summary>
    public bool AllowsDataAction(string action) => Any(DataActions, action) && !Any(NotDataActions, action);

    /// <summary>Whether an action fits a pattern, without regard to case.</summary>
    public static bool Matches(string pattern, string action) => Wildcards.Match(
        pattern.Length, action.Length, p => pattern[p] == '*', (p, a) => char.ToUpperInvariant(pattern[p]) == char.ToUpperInvariant(action[a]));

    private static bool Any(ImmutableArray<string> patterns, string action)
    {
        foreach (var pattern in patterns)
            if (Matches(pattern, action)) return true;
        return false;
    }
}
