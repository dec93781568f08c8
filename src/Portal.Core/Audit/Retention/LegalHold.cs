using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Retention;

/// <summary>What a legal hold covers.</summary>
public enum HoldTarget
{
    /// <summary>Every event of one request.</summary>
    Request,

    /// <summary>Every event that a person caused, or that is about them.</summary>
    Person,

    /// <summary>Every event about a vault with its secrets, or about one secret: by its ARM id, and by its name wherever it was.</summary>
    Scope,
}

/// <summary>An auditor's stop: while it stands, retention prunes nothing that it covers.</summary>
public sealed class LegalHold
{
    private LegalHold()
    {
    }

    /// <summary>Places a hold.</summary>
    public LegalHold(HoldSubject of, string reason, Actor by, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        (Target, TargetKey, RequestId, PersonObjectId, Scope, Name) = (of.Target, of.Key, of.RequestId, of.PersonObjectId, of.Scope, of.Name);
        (Reason, PlacedBy, PlacedAt) = (reason, by.DisplayName, now);
    }

    /// <summary>The key.</summary>
    public Guid Id { get; private set; }

    /// <summary>What kind of thing it covers.</summary>
    public HoldTarget Target { get; private set; }

    /// <summary>What it covers, as one text; no two holds that stand have the same.</summary>
    public string TargetKey { get; private set; } = "";

    /// <summary>The request; null for others.</summary>
    public Guid? RequestId { get; private set; }

    /// <summary>The person's object id; null for others.</summary>
    public Guid? PersonObjectId { get; private set; }

    /// <summary>The ARM id in lower case; null for others.</summary>
    public string? Scope { get; private set; }

    /// <summary>What it was called then: a reference, a person's name, a vault, or a vault and a secret.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Why.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Who placed it, by the name seen then.</summary>
    public string PlacedBy { get; private set; } = "";

    /// <summary>Since when.</summary>
    public DateTimeOffset PlacedAt { get; private set; }

    /// <summary>When it was lifted; null while it stands.</summary>
    public DateTimeOffset? LiftedAt { get; private set; }

    /// <summary>Who lifted it.</summary>
    public string? LiftedBy { get; private set; }

    /// <summary>Why it was lifted.</summary>
    public string? LiftReason { get; private set; }

    /// <summary>Counts the changes; a save that saw an older number does not go through.</summary>
    public int Revision { get; private set; }

    /// <summary>Lifts it.</summary>
    /// <exception cref="InvalidOperationException">It is lifted already.</exception>
    public void Lift(string reason, Actor by, DateTimeOffset now)
    {
        if (LiftedAt is not null)
            throw new InvalidOperationException($"Hold {Id} is lifted.");
        (LiftedAt, LiftedBy, LiftReason) = (now, by.DisplayName, reason);
        Revision++;
    }
}

/// <summary>What a hold is about.</summary>
/// <param name="Target">What kind of thing.</param>
/// <param name="Name">What it is called.</param>
/// <param name="RequestId">The request; null for others.</param>
/// <param name="PersonObjectId">The person; null for others.</param>
/// <param name="Scope">The ARM id in lower case; null for others.</param>
public sealed record HoldSubject(HoldTarget Target, string Name, Guid? RequestId = null, Guid? PersonObjectId = null, string? Scope = null)
{
    /// <summary>It as one text.</summary>
    public string Key => Target switch
    {
        HoldTarget.Request => $"request:{RequestId:D}",
        HoldTarget.Person => $"person:{PersonObjectId:D}",
        HoldTarget.Scope => $"scope:{Scope}",
    };
}

internal sealed class LegalHoldMapping : IEntityTypeConfiguration<LegalHold>
{
    public void Configure(EntityTypeBuilder<LegalHold> builder)
    {
        builder.HasKey(h => h.Id);
        builder.Property(h => h.Revision).IsConcurrencyToken();
        builder.Property(h => h.TargetKey).HasMaxLength(1100);
        builder.Property(h => h.Scope).HasMaxLength(1024);
        builder.Property(h => h.Name).HasMaxLength(400);
        builder.Property(h => h.Reason).HasMaxLength(PlaceHold.LongestReason);
        builder.Property(h => h.LiftReason).HasMaxLength(PlaceHold.LongestReason);
        builder.HasIndex(h => h.TargetKey, "IX_LegalHolds_Standing").IsUnique().HasFilter("\"LiftedAt\" IS NULL");
    }
}
