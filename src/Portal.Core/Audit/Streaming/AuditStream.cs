using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Data;

namespace Portal.Core.Audit.Streaming;

/// <summary>How far a destination has been told of the log: one row for each, kept when it is no longer configured.</summary>
public sealed class AuditStream
{
    /// <summary>The longest text of a fault that is kept, in UTF-16 units.</summary>
    public const int LongestFault = 200;

    private AuditStream()
    {
    }

    /// <summary>A destination that is new.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="next">The position to begin with.</param>
    public AuditStream(string name, long next)
    {
        Name = name;
        Next = next;
    }

    /// <summary>The destination's name; the key.</summary>
    public string Name { get; private set; } = "";

    /// <summary>To which host it goes; null before it was first opened.</summary>
    public string? Host { get; internal set; }

    /// <summary>The position of the next event to deliver: everything before it is delivered, or was there before the stream.</summary>
    public long Next { get; private set; }

    /// <summary>The position behind the last event of the message under way; <see cref="Next"/> when none is. A repeated message is the same message, whatever was sealed meanwhile.</summary>
    public long MessageEnd { get; private set; }

    /// <summary>Goes up with every replay, so that a receiver takes what it is sent again for new.</summary>
    public int Replays { get; private set; }

    /// <summary>Which portal instance sends; null when none does.</summary>
    public string? Holder { get; private set; }

    /// <summary>Until when, by the database's time; null when none sends.</summary>
    public DateTimeOffset? Until { get; private set; }

    /// <summary>Goes up with every message and every replay; an outcome is saved only under the number that claimed it.</summary>
    public long Fence { get; private set; }

    /// <summary>Failed tries in a row.</summary>
    public int Attempts { get; private set; }

    /// <summary>Not to be tried before; null for at once.</summary>
    public DateTimeOffset? NextTryAt { get; private set; }

    /// <summary>Since when it fails; null while it does not.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    /// <summary>What the last try that failed came to, as a code; null when none ever did.</summary>
    public string? LastFault { get; private set; }

    /// <summary>When that was.</summary>
    public DateTimeOffset? LastFaultAt { get; private set; }

    /// <summary>When something was last delivered; null when nothing ever was.</summary>
    public DateTimeOffset? LastDeliveredAt { get; private set; }

    /// <summary>Since when the destination takes nothing more (410 Gone, or only a part of a message); null while it does. A replay goes on.</summary>
    public DateTimeOffset? PausedAt { get; private set; }

    /// <summary>Whether an instance may take a message up now.</summary>
    /// <param name="holder">The instance.</param>
    /// <param name="now">The database's time.</param>
    internal bool IsFreeFor(string holder, DateTimeOffset now) => PausedAt is null
        && !Hold.IsInForce(NextTryAt, RetryDelay.LongestAsked, now)
        && (Holder == holder || Holder is null || !Hold.IsInForce(Until, StreamOptions.Lease, now));

    /// <summary>An instance takes a message up.</summary>
    internal void Claim(string holder, DateTimeOffset until, long end) => (Holder, Until, Fence, MessageEnd) = (holder, until, Fence + 1, end);

    /// <summary>The message has arrived.</summary>
    internal void Deliver(DateTimeOffset now)
    {
        (Next, LastDeliveredAt) = (MessageEnd, now);
        Rest();
    }

    /// <summary>The message has not arrived.</summary>
    internal void Fail(string fault, TimeSpan wait, DateTimeOffset now)
    {
        (Holder, Until) = (null, null);
        Attempts++;
        NextTryAt = now + wait;
        FailingSince ??= now;
        Blame(fault, now);
    }

    /// <summary>The destination takes nothing more.</summary>
    internal void Pause(string fault, DateTimeOffset now)
    {
        Rest();
        PausedAt = now;
        Blame(fault, now);
    }

    /// <summary>Goes on from a position, whatever was before.</summary>
    internal void Replay(long from)
    {
        Rest();
        (PausedAt, Next, MessageEnd) = (null, from, from);
        Replays++;
        // A message that is under way is not counted for this.
        Fence++;
    }

    private void Rest() => (Holder, Until, Attempts, NextTryAt, FailingSince) = (null, null, 0, null, null);

    private void Blame(string fault, DateTimeOffset now) => (LastFault, LastFaultAt) = (fault.Length > LongestFault ? fault[..LongestFault] : fault, now);
}

internal sealed class AuditStreamMapping : IEntityTypeConfiguration<AuditStream>
{
    public void Configure(EntityTypeBuilder<AuditStream> builder)
    {
        builder.HasKey(s => s.Name);
        builder.Property(s => s.Name).HasMaxLength(StreamDestination.LongestName);
        builder.Property(s => s.Host).HasMaxLength(300);
        builder.Property(s => s.Holder).HasMaxLength(128);
        builder.Property(s => s.LastFault).HasMaxLength(AuditStream.LongestFault);
        builder.Property(s => s.Fence).IsConcurrencyToken();
    }
}
