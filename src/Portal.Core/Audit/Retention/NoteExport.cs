using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Retention;

/// <summary>Notes that an auditor has taken away all of the log up to a size, in a file that came to its end and holds: what is in it may be pruned when its time has come.</summary>
public sealed class NoteExport(IDbContextFactory<PortalDb> databases, IDatabaseClock databaseClock, ClockWatch clock)
{
    /// <summary>Notes it, and records it.</summary>
    /// <param name="size">How many events, from the beginning of the log, the export covers.</param>
    /// <param name="actor">Who exported.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<Result<Done>> ExecuteAsync(long size, Actor actor, CancellationToken ct) => actor.LacksAllOf(PortalRole.Auditor) is { } refusal ? refusal : await databases.RunAsync<Result<Done>>(async db =>
    {
        var now = await clock.AskAsync(databaseClock, db, ct);
        var signed = await db.AuditCheckpoints.MaxAsync(c => (long?)c.Size, ct) ?? 0;
        if (size < 0 || size > signed)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"No checkpoint covers so many events; the newest covers {signed}.");
        var state = await db.RetentionStates.SingleAsync(ct);
        // What was taken away before is only recorded again: many at once would be in each other's way for nothing.
        if (size > state.ExportedThrough)
        {
            (state.ExportedThrough, state.ExportedAt) = (size, now);
            state.Fence++;
        }

        new AuditTrail(db, actor, now).ExportCompleted(size);
        await db.SaveChangesAsync(ct);
        return default(Done);
    }, ct);
}
