using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Sealing;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>What to export.</summary>
/// <param name="Filter">Which events.</param>
/// <param name="Size">The size of the log's checkpoint to export at; null for the latest.</param>
/// <param name="FromByte">Where a download goes on that was broken off; 0 for the start. Only noted.</param>
public sealed record ExportOrder(AuditFilter Filter, long? Size = null, long FromByte = 0)
{
    /// <summary>Asked before the export is recorded whether it is the one that is wanted; null where any is. Not by its rows: what they are, and how much, is for who is on the record.</summary>
    public Func<AuditExport, bool>? Wanted { get; init; }
}

/// <summary>Exports exactly what a filter shows of the log at a signed checkpoint, as it comes from the database. That it was exported is recorded before the first row leaves. The reader's standing is asked again while it is read.</summary>
public sealed class ExportAuditEvents(IDbContextFactory<PortalDb> databases, IAuditReading trail, FreshCheckpoint checkpoints, IDirectory directory, ClockWatch clock, TimeProvider timer)
{
    /// <summary>How often the reader's standing is asked for.</summary>
    public static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(5);

    // What happened just now is to be in the file; when it cannot be sealed in time, the file says up to where it goes.
    private static readonly TimeSpan SealWithin = TimeSpan.FromSeconds(5);

    /// <summary>Exports.</summary>
    /// <returns>The export, whose rows are read while they are enumerated. The export's own event is not among them. Refused as one whose checkpoint is not there, and not recorded, where it is not the one that is wanted.</returns>
    public async Task<Result<AuditExport>> ExecuteAsync(ExportOrder order, Actor actor, CancellationToken ct)
    {
        var filter = order.Filter;
        if ((actor.IsNobody() ?? filter.Fault()) is { } refusal)
            return refusal;

        await using var db = await databases.CreateDbContextAsync(ct);
        if (order.Size is null)
            await checkpoints.GetAsync(SealWithin, ct);
        if (await PointAsync(db, order.Size, ct) is not { } point)
            return new Refusal(RefusalCode.FilterUnreadable, "checkpoint", order.Size ?? 0);
        // After the checkpoint: all that it covers was committed by then, so that its size alone decides what is in the file.
        var last = await db.AuditEvents.MaxAsync(e => (long?)e.Sequence, ct) ?? 0;
        await AuditQuery.ReadyAsync(db, filter, ct);
        var asked = timer.GetTimestamp();
        // What retention pruned is missing: then each row brings its own proof.
        var retention = await db.RetentionStates.AsNoTracking().SingleAsync(ct);
        var pruned = retention.Pruned;
        var whole = AuditQuery.IsWhole(actor, filter) && pruned == 0;
        var export = new AuditExport(filter, point, whole, point.Note.Length > 0 ? pruned : last, actor.Has(PortalRole.Auditor) ? "auditor" : $"{actor.Id?.ObjectId}",
            new ExportReader(databases, trail, actor, filter, point, last, pruned, whole, stop => checkpoints.GetAsync(SealWithin, stop)).ReadAsync, MayGoOnAsync)
        {
            PrunedThrough = filter.From is null || retention.PrunedThrough >= filter.From ? retention.PrunedThrough : null,
        };
        if (order.Wanted is { } wanted && !wanted(export))
            return new Refusal(RefusalCode.FilterUnreadable, "checkpoint", point.Size);
        new AuditTrail(db, actor, clock.Now()).Record(AuditCode.AuditExported, new AuditSubject
        {
            VaultName = filter.VaultName,
            SecretName = filter.SecretName,
            RequestReference = filter.RequestReference,
        }, new AuditDetail(filter.Code, CommentOf(order), WindowStart: filter.From, WindowEnd: filter.To));
        await db.SaveChangesAsync(ct);
        return export;

        async Task<bool> MayGoOnAsync(CancellationToken stop)
        {
            if (actor.Id is not { } reader || timer.GetElapsedTime(asked) < AskEvery)
                return true;
            asked = timer.GetTimestamp();
            try
            {
                var standing = await directory.StandingOfAsync(reader, stop);
                return standing.Enabled && actor.Roles.All(standing.Roles.Contains);
            }
            catch (CloudCallException)
            {
                // As for an open page: who cannot be asked about stays. The next question comes soon.
                return true;
            }
        }
    }

    private static string? CommentOf(ExportOrder order)
    {
        var parts = (string?[])[order.Filter.PersonObjectId is { } person ? $"person {person}" : null, string.IsNullOrEmpty(order.Filter.Text) ? null : $"text {order.Filter.Text}", order.FromByte > 0 ? $"from byte {order.FromByte}" : null];
        return string.Join(", ", parts.OfType<string>()) is { Length: > 0 } comment ? comment : null;
    }

    private static async Task<ExportPoint?> PointAsync(PortalDb db, long? size, CancellationToken ct)
    {
        var asked = db.AuditCheckpoints.Where(c => size == null || c.Size == size).OrderByDescending(c => c.Size).Take(1);
        if ((await StoredCheckpoint.ReadAsync(db, asked, ct)).SingleOrDefault() is not { } signed)
            return size is null or 0 ? new ExportPoint(0, null, "", [], []) : null;
        var keys = await db.AuditKeys.AsNoTracking().OrderByDescending(k => k.Since).Select(k => k.Vkey).ToListAsync(ct);
        // What is signed counts: the row's time is a copy of the note's.
        return new ExportPoint(signed.Size, signed.Time ?? signed.Says?.Time, signed.Note, signed.Says?.Root ?? [], keys) { Fault = signed.Unreadable };
    }
}
