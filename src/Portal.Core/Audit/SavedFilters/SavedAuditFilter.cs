using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Identity;

namespace Portal.Core.Audit.SavedFilters;

/// <summary>A filter of the audit page that a person keeps under a name. Nobody else sees it.</summary>
public sealed class SavedAuditFilter
{
    /// <summary>The longest name, in UTF-16 units.</summary>
    public const int LongestName = 80;

    /// <summary>How many one person may keep.</summary>
    public const int MostPerPerson = 50;

    private SavedAuditFilter()
    {
    }

    /// <summary>Keeps a filter.</summary>
    internal SavedAuditFilter(PrincipalId owner, string name, AuditFilter filter, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        OwnerTenantId = owner.TenantId;
        OwnerObjectId = owner.ObjectId;
        Name = name;
        Replace(filter, now);
    }

    /// <summary>The key.</summary>
    public Guid Id { get; private set; }

    /// <summary>The owner's tenant.</summary>
    public Guid OwnerTenantId { get; private set; }

    /// <summary>Whose it is.</summary>
    public Guid OwnerObjectId { get; private set; }

    /// <summary>What they call it; unique among theirs.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The filter as JSON.</summary>
    public string Content { get; private set; } = "";

    /// <summary>When it was saved last, in UTC.</summary>
    public DateTimeOffset SavedAt { get; private set; }

    /// <summary>The filter.</summary>
    public AuditFilter Filter => JsonSerializer.Deserialize<AuditFilter>(Content)!;

    /// <summary>Puts another filter under the name.</summary>
    internal void Replace(AuditFilter filter, DateTimeOffset now)
    {
        Content = JsonSerializer.Serialize(filter);
        SavedAt = now;
    }
}

internal sealed class SavedAuditFilterMapping : IEntityTypeConfiguration<SavedAuditFilter>
{
    public void Configure(EntityTypeBuilder<SavedAuditFilter> builder)
    {
        builder.HasKey(f => f.Id);
        builder.Property(f => f.Name).HasMaxLength(SavedAuditFilter.LongestName);
        builder.Ignore(f => f.Filter);
        builder.HasIndex(f => new { f.OwnerTenantId, f.OwnerObjectId, f.Name }).IsUnique();
    }
}
