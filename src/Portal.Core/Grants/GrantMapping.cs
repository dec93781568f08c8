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
        builder.HasIndex(g => new { g.PrincipalObjectId, g.PrincipalTenantId, g.Id }, "IX_Grants_MineNotEnded").HasFilter(notEnded);
        builder.HasIndex(g => g.Id, "IX_Grants_AllNotEnded").HasFilter(notEnded);
        // What operators look at: little, or asked for by its end.
        builder.HasIndex(g => new { g.AttentionSince, g.Id }, "IX_Grants_Attention").HasFilter("\"AttentionCode\" IS NOT NULL");
        builder.HasIndex(g => g.ActivatedAt, "IX_Grants_Given").HasFilter("\"ActivatedAt\" IS NOT NULL");
        builder.HasIndex(g => g.EndedAt, "IX_Grants_EndedAt").HasFilter("\"EndedAt\" IS NOT NULL");
        builder.HasIndex(g => g.PauseId, "IX_Grants_Held").HasFilter("\"PauseId\" IS NOT NULL");
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
        builder.HasIndex(a => new { a.Scope, a.PrincipalObjectId, a.RoleDefinitionId, a.Provider }).IsUnique();
        builder.HasIndex(a => a.DueAt, "IX_DesiredAssignments_Due").HasFilter("\"DueAt\" IS NOT NULL");
        // Claims go through a lane in its order: with all that is due of a storm to look at and to sort, each would cost as much as is left.
        builder.HasIndex(a => new { a.SubscriptionId, a.PrivilegeRank, a.DueAt }, "IX_DesiredAssignments_Lane").HasFilter("\"DueAt\" IS NOT NULL");
        builder.HasIndex(a => a.LeaseUntil, "IX_DesiredAssignments_Leased").HasFilter("\"LeaseUntil\" IS NOT NULL");
        builder.HasIndex(a => a.FailingSince, "IX_DesiredAssignments_Failing").HasFilter("\"FailingSince\" IS NOT NULL");
        builder.HasIndex(a => new { a.Provider, a.Observed }, "IX_DesiredAssignments_Unlisted").HasFilter("\"Provider\" <> 'RoleAssignment'");
        builder.Ignore(a => a.Principal);
        builder.Ignore(a => a.Target);
        builder.Ignore(a => a.LooksFirst);
    }
}
