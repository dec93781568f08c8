using System.Text.Json;

namespace Portal.Core.Catalog;

/// <summary>A secret of the catalog: its name and metadata, never its value.</summary>
public sealed class Secret
{
    private Secret()
    {
    }

    /// <summary>Puts a secret into the catalog.</summary>
    public Secret(Vault vault, SecretSeen seen, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        VaultId = vault.Id;
        Name = seen.Name;
        ArmId = Catalog.ArmId.OfSecret(vault.ArmId, seen.Name);
        Update(seen, now);
    }

    /// <summary>The catalog's own key.</summary>
    public Guid Id { get; private set; }

    /// <summary>Its vault.</summary>
    public Guid VaultId { get; private set; }

    /// <summary>Its vault.</summary>
    public Vault Vault { get; private set; } = null!;

    /// <summary>Its name, unique in its vault without regard to case.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The ARM id at which a role is given, in lower case.</summary>
    public string ArmId { get; private set; } = "";

    /// <summary>False when nobody can read it.</summary>
    public bool Enabled { get; private set; }

    /// <summary>What it says it holds; null when it says nothing.</summary>
    public string? ContentType { get; private set; }

    /// <summary>When the secret itself says that it expires; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; private set; }

    /// <summary>All its tags as a JSON object.</summary>
    public string TagsJson { get; private set; } = "{}";

    /// <summary>Name, vault, owner and tags in lower case: what a search looks through.</summary>
    public string SearchText { get; private set; } = "";

    /// <summary>When it was last seen.</summary>
    public DateTimeOffset SeenAt { get; private set; }

    /// <summary>When it was found deleted; null while it is there.</summary>
    public DateTimeOffset? DeletedAt { get; private set; }

    /// <summary>All its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags => JsonSerializer.Deserialize<Dictionary<string, string>>(TagsJson) ?? [];

    /// <summary>Takes over what was seen.</summary>
    public void Update(SecretSeen seen, DateTimeOffset now)
    {
        Enabled = seen.Enabled;
        ContentType = seen.ContentType;
        ExpiresAt = seen.ExpiresAt;
        TagsJson = JsonSerializer.Serialize(seen.Tags);
        SeenAt = now;
        DeletedAt = null;
    }

    /// <summary>Brings the text that a search looks through up to date.</summary>
    public void Index(Vault vault) =>
        SearchText = string.Join(' ', [Name, vault.Name, vault.Owner, vault.Environment, ContentType ?? "", .. Tags.SelectMany(t => new[] { t.Key, t.Value })]).ToLowerInvariant();

    /// <summary>Notes that the secret is not there any more.</summary>
    public void MarkDeleted(DateTimeOffset now) => DeletedAt ??= now;
}
