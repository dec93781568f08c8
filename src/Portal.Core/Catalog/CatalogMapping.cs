using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Catalog;

internal sealed class VaultMapping : IEntityTypeConfiguration<Vault>
{
    public void Configure(EntityTypeBuilder<Vault> builder)
    {
        builder.HasKey(v => v.Id);
        builder.HasIndex(v => v.ArmId).IsUnique();
        builder.HasIndex(v => v.Name);
        builder.Property(v => v.ArmId).HasMaxLength(1024);
        builder.Property(v => v.Name).HasMaxLength(256);
        builder.Ignore(v => v.SubscriptionId);
        builder.Ignore(v => v.Tags);
    }
}

internal sealed class SecretMapping : IEntityTypeConfiguration<Secret>
{
    public void Configure(EntityTypeBuilder<Secret> builder)
    {
        builder.HasKey(s => s.Id);
        builder.HasIndex(s => s.ArmId).IsUnique();
        builder.HasIndex(s => new { s.VaultId, s.Name });
        builder.Property(s => s.ArmId).HasMaxLength(1024);
        builder.Property(s => s.Name).HasMaxLength(256);
        builder.HasOne(s => s.Vault).WithMany().HasForeignKey(s => s.VaultId).OnDelete(DeleteBehavior.Restrict);
        builder.Ignore(s => s.Tags);
    }
}
