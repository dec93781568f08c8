using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Audit;

internal sealed class AuditMapping : IEntityTypeConfiguration<AuditEvent>
{
    public void Configure(EntityTypeBuilder<AuditEvent> builder)
    {
        builder.HasKey(e => e.Sequence);
        builder.Property(e => e.Sequence).ValueGeneratedOnAdd();
        builder.Property(e => e.Code).HasMaxLength(64);
        builder.HasIndex(e => e.EventId).IsUnique();
        // Every filter of the audit page comes with the order of the trail, so that any page costs the same, whatever the time range.
        builder.HasIndex(e => new { e.At, e.Sequence });
        builder.HasIndex(e => new { e.ActorObjectId, e.At, e.Sequence });
        builder.HasIndex(e => new { e.SubjectObjectId, e.At, e.Sequence });
        builder.HasIndex(e => new { e.VaultName, e.At, e.Sequence });
        builder.HasIndex(e => new { e.SecretName, e.At, e.Sequence });
        builder.HasIndex(e => new { e.Code, e.At, e.Sequence });
        builder.HasIndex(e => new { e.RequestReference, e.At, e.Sequence });
        builder.HasIndex(e => new { e.RequestId, e.Sequence });
    }
}
