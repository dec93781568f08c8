using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit;

/// <summary>Exports exactly what a filter shows, the first event first, as it comes from the database. That it was exported is recorded before the first row leaves.</summary>
public sealed class ExportAuditEvents(IDbContextFactory<PortalDb> databases, IAuditReading trail, TimeProvider clock)
{
    /// <summary>Exports.</summary>
    /// <returns>The events, piece by piece, read while they are enumerated; enumerate once, and be done with a piece before taking the next. The export's own event is not among them.</returns>
    public async Task<Result<IAsyncEnumerable<AuditRows>>> ExecuteAsync(AuditFilter filter, Actor actor, CancellationToken ct)
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

    // In pieces: one long read would hold a snapshot of the database for as long as a slow reader takes. While one piece is written, the next is read.
    private async IAsyncEnumerable<AuditRows> ReadAsync(AuditFilter filter, Actor actor, long last, [EnumeratorCancellation] CancellationToken ct)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var (piece, next) = (new AuditRows(), new AuditRows());
        var reading = ReadPieceAsync(piece, null);
        try
        {
            while (true)
            {
                await reading;
                var whole = piece.Count == AuditRows.Most;
                if (whole)
                    reading = ReadPieceAsync(next, piece.Last());
                if (piece.Count > 0)
                    yield return piece;
                if (!whole)
                    yield break;
                (piece, next) = (next, piece);
            }
        }
        finally
        {
            // Whoever stopped reading has been told why; the piece that was under way only has to be over.
            await left.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // SQLite reads on the thread that asks.
        Task ReadPieceAsync(AuditRows into, TrailPlace? after) => Task.Run(async () =>
        {
            into.Clear();
            await using var db = await databases.CreateDbContextAsync(left.Token);
            await trail.ReadAsync(db, AuditQuery.Earliest(db, actor, filter, after, last, AuditRows.Most), into, left.Token);
            into.ShowTo(actor);
        }, left.Token);
    }
}
