using System.Collections.Immutable;

namespace Portal.Sandbox.ResourceManager;

/// <summary>A subscription.</summary>
/// <param name="Id">Subscription id.</param>
/// <param name="DisplayName">Name for display.</param>
public sealed record Subscription(Guid Id, string DisplayName)
{
    /// <summary>Its scope.</summary>
    public ArmScope Scope => ArmScope.OfSubscription(Id);
}

/// <summary>A resource group.</summary>
/// <param name="Subscription">Id of its subscription.</param>
/// <param name="Name">Name, unique in the subscription.</param>
/// <param name="Location">Azure region.</param>
public sealed record ResourceGroup(Guid Subscription, string Name, string Location)
{
    /// <summary>Its scope.</summary>
    public ArmScope Scope => ArmScope.OfResourceGroup(Subscription, Name);
}

/// <summary>A key vault as Resource Manager knows it.</summary>
/// <param name="Subscription">Id of its subscription.</param>
/// <param name="ResourceGroup">Name of its resource group.</param>
/// <param name="Name">Name, unique in the cloud and the first label of its host name.</param>
/// <param name="Location">Azure region.</param>
public sealed record VaultResource(Guid Subscription, string ResourceGroup, string Name, string Location)
{
    /// <summary>Tags.</summary>
    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>True: role assignments decide on data. False: <see cref="AccessPolicies"/> do.</summary>
    public bool EnableRbacAuthorization { get; init; } = true;

    /// <summary>Who may do what when role assignments do not count.</summary>
    public ImmutableArray<VaultAccessPolicy> AccessPolicies { get; init; } = [];

    /// <summary>Days that a deleted secret can be recovered for, 7 to 90.</summary>
    public int SoftDeleteRetentionInDays { get; init; } = 90;

    /// <summary>Whether deleted secrets cannot be purged before their time.</summary>
    public bool EnablePurgeProtection { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedOn { get; init; }

    /// <summary>Its scope.</summary>
    public ArmScope Scope => ArmScope.Parse($"/subscriptions/{Subscription}/resourceGroups/{ResourceGroup}/providers/Microsoft.KeyVault/vaults/{Name}");
}

/// <summary>An entry of a vault that does not use role assignments.</summary>
/// <param name="ObjectId">A user, group or service principal.</param>
/// <param name="Secrets">What it may do with secrets: get, list, set, delete, recover, purge, backup, restore, or all.</param>
public sealed record VaultAccessPolicy(Guid ObjectId, ImmutableArray<string> Secrets);

/// <summary>A management lock.</summary>
/// <param name="Scope">Where it stands; it holds there and below.</param>
/// <param name="Name">Name, unique at its scope without regard to case.</param>
/// <param name="Level"><c>CanNotDelete</c> or <c>ReadOnly</c>.</param>
/// <param name="Notes">Why; may be null.</param>
public sealed record ResourceLock(ArmScope Scope, string Name, string Level, string? Notes);
