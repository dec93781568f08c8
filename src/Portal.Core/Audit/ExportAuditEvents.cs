using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>Exports exactly what a filter shows, the first event first, as it comes from the database. That it was exported is recorded before the first row leaves.</summary>
public sealed class ExportAuditEvents(IDbContextFactory<PortalDb> databases, TimeProvider clock)
{
    private const int Piece = 1000;

    /// <summary>Exports.</summary>
    /// <returns>The events, read while they are enumerated; enumerate once. The export's own event is not among them.</returns>
    public async Task<Result<IAsyncEnumerable<AuditEvent>>> ExecuteAsync(AuditFilter filter, Actor actor, CancellationToken ct)
    {
        if ((actor.IsNobody() ?? filter.Fault()) is { } refusal)
            return refusal;

        long last;
        await using (var db = await databases.CreateDbContextAsync(ct))
        {
            last = await db.AuditEvents.MaxAsync(e => (long?)e.Sequence, ct) ?? 0;
            new AuditTrail(db, actor, clock.Now()).Record(AuditCode.AuditExported, new AuditSubject
            {
                VaultName = filter.VaultName,
                SecretName = filter.SecretName,
                RequestReference = filter.RequestReference,
            }, new AuditDetail(filter.Code, filter.PersonObjectId is { } person ? $"person {person}" : null, WindowStart: filter.From, WindowEnd: filter.To));
            await db.SaveChangesAsync(ct);
        }

        return Result.Of(ReadAsync(filter, actor, last, ct));
    }

    // In pieces: one long read would hold a snapshot of the database for as long as a slow reader takes.
    private async IAsyncEnumerable<AuditEvent> ReadAsync(AuditFilter filter, Actor actor, long last, [EnumeratorCancellation] CancellationToken ct)
    {
        TrailPlace? after = null;
        List<AuditEvent> piece;
        do
        {
            await using (var db = await databases.CreateDbContextAsync(ct))
                piece = await AuditQuery.Earliest(db, actor, filter, after, last, Piece).ToListAsync(ct);
            if (piece.Count > 0)
                after = new TrailPlace(piece[^1]);
            foreach (var row in piece)
                yield return row.AsSeenBy(actor);
        }
        while (piece.Count == Piece);
    }
}
