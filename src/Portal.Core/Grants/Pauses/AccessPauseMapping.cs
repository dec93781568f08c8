using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Grants.Pauses;

internal sealed class AccessPauseMapping : IEntityTypeConfiguration<AccessPause>
{
    public void Configure(EntityTypeBuilder<AccessPause> builder)
    {
        builder.HasKey(p => p.Id);
        builder.Property(p => p.Revision).IsConcurrencyToken();
        builder.Property(p => p.TargetKey).HasMaxLength(1100);
        builder.Property(p => p.Scope).HasMaxLength(1024);
        builder.Property(p => p.Reason).HasMaxLength(PauseAccess.LongestReason);
        builder.Property(p => p.TakeBackReason).HasMaxLength(PauseAccess.LongestReason);

        // Looked up whenever a role is about to be given: only what stands is in the index, and one target stands once.
        const string stands = "\"LiftedAt\" IS NULL";
        builder.HasIndex(p => p.TargetKey, "IX_AccessPauses_Standing").IsUnique().HasFilter(stands);
        builder.HasIndex(p => p.Id, "IX_AccessPauses_Lifted").HasFilter("\"LiftedAt\" IS NOT NULL");
        builder.Ignore(p => p.Subject);
        builder.Ignore(p => p.IsTakingBack);
    }
}
