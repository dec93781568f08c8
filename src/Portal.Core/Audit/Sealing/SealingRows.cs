using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>An event that has no place in the log yet. Written with the event; goes when it is sealed. Not the sequence finds such events: a database may hand out numbers in another order than it commits.</summary>
/// <param name="since">When the event was.</param>
/// <param name="eventId">The event.</param>
public sealed class PendingSeal(DateTimeOffset since, Guid eventId)
{
    /// <summary>When the event was.</summary>
    public DateTimeOffset Since { get; private set; } = since;

    /// <summary>The event.</summary>
    public Guid EventId { get; private set; } = eventId;

    /// <summary>Adds what is missing for the events that a unit of work is about to save as entities. Every save calls it, so that no writer can forget it.</summary>
    internal static void ForNewEvents(PortalDb db)
    {
        List<AuditEvent>? events = null;
        HashSet<Guid>? noted = null;
        // Nobody comes upon an event by way of another entity, so there is nothing to detect; the save does it once for all.
        var detects = db.ChangeTracker.AutoDetectChangesEnabled;
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        foreach (var entry in db.ChangeTracker.Entries())
            if (entry.State == EntityState.Added)
            {
                if (entry.Entity is AuditEvent happened)
                    (events ??= []).Add(happened);
                else if (entry.Entity is PendingSeal pending)
                    (noted ??= []).Add(pending.EventId);
            }

        db.ChangeTracker.AutoDetectChangesEnabled = detects;
        // A save that failed may be tried again with the same unit of work.
        foreach (var happened in events ?? [])
            if (noted?.Contains(happened.EventId) != true)
                db.Add(new PendingSeal(happened.At, happened.EventId));
    }
}

/// <summary>An event's place in the log.</summary>
/// <param name="position">From 0, without gaps.</param>
/// <param name="eventId">The event.</param>
/// <param name="fieldDigests">See <see cref="CanonicalEvent.FieldDigests"/>.</param>
public sealed class AuditLeaf(long position, Guid eventId, byte[] fieldDigests)
{
    /// <summary>From 0, without gaps.</summary>
    public long Position { get; private set; } = position;

    /// <summary>The event.</summary>
    public Guid EventId { get; private set; } = eventId;

    /// <summary>Two bytes a field: which field of a changed event changed. Empty when retention has pruned the event.</summary>
    public byte[] FieldDigests { get; internal set; } = fieldDigests;
}

/// <summary>A tile of the log.</summary>
/// <param name="level">0 for the leaves' own hashes.</param>
/// <param name="index">From 0.</param>
/// <param name="hashes">At most 256 hashes of 32 bytes, one after the other.</param>
public sealed class AuditTile(int level, long index, byte[] hashes)
{
    /// <summary>0 for the leaves' own hashes.</summary>
    public int Level { get; private set; } = level;

    /// <summary>From 0.</summary>
    public long Index { get; private set; } = index;

    /// <summary>At most 256 hashes of 32 bytes, one after the other.</summary>
    public byte[] Hashes { get; private set; } = hashes;
}

/// <summary>A signed checkpoint of the log.</summary>
/// <param name="size">How many events it covers.</param>
/// <param name="time">When it was signed.</param>
/// <param name="note">The signed note, as it is kept outside too.</param>
public sealed class AuditCheckpoint(long size, DateTimeOffset time, string note)
{
    /// <summary>How many events it covers.</summary>
    public long Size { get; private set; } = size;

    /// <summary>When it was signed.</summary>
    public DateTimeOffset Time { get; private set; } = time;

    /// <summary>The signed note, as it is kept outside too.</summary>
    public string Note { get; internal set; } = note;
}

/// <summary>Who may seal now: one row, claimed by a conditional update.</summary>
public sealed class AuditSealer
{
    /// <summary>The key of the one row.</summary>
    public const int TheOne = 1;

    private const string ChangesKeys = "rotate-key ";

    /// <summary>Always <see cref="TheOne"/>.</summary>
    public int Id { get; private set; } = TheOne;

    /// <summary>Which portal instance; null before the first.</summary>
    public string? Holder { get; internal set; }

    /// <summary>Until when, by the database's time; null before the first.</summary>
    public DateTimeOffset? Until { get; internal set; }

    /// <summary>Reads it.</summary>
    /// <param name="sealers">From where, followed or not.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">It holds what the portal does not write: <see cref="SealingProblem.Contradiction"/>.</exception>
    internal static async Task<AuditSealer> ReadAsync(IQueryable<AuditSealer> sealers, CancellationToken ct)
    {
        try
        {
            return await sealers.SingleAsync(s => s.Id == TheOne, ct);
        }
        catch (Exception fault) when (ReadableEvents.IsOfAValue(fault))
        {
            throw new SealingException(
                SealingProblem.Contradiction, "Who seals now (AuditSealers) cannot be read: the database was changed by other means than the portal. Nothing is sealed. Run 'dotnet Portal.Web.dll audit verify' and see the runbook, AuditNotSealed.", fault);
        }
    }

    /// <summary>Whether another instance than this may seal now.</summary>
    /// <param name="holder">This instance.</param>
    /// <param name="now">The database's time.</param>
    public bool IsAnothersThan(string holder, DateTimeOffset now) => Holder != holder && Hold.IsInForce(Until, SealEvents.Lease, now);

    /// <summary>Who changes keys, as others see them.</summary>
    /// <param name="holder">Which portal instance.</param>
    internal static string ChangerOfKeys(string holder) => ChangesKeys + holder;

    /// <summary>Whether somebody else changes keys now: nobody takes sealing from them.</summary>
    /// <param name="holder">Who asks, by the name of <see cref="ChangerOfKeys"/>.</param>
    /// <param name="now">The database's time.</param>
    internal bool HasAnotherChangerOfKeys(string holder, DateTimeOffset now) => IsAnothersThan(holder, now) && Holder?.StartsWith(ChangesKeys, StringComparison.Ordinal) == true;

    /// <summary>Has this instance seal for a lease. Once it is saved, nothing is that another one has under way.</summary>
    /// <param name="holder">This instance.</param>
    /// <param name="now">The database's time.</param>
    internal void Claim(string holder, DateTimeOffset now) => (Holder, Until, Fence) = (holder, now + SealEvents.Lease, Fence + 1);

    /// <summary>Goes up with every claim; a seal is saved only under the number that claimed it.</summary>
    public long Fence { get; internal set; }
}

/// <summary>A public key that checkpoints are or were signed with.</summary>
/// <param name="vkey">The key as <see cref="VerifierKey"/> writes it.</param>
/// <param name="since">From when on.</param>
public sealed class AuditKey(string vkey, DateTimeOffset since)
{
    /// <summary>The key as <see cref="VerifierKey"/> writes it.</summary>
    public string Vkey { get; private set; } = vkey;

    /// <summary>From when on.</summary>
    public DateTimeOffset Since { get; private set; } = since;

    /// <summary>Until when; null while it is in use.</summary>
    public DateTimeOffset? Until { get; internal set; }
}
