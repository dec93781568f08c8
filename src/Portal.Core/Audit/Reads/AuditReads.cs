using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Reads;

/// <summary>
/// Records who read what of the trail: whoever sees everybody's, what they asked for, and never what they were shown. Who reads their own history leaves no trace.
/// A use case records before it reads; what cannot be recorded is not given. Also records who was refused a look at what is not theirs to see.
/// </summary>
/// <remarks>
/// One event for the same reader, kind, filter (or thing refused) and client within <see cref="Window"/>: a page that is drawn twice, its count and its further pages are one read. That is asked of the
/// database, so it holds over all instances; two that begin in the same instant may both be recorded. Looking at the event is a read like any other, and within the window the same one: it does not go on by itself.
/// </remarks>
public sealed class AuditReads(ClockWatch clock)
{
    /// <summary>How long the same read is recorded once, from when it was recorded.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    /// <summary>Records a read, unless it has just been recorded or is of the reader's own history.</summary>
    /// <param name="db">A unit of work with nothing in it to save.</param>
    /// <param name="read">What is read.</param>
    /// <param name="actor">Who reads, and may.</param>
    /// <param name="ct">Cancels.</param>
    internal async Task NoteAsync(PortalDb db, AuditRead read, Actor actor, CancellationToken ct)
    {
        if (!actor.Has(PortalRole.Auditor) || actor.Id is not { } reader || read.Filter.PersonObjectId == reader.ObjectId)
            return;
        var now = clock.Now();
        if (await IsRecordedAsync(db, read, actor, now, ct))
        {
            await WriteTurn.SettleAsync(db, ct);
            return;
        }

        new AuditTrail(db, actor, now).Record(AuditCode.AuditRead, AuditSubject.Nothing, read.Detail);
        await db.SaveChangesAsync(ct);
    }

    /// <summary>Records that somebody was refused a look, unless the same was just recorded. Not for commands.</summary>
    /// <param name="db">A unit of work with nothing in it to save.</param>
    /// <param name="attempt">The use case that refused.</param>
    /// <param name="refusal">What it said.</param>
    /// <param name="about">What was to be seen.</param>
    /// <param name="actor">Who looked.</param>
    /// <param name="ct">Cancels.</param>
    internal async Task NoteRefusedAsync(PortalDb db, string attempt, Refusal refusal, AuditSubject about, Actor actor, CancellationToken ct)
    {
        var now = clock.Now();
        var made = new AuditEvent(AuditCode.AttemptRefused, AuditOutcome.Refused, actor, about, new AuditDetail(refusal.Code, attempt), now);
        if (await Alike(db, made, now).AnyAsync(e => e.RequestId == made.RequestId && e.Scope == made.Scope, ct))
        {
            await WriteTurn.SettleAsync(db, ct);
            return;
        }

        new AuditTrail(db, actor, now).AttemptRefused(attempt, refusal, about);
        await db.SaveChangesAsync(ct);
    }

    /// <summary>Records that a command which anybody can try at no cost refused somebody, unless it just did so for the same reason: whoever tries in a loop leaves a line in ten minutes, whatever they reach for and whatever client they claim to use. It names what was reached for first.</summary>
    /// <param name="db">A unit of work with nothing in it to save.</param>
    /// <param name="attempt">The use case that refused.</param>
    /// <param name="refusal">What it said.</param>
    /// <param name="about">What was to be done.</param>
    /// <param name="actor">Who tried.</param>
    /// <param name="ct">Cancels.</param>
    internal async Task NoteAttemptAsync(PortalDb db, string attempt, Refusal refusal, AuditSubject about, Actor actor, CancellationToken ct)
    {
        var now = clock.Now();
        var (since, who, code) = (now - Window, actor.Id?.ObjectId, AuditCode.AttemptRefused.Value);
        // By the index of who did what when.
        if (await db.AuditEvents.AsNoTracking().AnyAsync(e => e.ActorObjectId == who && e.At > since && e.At <= now && e.Code == code && e.Reason == refusal.Code && e.Comment == attempt, ct))
            return;
        new AuditTrail(db, actor, now).AttemptRefused(attempt, refusal, about);
        await db.SaveChangesAsync(ct);
    }

    private static async Task<bool> IsRecordedAsync(PortalDb db, AuditRead read, Actor actor, DateTimeOffset now, CancellationToken ct)
    {
        var made = new AuditEvent(AuditCode.AuditRead, AuditOutcome.Success, actor, AuditSubject.Nothing, read.Detail, now);
        var alike = await Alike(db, made, now).Select(e => new { e.WindowStart, e.WindowEnd, e.At }).ToListAsync(ct);
        return alike.Exists(e => AuditRead.IsSamePeriod((e.WindowStart, e.WindowEnd, e.At), (made.WindowStart, made.WindowEnd, now)));
    }

    // By the index of who did what when: a handful of rows, whatever the size of the trail. Compared with an event as it would be stored.
    private static IQueryable<AuditEvent> Alike(PortalDb db, AuditEvent made, DateTimeOffset now)
    {
        var since = now - Window;
        return db.AuditEvents.AsNoTracking()
            .Where(e => e.ActorObjectId == made.ActorObjectId && e.At > since && e.At <= now && e.Code == made.Code && e.Reason == made.Reason && e.Comment == made.Comment
                && e.ClientAddress == made.ClientAddress && e.UserAgent == made.UserAgent);
    }
}
