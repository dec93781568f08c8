using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Identity;

/// <summary>A sign-in that somebody ended before it ran out: its cookie and its open pages are worth nothing any more, on any instance. Kept until it would have run out.</summary>
/// <param name="id">Which sign-in.</param>
/// <param name="expiresAt">When it would have run out.</param>
public sealed class EndedSignIn(Guid id, DateTimeOffset expiresAt)
{
    /// <summary>Which sign-in; made when it began.</summary>
    public Guid Id { get; private set; } = id;

    /// <summary>When it would have run out; afterwards this row says nothing.</summary>
    public DateTimeOffset ExpiresAt { get; private set; } = expiresAt;
}

internal sealed class EndedSignInMapping : IEntityTypeConfiguration<EndedSignIn>
{
    public void Configure(EntityTypeBuilder<EndedSignIn> builder)
    {
        builder.HasKey(e => e.Id);
        builder.Property(e => e.Id).ValueGeneratedNever();
        builder.HasIndex(e => e.ExpiresAt);
    }
}
