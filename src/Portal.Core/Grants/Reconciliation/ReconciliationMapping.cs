using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Grants.Reconciliation;

internal sealed class DriftMapping : IEntityTypeConfiguration<Drift>
{
    public void Configure(EntityTypeBuilder<Drift> builder)
    {
        builder.HasKey(d => d.Id);
        builder.Property(d => d.Code).HasMaxLength(64);
        builder.Property(d => d.Scope).HasMaxLength(1024);
        builder.Property(d => d.VaultScope).HasMaxLength(1024);
        builder.Property(d => d.Detail).HasMaxLength(Drift.LongestDetail);
        // Of two runs at once, one closes it.
        builder.Property(d => d.ResolvedAt).IsConcurrencyToken();
        // Two runs at once, or one after another, note the same thing once.
        builder.HasIndex(d => new { d.AssignmentName, d.Code }, "IX_Drifts_Open").IsUnique().HasFilter("\"ResolvedAt\" IS NULL");
    }
}

internal sealed class ReconciliationRunMapping : IEntityTypeConfiguration<ReconciliationRun>
{
    public void Configure(EntityTypeBuilder<ReconciliationRun> builder)
    {
        builder.HasKey(r => r.Id);
        builder.HasIndex(r => r.StartedAt);
        builder.Ignore(r => r.Failures);
    }
}
