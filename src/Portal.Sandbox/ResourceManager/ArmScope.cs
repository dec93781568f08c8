using System.Diagnostics.CodeAnalysis;

namespace Portal.Sandbox.ResourceManager;

/// <summary>
/// A scope in Resource Manager: the tenant root (<c>/</c>), a subscription, a resource group, a resource or a resource below it.
/// Compared without regard to case, as Azure does; the spelling that it was made with is kept.
/// </summary>
public readonly record struct ArmScope
{
    private readonly string? _value;

    private ArmScope(string value) => _value = value;

    /// <summary>The tenant root.</summary>
    public static ArmScope Root { get; } = new("/");

    /// <summary>The ARM id, with a slash at the start and none at the end; the root is <c>/</c>.</summary>
    public string Value => _value ?? "/";

    /// <summary>Whether this is the tenant root.</summary>
    public bool IsRoot => Value.Length == 1;

    /// <summary>Id of the subscription that this scope is, or lies in; null outside any.</summary>
    public Guid? SubscriptionId => Segments is [var s, var id, ..] && Is(s, "subscriptions") && Guid.TryParse(id, out var guid) ? guid : null;

    /// <summary>Name of the resource group that this scope is, or lies in; null outside any.</summary>
    public string? ResourceGroup => Segments is [_, _, var g, var name, ..] && Is(g, "resourceGroups") ? name : null;

    /// <summary>Name of the vault that this scope is, or lies in; null outside any.</summary>
    public string? VaultName =>
        Segments is [_, _, _, _, var p, var ns, var type, var name, ..] && Is(p, "providers") && Is(ns, "Microsoft.KeyVault") && Is(type, "vaults") ? name : null;

    /// <summary>Name of the secret that this scope is; null for anything else.</summary>
    public string? SecretName => VaultName is not null && Segments is [_, _, _, _, _, _, _, _, var type, var name] && Is(type, "secrets") ? name : null;

    /// <summary>The last segment.</summary>
    public string Name => IsRoot ? "" : Value[(Value.LastIndexOf('/') + 1)..];

    /// <summary>The scope one level up; null for the root.</summary>
    public ArmScope? Parent
    {
        get
        {
            if (IsRoot) return null;
            var segments = Segments;
            var keep = segments.Length switch
            {
                <= 2 => 0,
                // A resource group, or a provider's own scope such as a management group.
                <= 4 => Is(segments[0], "subscriptions") ? 2 : 0,
                // A resource in a group stands four segments below it; what is below a resource, two below that.
                8 => 4,
                _ => segments.Length - 2,
            };
            return keep == 0 ? Root : new ArmScope("/" + string.Join('/', segments[..keep]));
        }
    }

    private string[] Segments => Value.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The scope of a subscription.</summary>
    public static ArmScope OfSubscription(Guid id) => new($"/subscriptions/{id}");

    /// <summary>The scope of a resource group.</summary>
    public static ArmScope OfResourceGroup(Guid subscription, string name) => new($"/subscriptions/{subscription}/resourceGroups/{name}");

    /// <summary>The scope that an id names.</summary>
    /// <exception cref="FormatException">It names none.</exception>
    public static ArmScope Parse(string id) => TryParse(id, out var scope) ? scope.Value : throw new FormatException($"'{id}' is no ARM id.");

    /// <summary>
    /// Reads an id; repeated slashes and one at the end do not matter, and a subscription may stand under the name of its provider, as the
    /// examples of Privileged Identity Management have it. False when it names no scope.
    /// </summary>
    public static bool TryParse(string? id, [NotNullWhen(true)] out ArmScope? scope)
    {
        scope = null;
        if (id is null) return false;
        var segments = id.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments is [var own, var provider, var kind, _, ..] && Is(own, "providers") && Is(provider, "Microsoft.Subscription") && Is(kind, "subscriptions")) segments = segments[2..];
        var ok = segments switch
        {
            [] => true,
            [var s, var sub] => Is(s, "subscriptions") && Guid.TryParseExact(sub, "D", out _),
            [var s, var sub, var g, _] when Is(s, "subscriptions") => Guid.TryParseExact(sub, "D", out _) && Is(g, "resourceGroups"),
            [var p, var ns, var t, _] => Is(p, "providers") && Is(ns, "Microsoft.Management") && Is(t, "managementGroups"),
            [var s, var sub, var g, _, var p, _, _, _, ..] =>
                Is(s, "subscriptions") && Guid.TryParseExact(sub, "D", out _) && Is(g, "resourceGroups") && Is(p, "providers") && segments.Length % 2 == 0,
            _ => false,
        };
        if (ok) scope = segments.Length == 0 ? Root : new ArmScope("/" + string.Join('/', segments));
        return ok;
    }

    /// <summary>A scope directly below this one.</summary>
    public ArmScope Child(string type, string name) => new($"{(IsRoot ? "" : Value)}/{type}/{name}");

    /// <summary>This scope, then each one above it up to the root.</summary>
    public IEnumerable<ArmScope> SelfAndAbove()
    {
        for (ArmScope? scope = this; scope is { } current; scope = current.Parent) yield return current;
    }

    /// <summary>Whether <paramref name="other"/> is this scope or lies below it.</summary>
    public bool Covers(ArmScope other) => IsRoot || Equals(other)
        || (other.Value.StartsWith(Value, StringComparison.OrdinalIgnoreCase) && other.Value[Value.Length] == '/');

    /// <summary>Whether both name the same scope.</summary>
    public bool Equals(ArmScope other) => Value.Equals(other.Value, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc />
    public override int GetHashCode() => Value.GetHashCode(StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc />
    public override string ToString() => Value;

    private static bool Is(string segment, string expected) => segment.Equals(expected, StringComparison.OrdinalIgnoreCase);
}
