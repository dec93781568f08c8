using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Core.Audit.Retention;

/// <summary>How far retention is: one row. Every run and every new hold counts its fence up, so that neither overlooks the other.</summary>
public sealed class RetentionState
{
    /// <summary>The key of the one row.</summary>
    public const int TheOne = 1;

    /// <summary>Always <see cref="TheOne"/>.</summary>
    public int Id { get; private set; } = TheOne;

    /// <summary>How many events of the log, from its beginning, a complete export by an auditor has covered.</summary>
    public long ExportedThrough { get; internal set; }

    /// <summary>When that export was complete; null before the first.</summary>
    public DateTimeOffset? ExportedAt { get; internal set; }

    /// <summary>How many events have been pruned in all.</summary>
    public long Pruned { get; internal set; }

    /// <summary>When the latest of the pruned events was; null while none is.</summary>
    public DateTimeOffset? PrunedThrough { get; internal set; }

    /// <summary>When something was last pruned; null while nothing was.</summary>
    public DateTimeOffset? PrunedAt { get; internal set; }

    /// <summary>Goes up with every change.</summary>
    public long Fence { get; internal set; }
}

/// <summary>What retention took of a request's events, so that its timeline can say so.</summary>
/// <param name="requestId">The request.</param>
public sealed class PrunedTimeline(Guid requestId)
{
    /// <summary>The request; the key.</summary>
    public Guid RequestId { get; private set; } = requestId;

    /// <summary>How many events.</summary>
    public int Count { get; internal set; }

    /// <summary>When the last of them were taken.</summary>
    public DateTimeOffset At { get; internal set; }
}

internal sealed class RetentionMapping : IEntityTypeConfiguration<RetentionState>, IEntityTypeConfiguration<PrunedTimeline>
{
    public void Configure(EntityTypeBuilder<RetentionState> builder)
    {
        builder.HasKey(s => s.Id);
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Fence).IsConcurrencyToken();
        builder.HasData(new { Id = RetentionState.TheOne, ExportedThrough = 0L, Pruned = 0L, Fence = 0L });
    }

    public void Configure(EntityTypeBuilder<PrunedTimeline> builder) => builder.HasKey(t => t.RequestId);
}
