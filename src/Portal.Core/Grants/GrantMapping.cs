using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Grants;

internal sealed class GrantMapping : IEntityTypeConfiguration<Grant>
{
    public void Configure(EntityTypeBuilder<Grant> builder)
    {
        builder.HasKey(g => g.Id);
        builder.Property(g => g.Revision).IsConcurrencyToken();
        builder.Property(g => g.Scope).HasMaxLength(1024);
        builder.HasIndex(g => g.RequestId).IsUnique();
        builder.HasIndex(g => new { g.PrincipalObjectId, g.Id });
        builder.HasIndex(g => new { g.Scope, g.PrincipalObjectId, g.Id });
        builder.HasOne<DesiredAssignment>().WithMany().HasForeignKey(g => g.AssignmentId).OnDelete(DeleteBehavior.Restrict);

        // What has not ended is little, whatever has piled up.
        const string notEnded = "\"State\" <> 'Ended'";
        builder.HasIndex(g => g.AssignmentId, "IX_Grants_NotEnded").HasFilter(notEnded);
        builder.HasIndex(g => new { g.PrincipalObjectId, g.EndsAt }, "IX_Grants_HeldNow").HasFilter(notEnded);
        builder.HasIndex(g => new { g.PrincipalObjectId, g.Id }, "IX_Grants_MineNotEnded").HasFilter(notEnded);
        builder.HasIndex(g => g.Id, "IX_Grants_AllNotEnded").HasFilter(notEnded);
        // A list of what has ended must not begin by passing over what has not.
        builder.HasIndex(g => g.Id, "IX_Grants_AllEnded").HasFilter("\"State\" = 'Ended'");
        // Removed and not yet seen to be gone: few, and looked for at every read that shows nothing.
        builder.HasIndex(g => g.AssignmentId, "IX_Grants_NotSeenGone").HasFilter("\"State\" = 'Ended' AND \"RevokingSince\" IS NOT NULL AND \"GoneSeenAt\" IS NULL");
        builder.Ignore(g => g.Principal);
        builder.Ignore(g => g.Approver);
        builder.Ignore(g => g.IsLive);
    }
}

internal sealed class DesiredAssignmentMapping : IEntityTypeConfiguration<DesiredAssignment>
{
    public void Configure(EntityTypeBuilder<DesiredAssignment> builder)
    {
        builder.HasKey(a => a.Id);
        builder.Property(a => a.Id).ValueGeneratedNever();
        builder.Property(a => a.Revision).IsConcurrencyToken();
        builder.Property(a => a.Scope).HasMaxLength(1024);
        builder.HasIndex(a => new { a.Scope, a.PrincipalObjectId, a.RoleDefinitionId }).IsUnique();
        builder.HasIndex(a => a.DueAt, "IX_DesiredAssignments_Due").HasFilter("\"DueAt\" IS NOT NULL");
        builder.Ignore(a => a.Principal);
    }
}
