using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Audit.Sealing;

/// <summary>How the sealing of the audit trail is doing.</summary>
/// <param name="OldestUnsealed">Since when an event waits for its place in the log, or for a checkpoint that covers it; null when none does.</param>
/// <param name="SignedThrough">How many events the newest checkpoint covers.</param>
/// <param name="LastCheckpoint">When it was signed; null when there is none.</param>
/// <param name="Fault">What keeps this instance from sealing, or would if it had to; null for nothing.</param>
/// <param name="SealedElsewhere">True while another instance seals.</param>
/// <param name="At">When this was read, by the database's time.</param>
public sealed record AuditHealthReading(DateTimeOffset? OldestUnsealed, long SignedThrough, DateTimeOffset? LastCheckpoint, SealingException? Fault, bool SealedElsewhere, DateTimeOffset At)
{
    /// <summary>How long an event may wait before nothing new is granted.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Why this instance could not seal when it has to: when the one that seals now stops, or, while nobody seals since nothing waits, when something happens. Null when it could, or is the one.</summary>
    public SealingException? CouldNotTakeOver => (SealedElsewhere || LacksTheKey) && Hold is null ? Fault : null;

    /// <summary>Why nothing new is granted; null when it may be.</summary>
    public string? Hold => Fault switch
    {
        { IsOfTheLog: true } => Fault.Message,
        // While nothing waits, an instance that has the key is as silent as none.
        not null when LacksTheKey && !SealedElsewhere && OldestUnsealed is not null => Fault.Message,
        _ when IsLate => $"Events since {OldestUnsealed:u} are in no signed checkpoint.{(Fault is null ? "" : " " + Fault.Message)}",
        _ => null,
    };

    /// <summary>Whether an event has waited for longer than it may.</summary>
    public bool IsLate => At - OldestUnsealed > Patience;

    private bool LacksTheKey => Fault is { Problem: SealingProblem.KeyMissing or SealingProblem.KeyChanged };
}

/// <summary>Knows how the sealing is doing. Granting fails closed by it; taking back does not ask.</summary>
public sealed class AuditHealth(SealingOptions options)
{
    private volatile SealingException? _fault;

    // What the last reading of the log's end came upon, which a turn that had nothing to seal does not look at.
    private volatile SealingException? _unreadable;

    /// <summary>What kept this instance from sealing the last time it tried, or would have when there was nothing to seal; or what of the log's end could not be read the last time it was looked at. Null when nothing did.</summary>
    public SealingException? Fault => _fault ?? _unreadable;

    /// <summary>The last try went well, or not. What is wrong with the log itself stays said until a try goes well: that something else keeps this instance from looking does not mend it.</summary>
    public void Note(SealingException? fault)
    {
        if (fault is null or { IsOfTheLog: true } || _fault is not { IsOfTheLog: true })
            _fault = fault;
    }

    /// <summary>Reads it.</summary>
    /// <param name="db">The database.</param>
    /// <param name="now">The database's time.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null on a host that does not seal, or grants regardless.</returns>
    public async Task<AuditHealthReading?> ReadAsync(PortalDb db, DateTimeOffset now, CancellationToken ct) =>
        options.Seals && options.StopsGrants ? await LookAsync(db, now, ct) : null;

    /// <summary>Reads it, whether it stops anything here or not.</summary>
    internal async Task<AuditHealthReading> LookAsync(PortalDb db, DateTimeOffset now, CancellationToken ct)
    {
        var pending = await OldestPendingAsync(db, ct);
        var signed = await StoredCheckpoint.NewestAsync(db, ct);
        var through = signed?.Size ?? 0;
        var unsigned = await OldestUnsignedAsync(db, signed, ct);
        var (byAnother, unreadable) = (false, signed is { Time: null, Unreadable: { } changed } ? new SealingException(SealingProblem.Contradiction, changed + " See the runbook, AuditNotSealed.") : null);
        try
        {
            byAnother = (await AuditSealer.ReadAsync(db.AuditSealers.AsNoTracking(), ct)).IsAnothersThan(options.Holder, now);
        }
        catch (SealingException fault)
        {
            unreadable ??= fault;
        }

        _unreadable = unreadable;
        return new AuditHealthReading(Earlier(pending, unsigned), through, signed?.Time, Fault, byAnother, now);
    }

    private static async Task<DateTimeOffset?> OldestUnsignedAsync(PortalDb db, StoredCheckpoint? signed, CancellationToken ct)
    {
        var through = signed?.Size ?? 0;
        try
        {
            return await db.AuditLeaves.Where(l => l.Position == through).Join(db.AuditEvents, l => l.EventId, e => e.EventId, (_, e) => (DateTimeOffset?)e.At).FirstOrDefaultAsync(ct);
        }
        catch (Exception unreadable) when (ReadableEvents.IsOfAValue(unreadable))
        {
            // Since when it waits, nobody can tell: at the earliest since what was signed last. The next checkpoint covers it.
            return signed?.Time ?? DateTimeOffset.MinValue;
        }
    }

    private async Task<DateTimeOffset?> OldestPendingAsync(PortalDb db, CancellationToken ct)
    {
        try
        {
            return await db.PendingSeals.OrderBy(p => p.Since).Select(p => (DateTimeOffset?)p.Since).FirstOrDefaultAsync(ct);
        }
        catch (Exception unreadable) when (_fault is { IsOfTheLog: true } && ReadableEvents.IsOfAValue(unreadable))
        {
            // The fault says that what waits cannot be read, and nothing is granted for it. Since when, nobody can tell.
            return null;
        }
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null ? other : other is null || one < other ? one : other;
}
