using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Audit.Sealing;

internal sealed class SealingMapping
    : IEntityTypeConfiguration<PendingSeal>, IEntityTypeConfiguration<AuditLeaf>, IEntityTypeConfiguration<AuditTile>, IEntityTypeConfiguration<AuditCheckpoint>, IEntityTypeConfiguration<AuditSealer>, IEntityTypeConfiguration<AuditKey>, IEntityTypeConfiguration<AuditStore>
{
    public void Configure(EntityTypeBuilder<PendingSeal> builder) => builder.HasKey(p => new { p.Since, p.EventId });

    public void Configure(EntityTypeBuilder<AuditLeaf> builder)
    {
        builder.HasKey(l => l.Position);
        builder.Property(l => l.Position).ValueGeneratedNever();
        builder.HasIndex(l => l.EventId).IsUnique();
    }

    public void Configure(EntityTypeBuilder<AuditTile> builder) => builder.HasKey(t => new { t.Level, t.Index });

    public void Configure(EntityTypeBuilder<AuditCheckpoint> builder)
    {
        builder.HasKey(c => c.Size);
        builder.Property(c => c.Size).ValueGeneratedNever();
    }

    public void Configure(EntityTypeBuilder<AuditSealer> builder)
    {
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Holder).HasMaxLength(128);
        builder.Property(s => s.Fence).IsConcurrencyToken();
        builder.HasData(new { Id = AuditSealer.TheOne, Fence = 0L });
    }

    public void Configure(EntityTypeBuilder<AuditKey> builder)
    {
        builder.HasKey(k => k.Vkey);
        builder.Property(k => k.Vkey).HasMaxLength(400);
    }

    public void Configure(EntityTypeBuilder<AuditStore> builder)
    {
        builder.HasKey(s => s.Name);
        // Whoever lowers it has looked at what it says; what raises it goes past this.
        builder.Property(s => s.Size).IsConcurrencyToken();
    }
}
