using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Requests;

internal sealed class RequestMapping : IEntityTypeConfiguration<AccessRequest>
{
    public void Configure(EntityTypeBuilder<AccessRequest> builder)
    {
        builder.HasKey(r => r.Id);
        builder.Property(r => r.Revision).IsConcurrencyToken();
        builder.Property(r => r.Reference).HasMaxLength(16);
        builder.Property(r => r.Scope).HasMaxLength(1024);
        builder.Property(r => r.Justification).HasMaxLength(PersonText.MaxLength);
        builder.Property(r => r.Ticket).HasMaxLength(PersonText.MaxTicketLength);
        builder.HasIndex(r => r.Reference).IsUnique();
        builder.HasIndex(r => new { r.RequesterObjectId, r.SubmissionKey }).IsUnique();
        builder.HasIndex(r => new { r.RequesterObjectId, r.Id });
        builder.HasIndex(r => new { r.RequesterObjectId, r.State, r.Id });
        builder.HasIndex(r => new { r.State, r.Id });
        builder.HasIndex(r => new { r.Scope, r.RequesterObjectId });

        // What is pending is little, whatever has piled up: the inbox, the lapse and the duplicate rule look only there.
        // The quoted name reads the same on SQLite and PostgreSQL.
        const string pending = "\"State\" = 'Pending'";
        builder.HasIndex(r => new { r.RequesterObjectId, r.Scope, r.RoleDefinitionId }, "IX_AccessRequests_OnePending").IsUnique().HasFilter(pending);
        // The state stands in the first although it is always the same: SQLite, which has no figures to go by, otherwise takes the index by state and walks everything that is pending.
        builder.HasIndex(r => new { r.PolicyId, r.State, r.Id }, "IX_AccessRequests_Inbox").HasFilter(pending);
        builder.HasIndex(r => r.LapsesAt, "IX_AccessRequests_Lapse").HasFilter(pending);
        builder.Ignore(r => r.Requester);
        builder.Ignore(r => r.Window);
        builder.Ignore(r => r.Entitlement);
    }
}
