using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Portal.Core.Catalog;

namespace Portal.Core.Policies;

/// <summary>A group as a policy names it: the id decides, the name is for people.</summary>
/// <param name="Id">The group's object id.</param>
/// <param name="Name">Its name when the policy was written.</param>
public sealed record PolicyGroup(Guid Id, string Name);

/// <summary>The rule that governs entitlements: who may ask for what, for how long, and who approves.</summary>
public sealed record PolicyDefinition
{
    /// <summary>The longest access window that any policy may allow.</summary>
    public static readonly TimeSpan LongestWindowEver = TimeSpan.FromDays(30);

    /// <summary>The shortest access window: below this, Azure's propagation eats the grant.</summary>
    public static readonly TimeSpan ShortestWindow = TimeSpan.FromMinutes(5);

    /// <summary>The shortest window that goes by a schedule. Azure takes none with less than five minutes left, and approval and call take their time.</summary>
    public static readonly TimeSpan ShortestScheduledWindow = TimeSpan.FromMinutes(10);

    /// <summary>How far ahead a window may start.</summary>
    public static readonly TimeSpan FarthestStart = TimeSpan.FromDays(30);

    private const int MostKnown = 1000;

    private static readonly ConcurrentDictionary<string, PolicyDefinition> Known = new(StringComparer.Ordinal);

    /// <summary>The policy's name; its identity across versions.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, in a sentence; empty for none.</summary>
    public string Description { get; init; } = "";

    /// <summary>Names of vaults; <c>*</c> stands for any run of characters.</summary>
    public required IReadOnlyList<string> Vaults { get; init; }

    /// <summary>Names of secrets; <c>*</c> stands for any run of characters. A policy that is to offer the whole vault says so in <see cref="WholeVault"/>.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = ["*"];

    /// <summary>Whether the vault as a whole may be asked for.</summary>
    public bool WholeVault { get; init; }

    /// <summary>The roles offered, by the name of a <see cref="GrantableRole"/>.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Who may ask.</summary>
    public required IReadOnlyList<PolicyGroup> Eligible { get; init; }

    /// <summary>Who approves: one decision of a member of any of these groups.</summary>
    public required IReadOnlyList<PolicyGroup> Approvers { get; init; }

    /// <summary>The longest access window.</summary>
    public required TimeSpan LongestWindow { get; init; }

    /// <summary>Whether a ticket number must be given.</summary>
    public bool RequiresTicket { get; init; }

    /// <summary>How long a request waits for a decision before it lapses.</summary>
    public TimeSpan LapsesAfter { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How grants reach the cloud.</summary>
    public GrantProvider Provider { get; init; }

    /// <summary>The group that holds the role, and of which holders become members; null unless <see cref="Provider"/> is <see cref="GrantProvider.GroupMembership"/>.</summary>
    public PolicyGroup? ProviderGroup { get; init; }

    /// <summary>The way, with its group.</summary>
    [JsonIgnore]
    public ProviderChoice Choice => new(Provider, Provider == GrantProvider.GroupMembership ? ProviderGroup?.Id : null);

    /// <summary>The shortest access window under this policy.</summary>
    [JsonIgnore]
    public TimeSpan LeastWindow => Provider == GrantProvider.PimSchedule ? ShortestScheduledWindow : ShortestWindow;

    /// <summary>Whether this policy speaks about an entitlement.</summary>
    public bool Covers(Entitlement entitlement) =>
        Roles.Any(r => r.Equals(entitlement.Role.Name, StringComparison.OrdinalIgnoreCase))
        && Vaults.Any(p => Matches(p, entitlement.VaultName))
        && (entitlement.SecretName is { } secret ? Secrets.Any(p => Matches(p, secret)) : WholeVault);

    /// <summary>Whether it speaks about any secret of a vault.</summary>
    public bool CoversVault(string vaultName) => Vaults.Any(p => Matches(p, vaultName));

    /// <summary>The text by which versions are compared and kept.</summary>
    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote. The same text gives the same rule, and nobody changes it.</summary>
    public static PolicyDefinition FromJson(string json)
    {
        if (Known.TryGetValue(json, out var known))
            return known;
        var read = JsonSerializer.Deserialize<PolicyDefinition>(json) ?? throw new JsonException("A policy version is empty.");
        // Every request goes by all versions in force, and they are few; those of long ago are read again.
        if (Known.Count >= MostKnown)
            Known.Clear();
        return Known[json] = read;
    }

    private static bool Matches(string pattern, string name) =>
        System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern.Replace("?", "\\?", StringComparison.Ordinal), name, ignoreCase: true);
}

/// <summary>A role at a scope, as the catalog offers it.</summary>
/// <param name="VaultName">The vault.</param>
/// <param name="SecretName">The secret; null for the vault as a whole.</param>
/// <param name="Role">The role.</param>
public sealed record Entitlement(string VaultName, string? SecretName, GrantableRole Role);
