using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Policies;

internal sealed class PolicyMapping : IEntityTypeConfiguration<AccessPolicy>
{
    public void Configure(EntityTypeBuilder<AccessPolicy> builder)
    {
        builder.HasKey(p => p.Id);
        builder.HasIndex(p => new { p.Name, p.Version }).IsUnique();
        builder.HasIndex(p => p.RetiredAt);
        builder.Property(p => p.Name).HasMaxLength(100);
        builder.Ignore(p => p.Definition);
    }
}
