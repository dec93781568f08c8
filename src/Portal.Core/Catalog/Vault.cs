using System.Text.Json;

namespace Portal.Core.Catalog;

/// <summary>A vault of the catalog: its names and metadata, as last seen.</summary>
public sealed class Vault
{
    private Vault()
    {
    }

    /// <summary>Puts a vault into the catalog.</summary>
    public Vault(VaultSeen seen, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        ArmId = Catalog.ArmId.Normalise(seen.ArmId);
        Name = seen.Name;
        Update(seen, now);
    }

    /// <summary>The catalog's own key.</summary>
    public Guid Id { get; private set; }

    /// <summary>The ARM id, in lower case: Azure compares without regard to case.</summary>
    public string ArmId { get; private set; } = "";

    /// <summary>The vault's name, unique in its cloud.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The region.</summary>
    public string Location { get; private set; } = "";

    /// <summary>Where its secrets are read.</summary>
    public string VaultUri { get; private set; } = "";

    /// <summary>The value of its tag <c>environment</c>; empty when it has none.</summary>
    public string Environment { get; private set; } = "";

    /// <summary>The value of its tag <c>owner</c>; empty when it has none.</summary>
    public string Owner { get; private set; } = "";

    /// <summary>All its tags as a JSON object.</summary>
    public string TagsJson { get; private set; } = "{}";

    /// <summary>How it decides who may read.</summary>
    public PermissionModel PermissionModel { get; private set; }

    /// <summary>A lock that forbids taking an assignment back; null when there is none.</summary>
    public string? DeleteLock { get; private set; }

    /// <summary>Tells it from another vault under the same ARM id: see <see cref="VaultFingerprint"/>.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>When it was last seen.</summary>
    public DateTimeOffset SeenAt { get; private set; }

    /// <summary>When it was found missing; null while it is there.</summary>
    public DateTimeOffset? GoneAt { get; private set; }

    /// <summary>Why its secrets could not be listed last time (the provider's code); null when they could.</summary>
    public string? ListingFault { get; private set; }

    /// <summary>The subscription's id, from the ARM id.</summary>
    public string SubscriptionId => Catalog.ArmId.SubscriptionOf(ArmId);

    /// <summary>All its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags => JsonSerializer.Deserialize<Dictionary<string, string>>(TagsJson) ?? [];

    /// <summary>Takes over what was seen.</summary>
    public void Update(VaultSeen seen, DateTimeOffset now)
    {
        Location = seen.Location;
        VaultUri = seen.VaultUri.AbsoluteUri;
        PermissionModel = seen.PermissionModel;
        DeleteLock = seen.DeleteLock;
        Fingerprint = seen.Fingerprint;
        Environment = TagOf(seen, "environment");
        Owner = TagOf(seen, "owner");
        TagsJson = JsonSerializer.Serialize(seen.Tags);
        SeenAt = now;
        GoneAt = null;
    }

    /// <summary>Notes that the vault is not there any more.</summary>
    public void MarkGone(DateTimeOffset now) => GoneAt ??= now;

    /// <summary>Notes whether its secrets could be listed.</summary>
    public void NoteListing(string? fault) => ListingFault = fault;

    private static string TagOf(VaultSeen seen, string name) =>
        seen.Tags.FirstOrDefault(t => t.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value ?? "";
}
