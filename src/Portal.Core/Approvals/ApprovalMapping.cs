using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Requests;

namespace Portal.Core.Approvals;

internal sealed class ApprovalMapping : IEntityTypeConfiguration<ApprovalDecision>
{
    public void Configure(EntityTypeBuilder<ApprovalDecision> builder)
    {
        builder.HasKey(d => d.Id);
        builder.HasOne<AccessRequest>().WithMany().HasForeignKey(d => d.RequestId).OnDelete(DeleteBehavior.Restrict);
        builder.HasIndex(d => new { d.RequestId, d.ApproverObjectId }).IsUnique();
        builder.Property(d => d.Comment).HasMaxLength(PersonText.MaxLength);
    }
}
